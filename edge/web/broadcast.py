"""Hands the newest value of a series to all of its subscribers."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class Broadcast(Generic[T]):
    """One value for all subscribers in one event loop; a slow subscriber misses values and delays nobody."""

    def __init__(self) -> None:
        self._value: T | None = None
        self._published = 0
        self._subscribers = 0
        self._callbacks: list[Callable[[T], None]] = []
        self._changed, self._closed = asyncio.Event(), asyncio.Event()

    @property
    def has_subscribers(self) -> bool:
        """Whether somebody waits for a value; any thread may ask."""
        return self._subscribers > 0

    def publish(self, value: T) -> None:
        """Replace the value; call this in the event loop."""
        self._value = value
        self._published += 1
        for callback in self._callbacks:
            callback(value)
        self._wake()

    def close(self) -> None:
        """End every follow() and wait_closed(); call this in the event loop."""
        self._closed.set()
        self._wake()

    async def wait_closed(self) -> None:
        """Return when the broadcast is closed."""
        await self._closed.wait()

    @contextmanager
    def subscribe(self, callback: Callable[[T], None]) -> Iterator[None]:
        """Call `callback` with each value published while this is entered; it must neither wait nor raise."""
        self._subscribers += 1
        self._callbacks.append(callback)
        try:
            yield
        finally:
            self._callbacks.remove(callback)
            self._subscribers -= 1

    async def follow(self) -> AsyncGenerator[T]:
        """Yields the newest value each time that there is a new one; ends when this is closed."""
        seen = self._published
        self._subscribers += 1
        try:
            while True:
                while self._published == seen and not self._closed.is_set():
                    await self._changed.wait()
                if self._closed.is_set():
                    return
                seen = self._published
                assert self._value is not None
                yield self._value
        finally:
            self._subscribers -= 1

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

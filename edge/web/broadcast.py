"""The newest of something, for as many followers as there are."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class Broadcast(Generic[T]):
    """Room for one value that followers in one event loop share: a slow one misses some and holds up nobody."""

    def __init__(self) -> None:
        self._value: T | None = None
        self._published = 0
        self._followers = 0
        self._takers: list[Callable[[T], None]] = []
        self._changed, self._closed = asyncio.Event(), asyncio.Event()

    @property
    def has_followers(self) -> bool:
        """Somebody waits for a value; any thread may ask."""
        return self._followers > 0

    def publish(self, value: T) -> None:
        """Replace the value; in the event loop."""
        self._value = value
        self._published += 1
        for take in self._takers:
            take(value)
        self._wake()

    def close(self) -> None:
        """End every follow() and closed(); in the event loop."""
        self._closed.set()
        self._wake()

    async def closed(self) -> None:
        """Return when there will be no value any more."""
        await self._closed.wait()

    @contextmanager
    def given_to(self, take: Callable[[T], None]) -> Iterator[None]:
        """`take` is called with each value published while this is entered; it neither waits nor raises."""
        self._followers += 1
        self._takers.append(take)
        try:
            yield
        finally:
            self._takers.remove(take)
            self._followers -= 1

    async def follow(self) -> AsyncGenerator[T]:
        """Each value published from now on that is the newest when it is asked for."""
        seen = self._published
        self._followers += 1
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
            self._followers -= 1

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

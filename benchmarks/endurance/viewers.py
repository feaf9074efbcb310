"""Viewers that come and go: of the stream, the snapshot, the state and the messages; some stop reading."""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import aiohttp

# How long a viewer stays, s.
MIN_VISIT_S, MAX_VISIT_S = 0.2, 4.0
STOP_WITHIN_S = 10.0


class Viewers:
    """A context manager that keeps `count` viewers connected from a thread of its own.

    A viewer that leaves is replaced by the next.
    """

    def __init__(self, url: str, count: int, seed: int = 1) -> None:
        """`url` is that of the stream's page.

        With the same `seed` the same viewers come for the same times.
        """
        self._url, self._count, self._random = url, count, random.Random(seed)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._thread: threading.Thread | None = None
        self.visits: Counter[str] = Counter()
        """The number of visits by kind."""
        self.refused: Counter[str] = Counter()
        """The number of visits that failed, by kind and error."""

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_until_complete, args=(self._run_viewers(),), name="viewers"
        )
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._loop is not None and self._thread is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(STOP_WITHIN_S)
        self._loop.close()

    async def _run_viewers(self) -> None:
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with aiohttp.ClientSession(connector=connector) as session:
            tasks = [asyncio.create_task(self._come_and_go(session)) for _ in range(self._count)]
            await self._stop.wait()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _come_and_go(self, session: aiohttp.ClientSession) -> None:
        kinds: dict[str, Callable[[aiohttp.ClientSession], Awaitable[None]]] = {
            "stream": self._watch_stream,
            "stalled": self._stall,
            "events": self._receive_messages,
            "snapshot": self._get_snapshot,
            "state": self._get_state,
        }
        while True:
            kind = self._random.choice(list(kinds))
            self.visits[kind] += 1
            try:
                async with asyncio.timeout(self._random.uniform(MIN_VISIT_S, MAX_VISIT_S)):
                    await kinds[kind](session)
            except TimeoutError:
                pass  # This viewer leaves.
            except aiohttp.ClientError as error:
                self.refused[f"{kind}: {type(error).__name__}"] += 1
                await asyncio.sleep(MIN_VISIT_S)

    async def _watch_stream(self, session: aiohttp.ClientSession) -> None:
        async with session.get(f"{self._url}/stream", raise_for_status=True) as answer:
            async for _ in answer.content.iter_any():
                pass

    async def _stall(self, session: aiohttp.ClientSession) -> None:
        """Connect to the stream and read nothing of it."""
        async with session.get(f"{self._url}/stream", raise_for_status=True):
            await asyncio.sleep(MAX_VISIT_S)

    async def _receive_messages(self, session: aiohttp.ClientSession) -> None:
        async with session.ws_connect(f"{self._url}/events") as messages:
            async for _ in messages:
                pass

    async def _get_snapshot(self, session: aiohttp.ClientSession) -> None:
        async with session.get(f"{self._url}/snapshot", raise_for_status=True) as answer:
            await answer.read()

    async def _get_state(self, session: aiohttp.ClientSession) -> None:
        async with session.get(f"{self._url}/state", raise_for_status=True) as answer:
            await answer.read()

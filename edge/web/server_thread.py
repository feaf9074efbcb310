"""Runs the HTTP server in an event loop of its own thread."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from aiohttp import web

from edge.threads import WorkerGroup, make_executor
from edge.web import messages, server
from edge.web.access import AccessControl
from edge.web.connections import ConnectionLimiter
from edge.web.limits import Limits
from edge.web.server import WebResources

STOP_WITHIN_S = 5.0
# How long the handlers may take to end when the server stops, and once more after they were cancelled.
SHUTDOWN_S = 0.2


class ServerThread:
    """Serves clients from start() to stop(), once."""

    def __init__(
        self,
        resources: WebResources,
        access: AccessControl,
        limits: Limits,
        encryption: ssl.SSLContext | None,
        send_message: Callable[[], None],
    ) -> None:
        """`send_message` is called in the event loop every messages.MAX_INTERVAL_S."""
        self._resources, self._access = resources, access
        self._limits, self._encryption = limits, encryption
        self._send_message = send_message
        self._workers = WorkerGroup()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready: Future[None] = Future()

    def start(self, listener: socket.socket) -> None:
        """Serve the clients of `listener`, which the thread closes; returns when clients can connect.

        Raises the error that prevents it.
        """
        self._workers.start("mjpeg", lambda: self._run(listener))
        self._ready.result()

    def stop(self) -> None:
        """End all connections and the thread; raises the error that ended the thread, if one did."""
        if self._workers.is_running:
            self.call(self._stop.set)
        self._workers.join(STOP_WITHIN_S)

    def call(self, function: Callable[..., object], *arguments: Any) -> None:
        """Call `function` in the event loop, soon; any thread may call this."""
        self._loop.call_soon_threadsafe(function, *arguments)

    @property
    def error(self) -> BaseException | None:
        """The error that ended the thread."""
        return self._workers.error

    def _run(self, listener: socket.socket) -> None:
        try:
            with listener, asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._serve(listener))
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)  # start() raises it.

    async def _serve(self, listener: socket.socket) -> None:
        # The machine's health is read in one thread; asyncio's own executor would start more for more
        # requests.
        asyncio.get_running_loop().set_default_executor(make_executor("health"))
        # With handler_cancellation the handler of a client that has left ends at once.
        runner = web.AppRunner(
            server.make_application(self._resources, self._access),
            handle_signals=False,
            handler_cancellation=True,
            shutdown_timeout=SHUTDOWN_S,
        )
        async with ConnectionLimiter(listener, runner, self._limits, self._encryption):
            self._ready.set_result(None)
            while not await self._is_stopped_within(messages.MAX_INTERVAL_S):
                self._send_message()
            self._resources.close()

    async def _is_stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._stop.wait()
        except TimeoutError:
            return False

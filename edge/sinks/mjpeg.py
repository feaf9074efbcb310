"""The annotated picture for browsers: an MJPEG stream, shared by all who watch."""

import asyncio
import logging
import math
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import Self

import cv2
from aiohttp import web

from edge.contracts import Result
from edge.drawing import overlay
from edge.errors import SinkError
from edge.frames import Frame, Image, PixelFormat
from edge.threads import WorkerGroup, make_executor
from edge.web import messages, server
from edge.web.access import Access
from edge.web.broadcast import Broadcast
from edge.web.connections import ConnectionLimiter
from edge.web.limits import Limits
from edge.web.multipart import Picture
from edge.web.server import Feeds

log = logging.getLogger(__name__)

STOP_WITHIN_S = 5.0
# An older frame is no live picture: several times what the slowest camera and model take.
FRESH_S = 3.0
# For the answers under way on leaving, and once more for those that had to be cancelled.
FAREWELL_S = 0.2
# The picture says its rate anew so often: counting it anew costs a tenth of what drawing does.
RATE_EVERY_S = 0.5
# What the kernel may keep for a viewer that does not read: a picture or two, so that it is soon up to date again.
SEND_BUFFER_BYTES = 128 * 1024


class MjpegSink:
    """A Sink that serves a page, the stream and the readings over HTTP from a thread of its own."""

    name = "mjpeg"

    def __init__(
        self,
        host: str,
        port: int,
        figures: Callable[[], Mapping[str, float]],
        quality: int = 80,
        *,
        has_raw: bool = True,
        access: Access | None = None,
        limits: Limits | None = None,
        encryption: ssl.SSLContext | None = None,
        metrics: Callable[[], bytes] | None = None,
    ) -> None:
        """`figures` tells the app's speed by name; `quality` is the JPEG's, 1 to 100; by default all may watch.

        With `has_raw` a viewer can ask for the camera's own pictures; `metrics` makes what /metrics says.
        """
        self._address = host, port
        self._figures, self._quality = figures, quality
        self._access, self._limits, self._encryption = (
            access or Access([host]),
            limits or Limits(),
            encryption,
        )
        self._feeds = Feeds(
            Broadcast(), Broadcast() if has_raw else None, Broadcast(), self._message, self._unready, metrics
        )
        self._workers = WorkerGroup()
        self._newest: Result | None = None
        self._told_at_s = 0.0
        self._rate_at_s, self._rate = -math.inf, ""

    @property
    def needs_picture(self) -> bool:
        """Somebody watches the drawn stream or waits for a snapshot."""
        return self._feeds.pictures.has_followers

    @property
    def url(self) -> str:
        """Where the page is, once the sink is entered."""
        host = self._address[0]
        return (
            f"{'https' if self._encryption else 'http'}://{f'[{host}]' if ':' in host else host}:{self._port}"
        )

    def __enter__(self) -> Self:
        listener = _listen(*self._address)
        self._port = listener.getsockname()[1]
        ready: Future[asyncio.AbstractEventLoop] = Future()
        self._workers.start("mjpeg", lambda: self._run(listener, ready))
        self._loop = ready.result()
        log.info("stream at %s", self.url)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._workers.is_running:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._workers.join(STOP_WITHIN_S)

    def show(self, result: Result) -> None:
        """Keep `result`; draw, encode and tell it, once for all viewers, as far as anybody watches."""
        if self._workers.failed is not None:
            raise self._workers.failed
        self._newest = result
        feeds, now_s = self._feeds, time.monotonic()
        if feeds.pictures.has_followers:
            self._loop.call_soon_threadsafe(feeds.pictures.publish, self._annotated(result))
        if feeds.raw is not None and feeds.raw.has_followers:
            self._loop.call_soon_threadsafe(feeds.raw.publish, self._raw(result.frame))
        if feeds.messages.has_followers and now_s - self._told_at_s >= messages.EVERY_S:
            self._told_at_s = now_s
            self._loop.call_soon_threadsafe(self._tell)

    def _annotated(self, result: Result) -> Picture:
        now_s = time.monotonic()
        if now_s - self._rate_at_s >= RATE_EVERY_S:
            self._rate_at_s, self._rate = now_s, f"{self._figures()['shown_fps']:.1f} FPS"
        latency_ms = (now_s - result.frame.captured_at_s) * 1000
        return self._encoded(overlay.draw(result, corner=f"{self._rate}  {latency_ms:.0f} ms"))

    def _raw(self, frame: Frame) -> Picture:
        """The camera's own JPEG, untouched where it gives one."""
        return (
            Picture(frame.buffer.tobytes()) if frame.format is PixelFormat.MJPG else self._encoded(frame.bgr)
        )

    def _encoded(self, image: Image) -> Picture:
        return Picture(cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, self._quality))[1].tobytes())

    def _message(self) -> messages.Message:
        return messages.message_of(
            self._newest,
            self._figures(),
            has_raw=self._feeds.raw is not None,
            is_guarded=self._access.is_guarded,
        )

    def _tell(self) -> None:
        """Send the newest result to who follows /events; in the event loop."""
        if self._feeds.messages.has_followers:
            self._feeds.messages.publish(messages.encoded(self._message()))

    def _unready(self) -> str | None:
        """Why the app is not ready; the classifier was loaded before any sink was opened."""
        newest = self._newest
        if newest is None:
            return "no frame has been analysed yet"
        if newest.frame.notice is not None:
            return newest.frame.notice
        age_s = time.monotonic() - newest.frame.captured_at_s
        return f"the newest frame is {age_s:.1f} s old" if age_s > FRESH_S else None

    def _run(self, listener: socket.socket, ready: "Future[asyncio.AbstractEventLoop]") -> None:
        """Serve until told to stop; `ready` is told when viewers can come, or why they never will."""
        try:
            with listener:
                asyncio.run(self._serve(listener, ready))
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)  # The thread that waits for `ready` raises it.

    async def _serve(self, listener: socket.socket, ready: "Future[asyncio.AbstractEventLoop]") -> None:
        self._stop = asyncio.Event()
        # The machine's health is read in one thread; asyncio's own executor would start more for more requests.
        asyncio.get_running_loop().set_default_executor(make_executor("health"))
        # Cancelled handlers: a viewer that has gone is forgotten at once.
        runner = web.AppRunner(
            server.application(self._feeds, self._access),
            handle_signals=False,
            handler_cancellation=True,
            shutdown_timeout=FAREWELL_S,
        )
        async with ConnectionLimiter(listener, runner, self._limits, self._encryption):
            ready.set_result(asyncio.get_running_loop())
            while not await self._is_stopped_within(messages.AT_LEAST_EVERY_S):
                self._tell()
            self._feeds.close()

    async def _is_stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._stop.wait()
        except TimeoutError:
            return False


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens; SinkError when the address is taken or not this machine's."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise _refused(host, port, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        raise _refused(host, port, error) from error
    return listener


def _refused(host: str, port: int, error: OSError | UnicodeError) -> SinkError:
    reason = error.strerror if isinstance(error, OSError) else "no name of a host"
    return SinkError(
        f"expected to serve the stream at {host}:{port}, found: {reason}; "
        "stop what listens there, or choose another address with --listen"
    )

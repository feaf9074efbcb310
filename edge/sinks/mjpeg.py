"""The annotated picture for browsers: an MJPEG stream, shared by all who watch."""

import asyncio
import logging
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import Self

import cv2
from aiohttp import web

from edge import overlay
from edge.contracts import Reading, Result
from edge.errors import SinkError
from edge.sinks import http
from edge.sinks.access import Access
from edge.sinks.connections import Door
from edge.sinks.http import Pictures
from edge.sinks.limits import Limits
from edge.threads import WorkerGroup

log = logging.getLogger(__name__)

STOP_WITHIN_S = 5.0
# For the answers under way on leaving, and once more for those that had to be cancelled.
FAREWELL_S = 0.2
# What the kernel may keep for a viewer that does not read: a picture or two, so that it is soon up to date again.
SEND_BUFFER_BYTES = 128 * 1024


class MjpegSink:
    """A Sink that serves a page, the stream and the readings over HTTP from a thread of its own."""

    name = "mjpeg"

    def __init__(self, host: str, port: int, figures: Callable[[], Mapping[str, float]], quality: int = 80, *,
                 access: Access | None = None, limits: Limits | None = None,
                 encryption: ssl.SSLContext | None = None) -> None:
        """`figures` tells the app's speed by name; `quality` is the JPEG's, 1 to 100; by default all may watch."""
        self._address = host, port
        self._figures, self._quality = figures, quality
        self._access, self._limits, self._encryption = access or Access([host]), limits or Limits(), encryption
        self._pictures = Pictures()
        self._workers = WorkerGroup()
        self._newest: Result | None = None

    @property
    def wanted(self) -> bool:
        """Somebody watches the stream or waits for a snapshot."""
        return self._pictures.wanted

    @property
    def url(self) -> str:
        """Where the page is, once the sink is entered."""
        host = self._address[0]
        return f"{'https' if self._encryption else 'http'}://{f'[{host}]' if ':' in host else host}:{self._port}"

    def __enter__(self) -> Self:
        listener = _listen(*self._address)
        self._port = listener.getsockname()[1]
        ready: Future[asyncio.AbstractEventLoop] = Future()
        self._workers.start("mjpeg", lambda: self._run(listener, ready))
        self._loop = ready.result()
        log.info("stream at %s", self.url)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._workers.is_running:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._workers.join(STOP_WITHIN_S)

    def show(self, result: Result) -> None:
        """Keep `result` for /state; draw and encode it, once for all viewers, if anybody watches."""
        if self._workers.failed is not None:
            raise self._workers.failed
        self._newest = result
        if self.wanted:
            jpeg = self._encode(result)
            self._loop.call_soon_threadsafe(self._pictures.publish, jpeg)

    def _encode(self, result: Result) -> bytes:
        latency_ms = (time.monotonic() - result.frame.captured_at_s) * 1000
        image = overlay.draw(result, corner=f"{self._figures()['shown_fps']:.1f} FPS  {latency_ms:.0f} ms")
        _, jpeg = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, self._quality))
        return jpeg.tobytes()

    def _state(self) -> http.State:
        """What /state says: the newest readings, and the figures."""
        newest = self._newest
        state: http.State = {"figures": dict(self._figures()), "frame": None, "age_ms": None, "readings": []}
        if newest is not None:
            state |= {"frame": newest.frame.number,
                      "age_ms": round((time.monotonic() - newest.frame.captured_at_s) * 1000, 1),
                      "readings": [_described(reading) for reading in newest.readings]}
        return state

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
        # Cancelled handlers: a viewer that has gone is forgotten at once.
        runner = web.AppRunner(http.application(self._pictures, self._state, self._access),
                               handle_signals=False, handler_cancellation=True, shutdown_timeout=FAREWELL_S)
        async with Door(listener, runner, self._limits, self._encryption):
            ready.set_result(asyncio.get_running_loop())
            await self._stop.wait()
            self._pictures.close()


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
    return SinkError(f"expected to serve the stream at {host}:{port}, found: {reason}; "
                     "stop what listens there, or choose another address with --listen")


def _described(reading: Reading) -> http.State:
    """A reading as /state gives it."""
    face, expression = reading.face, reading.smoothed
    return {"track": face.track_id,
            "box": {"left": face.box.left, "top": face.box.top, "width": face.box.width, "height": face.box.height},
            "label": expression.label, "confidence": round(expression.confidence, 4),
            "probabilities": expression.by_label()}

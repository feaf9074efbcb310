"""Serves browsers: the annotated picture as an MJPEG stream, encoded once for all, and the readings."""

import logging
import math
import ssl
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

import cv2

from edge.contracts import Result
from edge.drawing import overlay
from edge.frames import Frame, Image, PixelFormat
from edge.liveness import find_picture_problem
from edge.orientation import UPRIGHT
from edge.web import messages
from edge.web.access import AccessControl
from edge.web.broadcast import Broadcast
from edge.web.limits import Limits
from edge.web.listener import open_listener
from edge.web.multipart import EncodedPicture
from edge.web.server import WebResources
from edge.web.server_thread import ServerThread

log = logging.getLogger(__name__)


# How often the rate in the picture is computed: once for every picture would cost a tenth of the drawing.
RATE_EVERY_S = 0.5


class MjpegSink:
    """A Sink that serves a page, the stream and the readings over HTTP from a thread of its own."""

    name = "mjpeg"

    def __init__(
        self,
        host: str,
        port: int,
        read_stats: Callable[[], Mapping[str, float]],
        quality: int = 80,
        *,
        has_raw: bool = True,
        access: AccessControl | None = None,
        limits: Limits | None = None,
        encryption: ssl.SSLContext | None = None,
        render_metrics: Callable[[], bytes] | None = None,
    ) -> None:
        """`read_stats` returns the app's speed by name; `quality` is the JPEG's, 1 to 100.

        With `has_raw` a viewer can watch the camera's own pictures.  Without `access` everybody may watch.
        `render_metrics` makes the text of /metrics.
        """
        self._host, self._requested_port, self._port = host, port, port
        self._read_stats, self._quality, self._has_raw = read_stats, quality, has_raw
        self._access, self._limits = access or AccessControl([host]), limits or Limits()
        self._encryption, self._render_metrics = encryption, render_metrics
        self._resources = self._make_resources()
        self._server: ServerThread | None = None
        self._newest: Result | None = None
        self._message_sent_at_s = -math.inf
        self._rate_at_s, self._rate = -math.inf, ""

    @property
    def needs_picture(self) -> bool:
        """Whether somebody watches the annotated stream or waits for a snapshot."""
        return self._resources.annotated.has_subscribers

    @property
    def url(self) -> str:
        """The address of the page, once the sink is entered."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'https' if self._encryption else 'http'}://{host}:{self._port}"

    def __enter__(self) -> Self:
        listener = open_listener(self._host, self._requested_port)
        self._port = listener.getsockname()[1]
        self._resources = self._make_resources()
        self._server = ServerThread(
            self._resources, self._access, self._limits, self._encryption, self._send_message
        )
        self._server.start(listener)
        log.info("stream at %s", self.url)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.stop()

    def show(self, result: Result) -> None:
        """Keep `result`; draw, encode and describe it once for all viewers, as far as anybody watches."""
        server, resources, now_s = self._server, self._resources, time.monotonic()
        assert server is not None, "shown before it was entered"
        if server.error is not None:
            raise server.error
        self._newest = result
        if resources.annotated.has_subscribers:
            server.call(resources.annotated.publish, self._encode_annotated(result))
        if resources.raw is not None and resources.raw.has_subscribers:
            server.call(resources.raw.publish, self._encode_raw(result.frame))
        if resources.messages.has_subscribers and now_s - self._message_sent_at_s >= messages.MIN_INTERVAL_S:
            self._message_sent_at_s = now_s
            server.call(self._send_message)

    def _make_resources(self) -> WebResources:
        return WebResources(
            annotated=Broadcast(),
            raw=Broadcast() if self._has_raw else None,
            messages=Broadcast(),
            make_message=self._make_message,
            # The classifier was loaded before any sink was entered, so a picture means that the app is ready.
            find_problem=lambda: find_picture_problem(self._newest, time.monotonic()),
            render_metrics=self._render_metrics,
        )

    def _encode_annotated(self, result: Result) -> EncodedPicture:
        now_s = time.monotonic()
        if now_s - self._rate_at_s >= RATE_EVERY_S:
            self._rate_at_s, self._rate = now_s, f"{self._read_stats()['shown_fps']:.1f} FPS"
        latency_ms = (now_s - result.frame.captured_at_s) * 1000
        return self._encode(overlay.draw(result, corner=f"{self._rate}  {latency_ms:.0f} ms"))

    def _encode_raw(self, frame: Frame) -> EncodedPicture:
        """The camera's own JPEG, unchanged, if it delivers JPEGs that are upright.

        A turned one is encoded again, once for all viewers.  An EXIF tag would cost nothing, and only some
        viewers would obey it.
        """
        if frame.format is PixelFormat.MJPG and frame.orientation == UPRIGHT:
            return EncodedPicture(frame.buffer.tobytes())
        return self._encode(frame.bgr)

    def _encode(self, image: Image) -> EncodedPicture:
        _, jpeg = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, self._quality))
        return EncodedPicture(jpeg.tobytes())

    def _make_message(self) -> messages.Message:
        return messages.make_message(
            self._newest, self._read_stats(), has_raw=self._has_raw, is_guarded=self._access.is_guarded
        )

    def _send_message(self) -> None:
        """Send the newest result to the clients of /events; the event loop calls this."""
        if self._resources.messages.has_subscribers:
            self._resources.messages.publish(messages.encode(self._make_message()))

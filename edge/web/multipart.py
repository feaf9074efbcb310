"""The stream: pictures without end, each a part of one answer (multipart/x-mixed-replace), and who is given them."""

import asyncio
import time
from functools import cached_property

from edge.web.connections import hang_up

BOUNDARY = "frame"
CONTENT_TYPE = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
START = f"--{BOUNDARY}\r\n".encode()
# A viewer that takes no picture for so long is sent no more.
STALLED_AFTER_S = 10.0


class Picture:
    """A JPEG, and what is sent of it, put together once for all viewers and only where there are any."""

    def __init__(self, jpeg: bytes) -> None:
        self.jpeg = jpeg

    @cached_property
    def part(self) -> bytes:
        """Its part of the stream, with the boundary behind it: a browser shows a picture when its part has ended."""
        head = f"Content-Type: image/jpeg\r\nContent-Length: {len(self.jpeg)}\r\n\r\n"
        return b"".join((head.encode(), self.jpeg, f"\r\n--{BOUNDARY}\r\n".encode()))

    @cached_property
    def chunk(self) -> bytes:
        """That as HTTP/1.1 sends what has no length (RFC 9112, 7.1)."""
        return b"".join((f"{len(self.part):x}\r\n".encode(), self.part, b"\r\n"))


class Viewer:
    """Given each picture that comes when it has taken the last.

    Written to its transport at once: a task of its own, woken for each, takes longer than the kernel for the sending.
    """

    def __init__(self, transport: asyncio.Transport, *, is_chunked: bool) -> None:
        """By `transport` the answer's head and START have been sent already."""
        self._transport, self._is_chunked = transport, is_chunked
        self._took_at_s = time.monotonic()

    def take(self, picture: Picture) -> None:
        """Send `picture` unless the last is still on its way; hang up on a viewer that stalls."""
        if self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() == 0:
            self._took_at_s = time.monotonic()
            self._transport.write(picture.chunk if self._is_chunked else picture.part)
        elif time.monotonic() - self._took_at_s > STALLED_AFTER_S:
            hang_up(self._transport)

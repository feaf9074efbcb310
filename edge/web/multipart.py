"""The stream: one response without end, in which each part is a picture (multipart/x-mixed-replace)."""

import asyncio
import time
from functools import cached_property

from edge.web.connections import reset_connection

BOUNDARY = "frame"
CONTENT_TYPE = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
START = f"--{BOUNDARY}\r\n".encode()
# A viewer that reads no picture for this time is disconnected.
STALLED_AFTER_S = 10.0


class EncodedPicture:
    """A JPEG and its part of the stream, which is made once for all viewers and only when there are any."""

    def __init__(self, jpeg: bytes) -> None:
        self.jpeg = jpeg

    @cached_property
    def part(self) -> bytes:
        """The part of the stream, with the boundary behind it: a browser shows a part when it has ended."""
        head = f"Content-Type: image/jpeg\r\nContent-Length: {len(self.jpeg)}\r\n\r\n"
        return b"".join((head.encode(), self.jpeg, f"\r\n--{BOUNDARY}\r\n".encode()))

    @cached_property
    def chunk(self) -> bytes:
        """The part in the chunked transfer coding of HTTP/1.1 (RFC 9112, 7.1)."""
        return b"".join((f"{len(self.part):x}\r\n".encode(), self.part, b"\r\n"))


class Viewer:
    """Sends pictures to one client, and skips those that come before the client has read the last one.

    It writes pictures to the transport directly: waking a task for each takes longer than the kernel takes to
    send it.
    """

    def __init__(self, transport: asyncio.Transport, *, is_chunked: bool) -> None:
        """The response's head and START have been sent over `transport` already."""
        self._transport, self._is_chunked = transport, is_chunked
        self._sent_at_s = time.monotonic()

    def send(self, picture: EncodedPicture) -> None:
        """Send `picture` unless the last is still being sent; close the connection of a stalled viewer."""
        if self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() == 0:
            self._sent_at_s = time.monotonic()
            self._transport.write(picture.chunk if self._is_chunked else picture.part)
        elif time.monotonic() - self._sent_at_s > STALLED_AFTER_S:
            reset_connection(self._transport)

"""One connection to a network camera: it looks up the name, opens the stream and decodes its pictures."""

import itertools
import queue
import socket
import time
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

import av
from av.container import InputContainer
from av.video.frame import VideoFrame

from edge.cameras.decoder import Decoder
from edge.cameras.media_clock import DEFAULT_FPS, StreamClock
from edge.cameras.pictures import TimedPicture
from edge.cameras.spec import NetworkStream

# A camera that sends a picture each time that its time-out is just over is still in time.
GRACE = 1.25
# How often a session that waits looks whether it was closed.
CHECK_EVERY_S = 0.1
_OPTIONS = {
    # Over UDP only where TCP is refused: TCP loses nothing.
    "rtsp_flags": "prefer_tcp",
    "allowed_media_types": "video",
    # FFmpeg would wait for 20 pictures to find the rate, which is not used.
    "fpsprobesize": "0",
}


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a network camera may take."""

    open_s: float = 5.0
    """From the request until its stream is understood."""
    read_s: float = 2.0
    """From one picture to the next."""


DEFAULT_TIMEOUTS = Timeouts()


@dataclass(frozen=True, slots=True)
class Opened:
    """The stream is open."""

    pixel_aspect: Fraction | None


class Step(Enum):
    """What a session does at the moment."""

    RESOLVING = "resolving"
    OPENING = "opening"
    READING = "reading"


Item = Opened | TimedPicture | BaseException | None


class StreamSession:
    """A connection that one thread runs; `items` gives what it has read to another."""

    def __init__(self, stream: NetworkStream, timeouts: Timeouts, fps: float) -> None:
        """A URL of a single picture is asked for `fps` times a second."""
        self._stream, self._timeouts, self._period_s = stream, timeouts, 1 / fps
        self._is_closed = False
        self.step = Step.RESOLVING
        self.items: queue.Queue[Item] = queue.Queue(maxsize=1)
        """First Opened, then pictures; last the error that ended the session, or None after a recording."""

    def close(self) -> None:
        """Ask run() to end; any thread may call it."""
        self._is_closed = True

    def run(self) -> None:
        """Read until the stream ends or fails, or the session is closed."""
        try:
            self._resolve()
            self._read_stream()
        except Exception as error:
            # The thread ends here; the reader raises the error in the caller's thread.
            self._put(error)

    def _resolve(self) -> None:
        """Raise OSError or ValueError where the name of the camera leads to no address.

        FFmpeg looks it up again, and would only say that there was a fault.
        """
        host, port = self._stream.split_address()
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)

    def _read_stream(self) -> None:
        self.step = Step.OPENING
        with self._open() as container:
            decoder = Decoder(container)
            self._put(Opened(decoder.stream.sample_aspect_ratio))
            self.step = Step.READING
            # What an HTTP server states the length of is a recording: FFmpeg reads it as fast as it can.
            is_recording = bool(decoder.duration_s) and self._stream.url.lower().startswith("http")
            is_picture = container.format.name.endswith("_pipe") or container.format.name == "image2"
            count = self._read_pictures(decoder, is_paced=is_recording)
        if is_recording:
            self._put(None)
        elif is_picture and count == 1:
            self._poll()
        else:
            self._put(EOFError())

    def _open(self) -> InputContainer:
        timeout = self._timeouts.open_s, GRACE * self._timeouts.read_s
        return av.open(
            self._stream.url, "r", container_options=_OPTIONS, timeout=timeout, metadata_errors="replace"
        )

    def _read_pictures(self, decoder: Decoder, *, is_paced: bool) -> int:
        """Hand over every picture; returns how many.  With `is_paced`, each when it is due."""
        clock, count, began_s = StreamClock(is_live=not is_paced), 0, time.monotonic()
        default_s = 1 / (decoder.rate_fps or DEFAULT_FPS)
        for picture in decoder.decode():
            stamp_s = picture.time if decoder.has_timestamps else None
            elapsed_s = clock.advance(stamp_s, time.monotonic(), decoder.get_period_s(picture) or default_s)
            if is_paced:
                self._wait_until(began_s + elapsed_s)
            if not self._put_picture(picture, count + decoder.undecodable, elapsed_s):
                break
            count += 1
        return count

    def _poll(self) -> None:
        """Ask for a single picture again and again."""
        began_s = due_s = time.monotonic()
        for number in itertools.count(1):
            # After a slow answer the next request follows at once.
            due_s = max(due_s + self._period_s, time.monotonic())
            self._wait_until(due_s)
            with self._open() as container:
                picture = next(Decoder(container).decode(), None)
                now_s = time.monotonic()
                if picture is not None and not self._put_picture(picture, number, now_s - began_s):
                    return
            if self._is_closed:
                return

    def _put_picture(self, picture: VideoFrame, number: int, elapsed_s: float) -> bool:
        return self._put(TimedPicture(picture, number, time.monotonic(), elapsed_s))

    def _put(self, item: Item) -> bool:
        """Hand over `item` once the last one was taken; returns False when the session was closed."""
        while not self._is_closed:
            try:
                self.items.put(item, timeout=CHECK_EVERY_S)
            except queue.Full:
                continue
            return True
        return False

    def _wait_until(self, due_s: float) -> None:
        while not self._is_closed and (pause_s := due_s - time.monotonic()) > 0:
            time.sleep(min(pause_s, CHECK_EVERY_S))

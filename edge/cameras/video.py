"""A video file, or a network camera, through PyAV's FFmpeg."""

import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from edge.cameras.file_reader import FileReader
from edge.cameras.spec import NetworkStream, hide_secrets, parse_camera
from edge.cameras.stream_reader import StreamReader
from edge.cameras.stream_session import DEFAULT_TIMEOUTS, Timeouts
from edge.frames import Frame
from edge.threads import keep_freed_memory

# The longest pause between two frames of a file that is played, such as a time lapse or one with a gap.  A
# stop of the program waits for it.
MAX_PAUSE_S = 1.0
# A picture of 1920×1080 in colour takes 6 MB.  Without this, a drawn video of 1280×720 took a sixth more CPU
# time.
KEPT_BYTES = 32 << 20
# How often a camera that serves single pictures is asked for one, if nothing else is said.
SNAPSHOTS_FPS = 5


class VideoCamera:
    """A Camera that reads a file to its end, or a network stream until it is stopped."""

    def __init__(
        self,
        source: str,
        *,
        paced: bool = False,
        fps: float = SNAPSHOTS_FPS,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        is_stopping: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`source` is a path or a URL (rtsp, rtsps, http, https).

        With `paced` a file is played at its own rate, like a live camera, for people to watch; without, its
        frames come as fast as they are taken.  Of a stream, `timeouts` limit the waits, and each wait ends
        soon after `is_stopping` is true; a URL of a single picture is asked for `fps` times a second.
        """
        self._source, self._clock, self._sleep = source, clock, sleep
        self._fps, self._timeouts, self._is_stopping = fps, timeouts, is_stopping
        spec = parse_camera(source)
        self._stream = spec if isinstance(spec, NetworkStream) else None
        self._paced = paced and self._stream is None
        self._reader: FileReader | StreamReader | None = None
        # A misspelt URL counts as a path; it may hold a password too.
        self.name = hide_secrets(source)
        self.is_live = self._stream is not None or self._paced
        self.frame_count: int | None = None
        self.duration_s: float | None = None
        """How long the open file lasts, as far as it states it; after its last frame, that frame's time."""
        self._started_s: float | None = None

    def __enter__(self) -> Self:
        keep_freed_memory(KEPT_BYTES)
        self._started_s = None
        if self._stream is None:
            self._reader = FileReader(self._source, self.name)
        else:
            self._reader = StreamReader(self._stream, self.name, self._timeouts, self._fps, self._is_stopping)
        self.frame_count, self.duration_s = self._reader.frame_count, self._reader.duration_s
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        reader, self._reader = self._reader, None
        self.frame_count = self.duration_s = None
        if reader is not None:
            reader.close()

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        reader = self._reader
        if reader is None:
            raise RuntimeError("expected an open camera: enter it first")
        timed = reader.read()
        if timed is None:
            self.frame_count, self.duration_s = reader.frame_count, reader.duration_s
            raise StopIteration
        if self._paced:
            self._wait_until_due(timed.elapsed_s)
        captured_at_s = timed.arrived_at_s if self._stream is not None else self._clock()
        return reader.converter.convert(timed, captured_at_s)

    def _wait_until_due(self, elapsed_s: float) -> None:
        now_s = self._clock()
        if self._started_s is None:
            self._started_s = now_s
        pause_s = max(0.0, self._started_s + elapsed_s - now_s)
        # All later frames are due earlier by the part of the pause that is left out.
        self._started_s -= max(0.0, pause_s - MAX_PAUSE_S)
        self._sleep(min(pause_s, MAX_PAUSE_S))

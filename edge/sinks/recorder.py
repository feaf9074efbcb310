"""Records a video as MP4, which plays even when the program is killed while it writes."""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from edge.contracts import Result
from edge.drawing import overlay
from edge.errors import ConfigError, SinkError
from edge.frames import Image
from edge.rotation import FileSeries

try:
    import av
    from av.video.reformatter import ColorRange, Colorspace
except ImportError as missing:
    raise SinkError(f"expected PyAV for record, found: {missing}; pip install av") from missing

SUFFIX = ".mp4"
# The share of the disk that stays free for others.  It is checked for every frame, which takes microseconds.
MIN_FREE_SHARE = 0.05
# The clock of MPEG.
TICKS_PER_S = 90_000
# How long one picture can stay: MP4 loses everything after a pause of 2**31 ticks, which are 6.6 hours.
MAX_PAUSE_S = 6 * 3600.0
# A clock that goes back by more than this, s, was set to another time.
MAX_STEP_BACK_S = 1.0
KEYFRAME_EVERY = 30
# Each frame is written at once, as a fragment of its own; closing joins them to one MP4 with an index.
CONTAINER = {"movflags": "hybrid_fragmented+frag_every_frame+default_base_moof", "flush_packets": "1"}
# A frame of 640×480 took 2.6 ms and 7.9 KB with ultrafast, 3.4 and 5.5 with superfast, 5.8 and 4.5 with
# veryfast (one core, Zen 4).
ENCODER = {"preset": "superfast", "tune": "zerolatency", "crf": "23"}


class RecorderSink:
    """A Sink that writes the picture of each result, annotated or clean, with the time at which it was taken.

    In place of a dropped frame the frame before it stays longer.  While the camera is missing, one picture of
    its notice stays.  Pictures of another size are written to another file, and so are those after a pause
    of MAX_PAUSE_S and those whose clock went back.
    """

    name = "record"

    def __init__(
        self,
        series: FileSeries,
        *,
        clean: bool = False,
        disk_usage: Callable[[Path], tuple[int, int, int]] = shutil.disk_usage,
    ) -> None:
        """`clean` leaves out boxes and labels; raises ConfigError when the name does not end in .mp4."""
        if series.path.suffix != SUFFIX:
            raise ConfigError(f"expected a file name in {SUFFIX} for record, found {series.path}; rename it")
        self._series, self._path, self.clean = series, series.path, clean
        self._disk_usage = disk_usage
        self._is_open = self._has_notice = False
        self._writer: _Writer | None = None

    @property
    def needs_picture(self) -> bool:
        """Whether the file is open."""
        return self._is_open

    def __enter__(self) -> Self:
        self._has_notice = False
        try:
            self._check_room()
            self._series.rotate()
            # The file is created now, and written to once the size of the pictures is known.
            self._path.write_bytes(b"")
        except OSError as error:
            raise self._make_error(error) from error
        self._is_open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        was_open, self._is_open = self._is_open, False
        try:
            self._close()
            if was_open and self._path.exists() and not self._path.stat().st_size:
                self._path.unlink()
        except OSError as fault:
            raise self._make_error(fault) from fault

    def show(self, result: Result) -> None:
        """Write the picture; raises SinkError when it cannot be written or the disk is almost full."""
        is_notice = result.frame.notice is not None
        had_notice, self._has_notice = self._has_notice, is_notice
        if is_notice and (had_notice or self._writer is None):
            return
        try:
            self._check_room()
            image = self._make_image(result)
            self._choose_writer(image, result).write(image, result.frame.elapsed_s)
        except OSError as error:
            # The file plays up to here.
            writer, self._writer = self._writer, None
            with suppress(OSError):
                if writer is not None:
                    writer.close()
            raise self._make_error(error) from error

    def _make_image(self, result: Result) -> Image:
        """The picture to write; its width and height are even, as the encoder needs them."""
        if self.clean:
            image = result.frame.bgr
        else:
            image = overlay.draw(result, corner=_format_clock(result.frame.elapsed_s))
        if result.frame.notice and self._writer is not None:
            image = np.asarray(cv2.resize(image, self._writer.size, interpolation=cv2.INTER_AREA), np.uint8)
        height, width = image.shape[:2]
        return image[: height - height % 2, : width - width % 2]

    def _choose_writer(self, image: Image, result: Result) -> "_Writer":
        """The writer for `image`: a new one when the file is full, or cannot hold the picture."""
        elapsed_s, size = result.frame.elapsed_s, (image.shape[1], image.shape[0])
        is_full = self._series.is_full(elapsed_s, self._path.stat().st_size)
        if self._writer is not None and (is_full or not self._writer.can_hold(size, elapsed_s)):
            self._close()
            self._series.rotate(elapsed_s)
        if self._writer is None:
            self._writer = _Writer(self._path, size, elapsed_s)
        return self._writer

    def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _check_room(self) -> None:
        total, _, free = self._disk_usage(self._path.parent)
        if free < MIN_FREE_SHARE * total:
            self._close()
            raise SinkError(
                f"expected {MIN_FREE_SHARE:.0%} of the disk of {self._path} free, found {free / total:.1%}; "
                "make room, or set --record-keep"
            )

    def _make_error(self, error: OSError) -> SinkError:
        return SinkError(
            f"expected to record to {self._path}, found: {error.strerror or error}; "
            "make room, or name another file with --record"
        )


class _Writer:
    """One MP4 file; every method may raise OSError."""

    def __init__(self, path: Path, size: tuple[int, int], began_s: float) -> None:
        self.size, self._began_s, self._last_s, self._last_tick = size, began_s, began_s, -1
        self._container = av.open(os.fspath(path), "w", format="mp4", options=CONTAINER)
        self._stream = self._container.add_stream("libx264", options=ENCODER)
        self._stream.width, self._stream.height = size
        codec = self._stream.codec_context
        codec.pix_fmt, codec.time_base, codec.gop_size = "yuv420p", Fraction(1, TICKS_PER_S), KEYFRAME_EVERY
        # As OpenCV's conversion produces it.
        codec.colorspace, codec.color_range = Colorspace.ITU601, ColorRange.MPEG
        # Encoding is one stage of the pipeline: more threads would compete with the others for the cores.
        codec.thread_count = 1

    def can_hold(self, size: tuple[int, int], elapsed_s: float) -> bool:
        """Whether the file can hold a picture of that size and time after those that it has."""
        return self.size == size and -MAX_STEP_BACK_S <= elapsed_s - self._last_s < MAX_PAUSE_S

    def write(self, image: Image, elapsed_s: float) -> None:
        """Write `image`, (H, W, 3) blue first; can_hold() must be true for its size and `elapsed_s`."""
        self._last_s = elapsed_s
        # This takes a sixth of the time of FFmpeg's own conversion.
        planes = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), np.uint8)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        self._last_tick = max(self._last_tick + 1, round((elapsed_s - self._began_s) * TICKS_PER_S))
        frame.pts, frame.time_base = self._last_tick, Fraction(1, TICKS_PER_S)
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write the index and close the file."""
        try:
            self._container.mux(self._stream.encode(None))
        finally:
            self._container.close()


def _format_clock(elapsed_s: float) -> str:
    """Hours, minutes and seconds since the first frame."""
    minutes, seconds = divmod(elapsed_s, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{seconds:04.1f}"

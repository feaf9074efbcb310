"""A video of what the camera saw, as MP4 that plays however its writing ends."""

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
from edge.rotation import Series

try:
    import av
    from av.video.reformatter import ColorRange, Colorspace
except ImportError as missing:
    raise SinkError(
        f"expected PyAV for record, found: {missing}; pip install 'fer-edge[record]'"
    ) from missing

SUFFIX = ".mp4"
# The share of the disk that is left to others.  To look takes a few microseconds, so it is done for every frame.
LEAST_FREE = 0.05
# MPEG's own clock.
TICKS_PER_S = 90_000
KEYFRAME_EVERY = 30
# Every frame goes to the file as it comes, a fragment of its own; closing makes them one MP4 with an index.
CONTAINER = {"movflags": "hybrid_fragmented+frag_every_frame+default_base_moof", "flush_packets": "1"}
# A frame of 640×480 took 2.6 ms and 7.9 KB with ultrafast, 3.4 and 5.5 with superfast, 5.8 and 4.5 with veryfast
# (one core, Zen 4).
ENCODER = {"preset": "superfast", "tune": "zerolatency", "crf": "23"}


class RecorderSink:
    """A Sink that writes the picture of each result, annotated or clean, at the time at which it was taken.

    For a dropped frame the one before stays longer.  While the camera is away its notice stands still, and
    pictures of another size go to another file.
    """

    name = "record"

    def __init__(
        self,
        series: Series,
        *,
        clean: bool = False,
        disk_usage: Callable[[Path], tuple[int, int, int]] = shutil.disk_usage,
    ) -> None:
        """`clean` leaves out boxes and plates; ConfigError when the name does not end in .mp4."""
        if series.path.suffix != SUFFIX:
            raise ConfigError(f"expected a name in {SUFFIX} for record, found {series.path}; rename it")
        self._series, self._path, self.clean = series, series.path, clean
        self._disk_usage = disk_usage
        self._is_open = self._is_away = False
        self._writer: _Writer | None = None

    @property
    def needs_picture(self) -> bool:
        """Each picture is, while the file is open."""
        return self._is_open

    def __enter__(self) -> Self:
        self._is_away = False
        try:
            self._check_room()
            self._series.begin()
            # Claimed now, and written to once a picture tells its size.
            self._path.write_bytes(b"")
        except OSError as error:
            raise self._lost(error) from error
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
            raise self._lost(fault) from fault

    def show(self, result: Result) -> None:
        """Write the picture; SinkError when the disk does not take it or would be too full."""
        is_notice = result.frame.notice is not None
        was_away, self._is_away = self._is_away, is_notice
        if is_notice and (was_away or self._writer is None):
            return
        try:
            self._check_room()
            image = self._image(result)
            self._writer_for(image, result).write(image, result.frame.elapsed_s)
        except OSError as error:
            # What is left of the file plays.
            writer, self._writer = self._writer, None
            with suppress(OSError):
                if writer is not None:
                    writer.close()
            raise self._lost(error) from error

    def _image(self, result: Result) -> Image:
        """The picture to write, of even width and height, as the encoder wants it."""
        if self.clean:
            image = result.frame.bgr
        else:
            image = overlay.draw(result, corner=_clock_text(result.frame.elapsed_s))
        if result.frame.notice and self._writer is not None:
            image = np.asarray(cv2.resize(image, self._writer.size, interpolation=cv2.INTER_AREA), np.uint8)
        height, width = image.shape[:2]
        return image[: height - height % 2, : width - width % 2]

    def _writer_for(self, image: Image, result: Result) -> "_Writer":
        """The writer that takes `image`: another where the file is full or its pictures are of another size."""
        elapsed_s, size = result.frame.elapsed_s, (image.shape[1], image.shape[0])
        is_full = self._series.is_full(elapsed_s, self._path.stat().st_size)
        if self._writer is not None and (is_full or self._writer.size != size):
            self._close()
            self._series.begin(elapsed_s)
        if self._writer is None:
            self._writer = _Writer(self._path, size, elapsed_s)
        return self._writer

    def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _check_room(self) -> None:
        total, _, free = self._disk_usage(self._path.parent)
        if free < LEAST_FREE * total:
            self._close()
            raise SinkError(
                f"expected {LEAST_FREE:.0%} of the disk of {self._path} free, found {free / total:.1%}; "
                "make room, or set --record-keep"
            )

    def _lost(self, error: OSError) -> SinkError:
        return SinkError(
            f"expected to record to {self._path}, found: {error.strerror or error}; "
            "make room, or name another file with --record"
        )


class _Writer:
    """One MP4 file; every method may raise OSError."""

    def __init__(self, path: Path, size: tuple[int, int], began_s: float) -> None:
        self.size, self._began_s, self._last_tick = size, began_s, -1
        self._container = av.open(os.fspath(path), "w", format="mp4", options=CONTAINER)
        self._stream = self._container.add_stream("libx264", options=ENCODER)
        self._stream.width, self._stream.height = size
        codec = self._stream.codec_context
        codec.pix_fmt, codec.time_base, codec.gop_size = "yuv420p", Fraction(1, TICKS_PER_S), KEYFRAME_EVERY
        # What OpenCV's conversion gives.
        codec.colorspace, codec.color_range = Colorspace.ITU601, ColorRange.MPEG
        # One of the line's stages: more threads would fight the others for the cores.
        codec.thread_count = 1

    def write(self, image: Image, elapsed_s: float) -> None:
        """Write `image`, (H, W, 3) blue first, of the writer's size."""
        # Takes a sixth of the time of FFmpeg's own conversion.
        planes = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), np.uint8)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        self._last_tick = max(self._last_tick + 1, round((elapsed_s - self._began_s) * TICKS_PER_S))
        frame.pts, frame.time_base = self._last_tick, Fraction(1, TICKS_PER_S)
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write the index."""
        try:
            self._container.mux(self._stream.encode(None))
        finally:
            self._container.close()


def _clock_text(elapsed_s: float) -> str:
    """Hours, minutes and seconds since the first frame."""
    minutes, seconds = divmod(elapsed_s, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{seconds:04.1f}"

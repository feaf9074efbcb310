"""Makes frames of the pictures that FFmpeg has decoded."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from threading import Lock
from typing import cast

import numpy as np
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import VideoReformatter

from edge.cameras.geometry import plan_size, read_orientation, scale
from edge.frames import Frame, Image, PixelFormat
from edge.orientation import UPRIGHT

# FFmpeg's names of the formats whose first plane is Y, or grey, with a byte for each pixel.
_WITH_LUMA_PLANE = frozenset(
    f"yuv{kind}{sampling}p"
    for kind in ("", "j", "a")
    for sampling in ("420", "422", "444", "440", "411", "410")
) | {"nv12", "nv21", "nv16", "nv24", "nv42", "gray"}


@dataclass(frozen=True, slots=True, eq=False)
class TimedPicture:
    """A decoded picture with its place in the video or the stream."""

    picture: VideoFrame
    number: int
    """Counts from 0; pictures that could not be decoded are counted too."""
    arrived_at_s: float
    """On the clock of time.monotonic()."""
    elapsed_s: float
    """Since the first picture, on the clock of the video or the stream."""


class PictureConverter:
    """Converts the pictures of one video; several threads may ask for colours."""

    def __init__(self, pixel_aspect: Fraction | None) -> None:
        """`pixel_aspect` is a pixel's width divided by its height, if the file states it."""
        self._pixel_aspect = pixel_aspect
        # Of the last picture: its size and turn as FFmpeg gives them, and what they mean.
        self._shape = 0, 0, 0
        self._size, self._orientation = (0, 0), UPRIGHT
        # It keeps its tables from picture to picture, and serves one thread at a time.
        self._reformatter, self._lock = VideoReformatter(), Lock()

    def convert(self, timed: TimedPicture, captured_at_s: float) -> Frame:
        """The frame of a picture.

        Its buffer is the decoder's own, unless the picture is scaled; the decoder does not write to that
        while it is in use.
        """
        picture = timed.picture
        self._note_shape(picture)
        size, orientation = self._size, self._orientation
        make_bgr: Callable[[], Image] | None = None
        if _has_no_luma(picture):
            format_, buffer = PixelFormat.BGR, self._make_bgr(picture, size)
        else:
            if picture.format.name not in _WITH_LUMA_PLANE or picture.planes[0].line_size < picture.width:
                # More than 8 bits, packed pixels, or rows from the bottom up.
                picture = self._reformat(picture, "yuv420p")
            format_, make_bgr = PixelFormat.LUMA, partial(self._make_bgr, picture, size)
            buffer = scale(_view_plane(picture.planes[0], picture.width, picture.height), size)
        frame = Frame(buffer, format_, *size, timed.number, captured_at_s, timed.elapsed_s, make_bgr=make_bgr)
        return frame.turn(orientation)

    def _note_shape(self, picture: VideoFrame) -> None:
        """Find out the size and orientation of `picture`, anew where its size or its turn has changed.

        Reading a picture's side data makes a cycle of references, which keeps it in memory for long.
        """
        shape = picture.width, picture.height, picture.rotation
        if shape != self._shape:
            self._shape = shape
            self._size = plan_size(picture.width, picture.height, self._pixel_aspect)
            self._orientation = read_orientation(_get_display_matrix(picture))

    def _make_bgr(self, picture: VideoFrame, size: tuple[int, int]) -> Image:
        bgr = self._reformat(picture, "bgr24")
        rows = _view_plane(bgr.planes[0], 3 * bgr.width, bgr.height)
        return scale(rows.reshape(bgr.height, bgr.width, 3), size)

    def _reformat(self, picture: VideoFrame, format_: str) -> VideoFrame:
        with self._lock:
            # Threads of the conversion would take the cores from the pipeline's stages.
            return self._reformatter.reformat(picture, format=format_, threads=1)


def _has_no_luma(picture: VideoFrame) -> bool:
    return picture.format.is_rgb or picture.format.has_palette or picture.format.name.startswith("xyz12")


def _view_plane(plane: VideoPlane, row_bytes: int, rows: int) -> Image:
    """The first `row_bytes` of each row: (rows, row_bytes), a view that keeps the picture in memory."""
    flat = np.frombuffer(memoryview(plane), np.uint8, rows * plane.line_size)
    return flat.reshape(rows, plane.line_size)[:, :row_bytes]


def _get_display_matrix(picture: VideoFrame) -> bytes | None:
    found = cast("SideData | None", picture.side_data.get("DISPLAYMATRIX"))
    return None if found is None else bytes(found)

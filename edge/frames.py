"""A camera's picture: the buffer as the camera delivered it, and what is decoded from it on first use."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.orientation import UPRIGHT, Orientation

Image = NDArray[np.uint8]

# The marker EOI, which ends every complete JPEG.
_JPEG_END = np.array([0xFF, 0xD9], np.uint8)


class PixelFormat(Enum):
    """How `Frame.buffer` stores the picture, with the shape of the buffer."""

    BGR = "bgr"  # (H, W, 3)
    GREY = "grey"  # (H, W)
    YUYV = "yuyv"  # (H, W, 2): Y0 U Y1 V
    YUV420 = "yuv420"  # (H * 3 / 2, stride ≥ W): all of Y, then U, then V (I420)
    LUMA = "luma"  # (H, W): Y alone; Frame.make_bgr converts the picture with its colours
    MJPG = "mjpg"  # (N,): one JPEG


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture as the camera delivered it; all its arrays are read-only.

    `buffer` is uint8 in the shape that `format` names.  The frame keeps a read-only view of the array that it
    is given, not a copy: the camera must not write to that array again.
    `width` and `height` are those of `grey` and `bgr`, in which the picture is turned by `orientation`; the
    buffer holds it as the camera sent it.
    `number` counts the frames that the program read from the camera, from 0.  A gap between two frames means
    that the frames between them were dropped on their way through the program.  The demo camera also counts
    the frames that nobody read in time.  What a camera's driver loses leaves no gap.
    `captured_at_s` is on the clock of time.monotonic(); latency is measured from it.
    `elapsed_s` is the time since the camera's first frame on the camera's own clock.  For a file it is the
    media time: a file may be read faster than it was filmed, and durations in the picture are measured by
    this time.
    `notice` is None, or says why there is no picture: such a frame stands in for a camera that is away; it is
    shown, and not searched for faces.
    `make_bgr` converts a LUMA frame to colour, in whichever thread first reads `bgr`; other formats have
    none.
    """

    buffer: Image
    format: PixelFormat
    width: int
    height: int
    number: int
    captured_at_s: float
    elapsed_s: float
    notice: str | None = None
    orientation: Orientation = UPRIGHT
    make_bgr: Callable[[], Image] | None = None
    _grey: Image | None = field(default=None, init=False, repr=False)
    _bgr: Image | None = field(default=None, init=False, repr=False)
    _half_grey: Image | None = field(default=None, init=False, repr=False)
    _shrunk: dict[int, Image] = field(default_factory=dict, init=False, repr=False)
    _is_damaged: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "buffer", _make_read_only(self.buffer))

    @property
    def is_decodable(self) -> bool:
        """Whether the buffer gives a picture.  To find out, a JPEG is decoded to `grey`, which is kept."""
        return self.format is not PixelFormat.MJPG or bool(self.grey.size and not self._is_damaged)

    def renumber(self, number: int, captured_at_s: float, elapsed_s: float) -> Self:
        """The same picture with another number and other times; what was decoded from it is kept."""
        frame = replace(self, number=number, captured_at_s=captured_at_s, elapsed_s=elapsed_s)
        for name in ("_grey", "_bgr", "_half_grey", "_is_damaged"):
            object.__setattr__(frame, name, getattr(self, name))
        return frame

    @property
    def grey(self) -> Image:
        """(H, W) uint8, converted on first use and kept; a view of an upright buffer that holds luma."""
        if self._grey is None:
            grey = self.orientation.apply(_convert_to_grey(self))
            object.__setattr__(self, "_grey", _make_read_only(grey))
        assert self._grey is not None
        return self._grey

    @property
    def half_grey(self) -> Image | None:
        """Grey at half the size: (H / 2, W / 2) uint8, both rounded up; decoded on first use and kept.

        None where it would save nothing: `grey` was decoded already, or the buffer is no JPEG.
        """
        if self.format is not PixelFormat.MJPG or self._grey is not None:
            return None
        if self._half_grey is None:
            half = self.orientation.apply(_decode_or_black(self, cv2.IMREAD_REDUCED_GRAYSCALE_2))
            object.__setattr__(self, "_half_grey", _make_read_only(half))
        return self._half_grey

    def shrink_grey(self, halvings: int) -> Image:
        """Grey that was halved so often, at least once, but not below one pixel; kept.

        Its first halving is `half_grey` where that is cheaper.
        """
        if halvings not in self._shrunk:
            half = self.half_grey if halvings == 1 else None
            if half is None:
                half = _halve(self.grey if halvings == 1 else self.shrink_grey(halvings - 1))
            self._shrunk[halvings] = _make_read_only(half)
        return self._shrunk[halvings]

    @property
    def bgr(self) -> Image:
        """(H, W, 3) uint8, blue first, converted on first use and kept."""
        if self._bgr is None:
            bgr = self.orientation.apply(_convert_to_bgr(self))
            object.__setattr__(self, "_bgr", _make_read_only(bgr))
        assert self._bgr is not None
        return self._bgr

    def turn(self, orientation: Orientation) -> "Frame":
        """The frame, turned further by `orientation`; what was decoded from it already is not kept.

        It is the very same frame where nothing changes.
        """
        if orientation == UPRIGHT:
            return self
        width, height = self.width, self.height
        if orientation.swaps_sides:
            width, height = height, width
        return replace(self, width=width, height=height, orientation=self.orientation.then(orientation))

    def decode_colour_first(self) -> None:
        """Decode a JPEG to `bgr` now and make `grey` from that.

        Call it before `grey` is read where `bgr` will be needed later: the JPEG is then decoded once, not
        twice.  It does nothing to other formats.
        """
        if self.format is PixelFormat.MJPG and self._grey is None:
            object.__setattr__(self, "_grey", _make_read_only(_bgr_to_grey(self.bgr)))


def _convert_to_grey(frame: Frame) -> Image:
    match frame.format:
        case PixelFormat.GREY | PixelFormat.LUMA:
            return frame.buffer
        case PixelFormat.YUYV:
            return frame.buffer[:, :, 0]
        case PixelFormat.YUV420:
            width, height = _get_stored_size(frame)
            return frame.buffer[:height, :width]
        case PixelFormat.MJPG:
            return _decode_or_black(frame, cv2.IMREAD_GRAYSCALE)
        case PixelFormat.BGR:
            return _bgr_to_grey(frame.buffer)


def _halve(grey: Image) -> Image:
    """Halve both sides; OpenCV does so many times faster than it shrinks by another factor.

    An odd row or column at the end is left out.
    """
    height, width = max(1, grey.shape[0] // 2), max(1, grey.shape[1] // 2)
    even = grey[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _bgr_to_grey(bgr: Image) -> Image:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8)


def _convert_to_bgr(frame: Frame) -> Image:
    match frame.format:
        case PixelFormat.BGR:
            return frame.buffer
        case PixelFormat.LUMA:
            assert frame.make_bgr is not None, "luma alone has no colours"
            return frame.make_bgr()
        case PixelFormat.GREY:
            bgr = cv2.cvtColor(frame.buffer, cv2.COLOR_GRAY2BGR)
        case PixelFormat.YUYV:
            bgr = cv2.cvtColor(frame.buffer, cv2.COLOR_YUV2BGR_YUYV)
        case PixelFormat.YUV420:
            bgr = cv2.cvtColor(frame.buffer, cv2.COLOR_YUV2BGR_I420)[:, : _get_stored_size(frame)[0]]
        case PixelFormat.MJPG:
            return _decode_or_black(frame, cv2.IMREAD_COLOR)
    return np.asarray(bgr, np.uint8)


def _get_stored_size(frame: Frame) -> tuple[int, int]:
    """Width and height of the picture as it lies in the buffer."""
    size = frame.width, frame.height
    return (size[1], size[0]) if frame.orientation.swaps_sides else size


def _decode_or_black(frame: Frame, flags: int) -> Image:
    """Decode the frame's JPEG, as far as it is intact; a black picture where nothing can be decoded.

    One damaged frame is no error: the next frame follows within milliseconds.
    """
    divisor = 2 if flags == cv2.IMREAD_REDUCED_GRAYSCALE_2 else 1
    width, height = (-(-side // divisor) for side in _get_stored_size(frame))
    image = _decode(frame.buffer, flags)
    if image is None:
        # OpenCV refuses a JPEG without its end marker, which some cameras leave out and packet loss cuts off.
        image = _decode(np.append(frame.buffer, _JPEG_END), flags)
    if image is None:
        object.__setattr__(frame, "_is_damaged", True)
        channels = (3,) if flags == cv2.IMREAD_COLOR else ()
        return np.zeros((height, width, *channels), np.uint8)
    if image.shape[:2] != (height, width):
        # The driver reported another size than the camera sends.
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return image


def _decode(encoded: Image, flags: int) -> Image | None:
    try:
        # The frame knows its orientation, and turns the picture by it, once.
        image = cv2.imdecode(encoded, flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        # There are no bytes, or the header claims a size beyond the limit that edge/__init__.py sets.
        return None
    return None if image is None else np.asarray(image, np.uint8)


def _make_read_only(image: Image) -> Image:
    """Return a read-only view of `image`; no pixel is copied."""
    view = image.view()
    view.flags.writeable = False
    return view

"""A camera's picture: the buffer as it came, its pixel format, and what is decoded from it on first use."""

from dataclasses import dataclass, field
from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

# The marker EOI, which ends every whole JPEG.
_JPEG_END = np.array([0xFF, 0xD9], np.uint8)


class PixelFormat(Enum):
    """How `Frame.buffer` holds the picture."""

    BGR = "bgr"  # (H, W, 3)
    GREY = "grey"  # (H, W)
    YUYV = "yuyv"  # (H, W, 2): Y0 U Y1 V
    YUV420 = "yuv420"  # (H * 3 / 2, stride ≥ W): all of Y, then U, then V (I420)
    MJPG = "mjpg"  # (N,): one JPEG


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture as the camera delivered it; read-only from then on.

    `buffer` is uint8 in the shape that `format` names and is not written to again by the
    camera.  `number` counts the camera's deliveries from 0: a gap is a dropped frame.
    `captured_at_s` is on the clock of time.monotonic(): latency is measured from it.
    `elapsed_s` is the time since the camera's first frame on the camera's own clock, the media time of
    a file, which may be read faster than it was filmed: what happens in the picture is measured by it.
    `notice` says why there is no picture, in a frame that stands for a camera that is away; such a frame is
    shown and not searched.
    """

    buffer: Image
    format: PixelFormat
    width: int
    height: int
    number: int
    captured_at_s: float
    elapsed_s: float
    notice: str | None = None
    _grey: Image | None = field(default=None, init=False, repr=False)
    _bgr: Image | None = field(default=None, init=False, repr=False)
    _half_grey: Image | None = field(default=None, init=False, repr=False)
    _is_damaged: bool = field(default=False, init=False, repr=False)

    @property
    def is_decodable(self) -> bool:
        """Its bytes give a picture; a JPEG is decoded to grey for it, which is kept."""
        return self.format is not PixelFormat.MJPG or bool(self.grey.size and not self._is_damaged)

    @property
    def grey(self) -> Image:
        """(H, W) uint8, converted on first use and kept; a view where the camera gives luma."""
        if self._grey is None:
            object.__setattr__(self, "_grey", _read_only(_to_grey(self)))
        assert self._grey is not None
        return self._grey

    @property
    def half_grey(self) -> Image | None:
        """(H / 2, W / 2) uint8, rounded up, for who needs no more; None where `grey` costs nothing by now."""
        if self.format is not PixelFormat.MJPG or self._grey is not None:
            return None
        if self._half_grey is None:
            object.__setattr__(self, "_half_grey", _read_only(_decode(self, cv2.IMREAD_REDUCED_GRAYSCALE_2)))
        return self._half_grey

    @property
    def bgr(self) -> Image:
        """(H, W, 3) uint8, blue first, converted on first use and kept."""
        if self._bgr is None:
            object.__setattr__(self, "_bgr", _read_only(_to_bgr(self)))
        assert self._bgr is not None
        return self._bgr

    def decode_colour_first(self) -> None:
        """Somebody will ask for `bgr`: decode a JPEG to it now, and make grey of it, rather than decode it twice."""
        if self.format is PixelFormat.MJPG and self._grey is None:
            object.__setattr__(self, "_grey", _read_only(_grey_of(self.bgr)))


def _to_grey(frame: Frame) -> Image:
    match frame.format:
        case PixelFormat.GREY:
            return frame.buffer
        case PixelFormat.YUYV:
            return frame.buffer[:, :, 0]
        case PixelFormat.YUV420:
            return frame.buffer[: frame.height, : frame.width]
        case PixelFormat.MJPG:
            return _decode(frame, cv2.IMREAD_GRAYSCALE)
        case PixelFormat.BGR:
            return _grey_of(frame.buffer)


def _grey_of(bgr: Image) -> Image:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8)


def _to_bgr(frame: Frame) -> Image:
    match frame.format:
        case PixelFormat.BGR:
            return frame.buffer
        case PixelFormat.GREY:
            bgr = cv2.cvtColor(frame.buffer, cv2.COLOR_GRAY2BGR)
        case PixelFormat.YUYV:
            bgr = cv2.cvtColor(frame.buffer, cv2.COLOR_YUV2BGR_YUYV)
        case PixelFormat.YUV420:
            bgr = cv2.cvtColor(frame.buffer, cv2.COLOR_YUV2BGR_I420)[:, : frame.width]
        case PixelFormat.MJPG:
            return _decode(frame, cv2.IMREAD_COLOR)
    return np.asarray(bgr, np.uint8)


def _decode(frame: Frame, flags: int) -> Image:
    """The JPEG's picture, or what came of it, or a black one where nothing can be decoded: the next frame is near."""
    divisor = 2 if flags == cv2.IMREAD_REDUCED_GRAYSCALE_2 else 1
    height, width = -(-frame.height // divisor), -(-frame.width // divisor)
    image = _decoded(frame.buffer, flags)
    if image is None:
        # OpenCV refuses a JPEG without its end, which some cameras leave out and a lost packet takes away.
        image = _decoded(np.append(frame.buffer, _JPEG_END), flags)
    if image is None:
        object.__setattr__(frame, "_is_damaged", True)
        channels = (3,) if flags == cv2.IMREAD_COLOR else ()
        return np.zeros((height, width, *channels), np.uint8)
    if image.shape[:2] != (height, width):
        # A driver that names another size than its camera sends.
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return image


def _decoded(encoded: Image, flags: int) -> Image | None:
    try:
        image = cv2.imdecode(encoded, flags)
        return None if image is None else np.asarray(image, np.uint8)
    except cv2.error:
        return (
            None  # No bytes, or a header that tells of a picture beyond all measure (see edge/__init__.py).
        )


def _read_only(image: Image) -> Image:
    view = image.view()
    view.flags.writeable = False
    return view

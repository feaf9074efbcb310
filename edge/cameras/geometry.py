"""In which size and orientation a decoded picture is meant to be seen."""

import struct
from fractions import Fraction

import cv2
import numpy as np

from edge.frames import Image
from edge.orientation import FLIPPED, MIRRORED, UPRIGHT, Orientation

# Pixels that are nearer to square than this count as square: the smallest difference in use is 16 : 15.
MIN_PIXEL_ASPECT = Fraction(102, 100)
# Pixels that are further from square than this are an error in the file: those of anamorphic wide-screen
# video at half the horizontal resolution are 2.9 : 1.
MAX_PIXEL_ASPECT = Fraction(4)
# A larger picture, such as 8K, is shrunk by a whole number when it is read, so that the pictures that
# are under way at one time take no more memory than those of 4K.
MAX_SIDE_PX = 4096

# The orientations by the signs of the display matrix's elements a, b, c, d: x' = ax + cy, y' = bx + dy.
_ORIENTATIONS = {
    (-1, 0, 0, 1): MIRRORED,
    (1, 0, 0, -1): FLIPPED,
    (-1, 0, 0, -1): Orientation(180),
    (0, 1, -1, 0): Orientation(90),
    (0, -1, 1, 0): Orientation(270),
    (0, 1, 1, 0): Orientation(90, True),
    (0, -1, -1, 0): Orientation(270, True),
}


def scale(image: Image, size: tuple[int, int]) -> Image:
    """`image`, (H, W) or (H, W, 3), with `size`, width and height in px: itself where it has that size."""
    height, width = image.shape[:2]
    if (width, height) == size:
        return image
    is_smaller = size[0] <= width and size[1] <= height
    # These two give the same pixels on x86 and ARM.
    interpolation = cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR_EXACT
    return np.asarray(cv2.resize(image, size, interpolation=interpolation), np.uint8)


def plan_size(width: int, height: int, pixel_aspect: Fraction | None) -> tuple[int, int]:
    """Width and height in px with square pixels, at most MAX_SIDE_PX each.

    `pixel_aspect` is a pixel's width divided by its height.  One side becomes longer, so that no detail is
    lost; if it is then too long, both become shorter.
    """
    wide, high, square = Fraction(width), Fraction(height), Fraction(1)
    if pixel_aspect and MIN_PIXEL_ASPECT <= max(pixel_aspect, 1 / pixel_aspect) <= MAX_PIXEL_ASPECT:
        wide, high = wide * max(square, pixel_aspect), high * max(square, 1 / pixel_aspect)
    divisor = -(-max(wide, high) // MAX_SIDE_PX)
    return max(1, round(wide / divisor)), max(1, round(high / divisor))


def read_orientation(display_matrix: bytes | None) -> Orientation:
    """The orientation that FFmpeg's display matrix describes: nine int32, row by row.

    A turn that is none by quarters, as of a hand-held camera, counts as none.
    """
    if display_matrix is None or len(display_matrix) < struct.calcsize("=9i"):
        return UPRIGHT
    a, b, _, c, d, *_ = struct.unpack_from("=9i", display_matrix)
    largest = max(abs(a), abs(b), abs(c), abs(d))

    def sign(value: int) -> int:
        return 0 if 2 * abs(value) <= largest else 1 if value > 0 else -1

    return _ORIENTATIONS.get((sign(a), sign(b), sign(c), sign(d)), UPRIGHT)

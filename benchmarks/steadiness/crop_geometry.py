"""Measures where a crop lies in its frame from what the crop shows of grey ramps, however it is made."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.contracts import Box
from edge.frames import Frame, Image, PixelFormat

# The ramps lie askew, so that neighbouring rows and columns round differently: the mean over all pixels of a
# crop then is far finer than a grey level.  tan(20°) is no simple fraction.
ANGLE = math.radians(20)
# The ramps use all grey levels within so many times the longer side of the face's box.
REACH = 3.0
_MAX_GREY = 255


@dataclass(frozen=True, slots=True)
class CropSquare:
    """The square that a crop shows: its centre and its side, px of the frame; it may be turned."""

    x: float
    y: float
    side: float


@dataclass(frozen=True, slots=True)
class Ramp:
    """A grey level that rises by `slope` per px along (`across`, `down`) and is half the range at (x, y)."""

    x: float
    y: float
    across: float
    down: float
    slope: float

    def draw(self, width: int, height: int) -> Image:
        """Draw the ramp over a picture of that size: (height, width) uint8."""
        columns = np.arange(width) - self.x
        rows = np.arange(height)[:, np.newaxis] - self.y
        levels = (_MAX_GREY / 2) + self.slope * (self.across * columns + self.down * rows)
        return np.clip(np.rint(levels), 0, _MAX_GREY).astype(np.uint8)

    def measure_distance(self, levels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Measure how far pixels of these levels lie from (x, y) along the ramp, px."""
        return (levels - _MAX_GREY / 2) / self.slope


def make_ramps(box: Box) -> list[Ramp]:
    """Make four ramps about the face in `box`, each at a right angle to the one before.

    The last two are the first two reversed, so that rounding halves up cancels out.
    """
    x, y = box.left + box.width / 2, box.top + box.height / 2
    slope = _MAX_GREY / (REACH * max(box.width, box.height))
    angles = [ANGLE + quarter * math.pi / 2 for quarter in range(4)]
    return [Ramp(x, y, math.cos(angle), math.sin(angle), slope) for angle in angles]


def make_ramp_frame(ramp: Ramp, frame: Frame) -> Frame:
    """Make a frame of the size and time of `frame` that shows `ramp`."""
    picture = ramp.draw(frame.width, frame.height)
    return Frame(
        picture,
        PixelFormat.GREY,
        frame.width,
        frame.height,
        frame.number,
        frame.captured_at_s,
        frame.elapsed_s,
    )


def measure_crop(ramps: Sequence[Ramp], crops: Sequence[Image], size: tuple[int, int]) -> CropSquare:
    """Measure the square that a crop shows, from that crop of each of the `ramps` that make_ramps made.

    They were drawn over a picture of `size`, width and height.  What a crop repeats of the picture's border
    does not count, nor what lies beyond the ramps.
    """
    distances = [
        ramp.measure_distance(crop.astype(np.float64)) for ramp, crop in zip(ramps, crops, strict=True)
    ]
    along, across = (distances[0] - distances[2]) / 2, (distances[1] - distances[3]) / 2
    first = ramps[0]
    # The ramps' axes turned back to those of the picture.
    x = first.x + first.across * along - first.down * across
    y = first.y + first.down * along + first.across * across
    # A pixel of the crop shows several of the picture, those next to the border a part of the border.
    margin = 1.0
    is_inside = (x > margin) & (x < size[0] - 1 - margin) & (y > margin) & (y < size[1] - 1 - margin)
    for crop in crops:
        is_inside &= (crop > 0) & (crop < _MAX_GREY)
    rows, columns = (axis - (side - 1) / 2 for axis, side in zip(np.indices(x.shape), x.shape, strict=True))
    terms = np.stack([np.ones(x.shape), columns, rows], axis=-1)[is_inside]
    # The crop as an affine map of the picture: the place of its middle, and what a step across moves.
    (centre_x, step_x, _), *_ = np.linalg.lstsq(terms, x[is_inside], rcond=None)
    (centre_y, step_y, _), *_ = np.linalg.lstsq(terms, y[is_inside], rcond=None)
    # A pixel's coordinate is that of its middle; a box begins at the edge of its first pixel.
    return CropSquare(
        float(centre_x) + 0.5, float(centre_y) + 0.5, math.hypot(step_x, step_y) * crops[0].shape[1]
    )

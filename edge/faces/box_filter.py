"""Steadies the box of one track: the one-euro filter of its place and size.

Casiez, Roussel and Vogel, "1 € Filter: A Simple Speed-based Low-pass Filter for Noisy Input in Interactive
Systems", 2012: the faster something moves, the less it is smoothed.  Where there are landmarks, place and
size are theirs, since they tremble less than the sides of the box; the box is then where it usually is about
the landmarks.
"""

import math
from dataclasses import dataclass, replace

from edge.contracts import Box, Face, Square

# The cutoff of the place of a face that stands still, in Hz, and what it gains for each width a second.  The
# delay is 1 / (2 pi 0.6 Hz) = 0.27 s where nothing moves and 0.015 s for a face that moves by its width in a
# second.  At any constant speed, the box lags behind by less than 1 / (2 pi 10) = 1.6 % of its width.
PLACE_HZ, PLACE_HZ_PER_SPEED = 0.6, 10.0
# The same of the size, whose speed is that of its logarithm: it lags behind by less than 2.7 %.
SIZE_HZ, SIZE_HZ_PER_SPEED = 0.25, 6.0
# The cutoff of the speeds themselves.
SPEED_HZ = 1.0
# The cutoff of where the box is about its landmarks, which changes only when the head turns.
SHAPE_HZ = 0.15
# However suddenly a face moves or grows, its box is never farther than this share of the face's width from
# where the detector found it, nor larger or smaller by more than a factor of which this is the logarithm.
MAX_LAG, MAX_SIZE_LAG = 0.05, 0.1


@dataclass(frozen=True, slots=True)
class _Place:
    """The middle of a face, px, and the logarithm of its size."""

    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class _Shape:
    """The box relative to a place: its centre in sizes, and the logarithms of its sides in sizes."""

    x: float
    y: float
    width: float
    height: float


class BoxFilter:
    """Filters the boxes of one track; times are media time."""

    def __init__(self, face: Face, now_s: float) -> None:
        """Begin with `face`, found at `now_s`, as it is."""
        self._place = self._last = _find_place(face)
        self._shape = _find_shape(face.box, self._place)
        self._at_s, self._count = now_s, 1
        self._speed_x = self._speed_y = self._growth = 0.0

    def update(self, face: Face, now_s: float) -> Face:
        """Take in `face`, as the detector found it at `now_s`; return it with the steadied box and square."""
        passed_s = now_s - self._at_s
        if passed_s > 0:
            self._at_s = now_s
            self._count += 1
            self._follow(face, passed_s)
        return self.apply(face)

    def apply(self, face: Face) -> Face:
        """`face` with the steadied box and square."""
        size_px = math.exp(self._place.size)
        width, height = size_px * math.exp(self._shape.width), size_px * math.exp(self._shape.height)
        x, y = self._place.x + size_px * self._shape.x, self._place.y + size_px * self._shape.y
        box = Box(round(x - width / 2), round(y - height / 2), max(1, round(width)), max(1, round(height)))
        return replace(face, box=box, square=Square(x, y, (width + height) / 2))

    def _follow(self, face: Face, passed_s: float) -> None:
        place = _find_place(face)
        shape = _find_shape(face.box, place)
        width_px = math.sqrt(max(1, face.box.area))
        # Of the first boxes, the mean is taken: the first one has no more weight than those after it.
        least = 1 / self._count
        gain = _compute_gain(SPEED_HZ, passed_s)
        self._speed_x += gain * ((place.x - self._last.x) / passed_s / width_px - self._speed_x)
        self._speed_y += gain * ((place.y - self._last.y) / passed_s / width_px - self._speed_y)
        self._growth += gain * ((place.size - self._last.size) / passed_s - self._growth)
        self._last = place
        speed = math.hypot(self._speed_x, self._speed_y)
        move = max(least, _compute_gain(PLACE_HZ + PLACE_HZ_PER_SPEED * speed, passed_s))
        grow = max(least, _compute_gain(SIZE_HZ + SIZE_HZ_PER_SPEED * abs(self._growth), passed_s))
        bend = max(least, _compute_gain(SHAPE_HZ, passed_s))
        self._place = _Place(
            _approach(self._place.x, place.x, move, MAX_LAG * width_px),
            _approach(self._place.y, place.y, move, MAX_LAG * width_px),
            _approach(self._place.size, place.size, grow, MAX_SIZE_LAG),
        )
        self._shape = _Shape(
            self._shape.x + bend * (shape.x - self._shape.x),
            self._shape.y + bend * (shape.y - self._shape.y),
            self._shape.width + bend * (shape.width - self._shape.width),
            self._shape.height + bend * (shape.height - self._shape.height),
        )


def _find_place(face: Face) -> _Place:
    """The mean of the landmarks and their mean distance from it; without landmarks, those of the box."""
    if face.landmarks is None:
        box = face.box
        size_px = math.sqrt(max(1, box.area))
        return _Place(box.left + box.width / 2, box.top + box.height / 2, math.log(size_px))
    points = face.landmarks.tolist()
    x, y = (sum(column) / len(points) for column in zip(*points, strict=True))
    square_px = sum((left - x) ** 2 + (top - y) ** 2 for left, top in points) / len(points)
    return _Place(x, y, math.log(max(1.0, math.sqrt(square_px))))


def _find_shape(box: Box, place: _Place) -> _Shape:
    size_px = math.exp(place.size)
    return _Shape(
        (box.left + box.width / 2 - place.x) / size_px,
        (box.top + box.height / 2 - place.y) / size_px,
        math.log(max(1, box.width) / size_px),
        math.log(max(1, box.height) / size_px),
    )


def _approach(old: float, new: float, gain: float, max_lag: float) -> float:
    """Go the share `gain` of the way from `old` to `new`, and at least to within `max_lag` of `new`."""
    left = (1 - gain) * (new - old)
    return new - max(-max_lag, min(left, max_lag))


def _compute_gain(cutoff_hz: float, passed_s: float) -> float:
    """The share of a change that a low-pass filter of first order follows within `passed_s`."""
    ratio = 2 * math.pi * cutoff_hz * passed_s
    return ratio / (ratio + 1)

"""Notices which parts of a frame have changed since they were searched: what is still costs little."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.contracts import Box, Search
from edge.faces import preprocess
from edge.frames import Frame, Image

# A part in which nothing changes is searched again after this time: a face may have been still when it came
# in, and be found only at another attempt.
SLOW_CYCLE_S = 0.8
# Pictures are compared at 1 / SHRINK of the frame's size: a cell has an eighth of the noise of a pixel.
HALVINGS = 3
SHRINK = 2**HALVINGS
# A cell has changed where it differs by more than this many times the mean difference that noise makes, and
# by more than this many grey levels.
NOISE_FACTOR, MIN_CHANGE = 7.0, 3.0
# The noise is the smallest mean difference seen lately: it falls at once, and rises by this factor with each
# comparison, up to this many grey levels, so that a picture that moves everywhere does not count as noise.
NOISE_RISE, MIN_NOISE, MAX_NOISE = 1.05, 0.1, 2.0
# What moves about a known face, such as its hair, is not searched for new faces: this share of its height
# on each side.
FACE_MARGIN = 0.3


@dataclass(slots=True)
class _Searched:
    """What a part looked like when it was searched, when that was, and where faces were known then."""

    picture: Image
    at_s: float
    known: tuple[Box, ...]


class ChangeWatch:
    """Remembers the picture of each part at its last search, and compares it with later ones."""

    def __init__(self) -> None:
        self._searched: dict[Search, _Searched] = {}
        self._noise = MAX_NOISE

    def needs_search(self, part: Search, frame: Frame, known: Sequence[Box]) -> bool:
        """Whether `part` changed since its last search other than about `known` faces, or that is long ago.

        Notes a search now where the answer is yes.
        """
        cells = _cut(frame.shrink_grey(HALVINGS), part.region)
        last = self._searched.get(part)
        now_s = frame.elapsed_s
        is_needed = last is None or not 0 <= now_s - last.at_s < SLOW_CYCLE_S
        if last is not None and not is_needed:
            is_needed = self._has_changed(part.region, cells, last, known)
        if is_needed:
            self._searched[part] = _Searched(cells.copy(), now_s, tuple(known))
        return is_needed

    def _has_changed(self, region: Box, cells: Image, last: _Searched, known: Sequence[Box]) -> bool:
        counts = np.ones(cells.shape, np.uint8)
        for box in (*known, *last.known):
            _blank(counts, box, region)
        mean, largest = preprocess.measure_difference(cells, last.picture, counts)
        self._noise = min(max(MIN_NOISE, mean), self._noise * NOISE_RISE, MAX_NOISE)
        return largest > max(MIN_CHANGE, NOISE_FACTOR * self._noise)


def _cut(picture: Image, region: Box) -> Image:
    """The cells of `region`, at least one."""
    height, width = picture.shape
    top, left = min(region.top // SHRINK, height - 1), min(region.left // SHRINK, width - 1)
    bottom, right = -(-region.bottom // SHRINK), -(-region.right // SHRINK)
    return picture[top : max(bottom, top + 1), left : max(right, left + 1)]


def _blank(counts: Image, box: Box, region: Box) -> None:
    """Set the cells of the face in `box` and about it to 0; `counts` holds the cells of `region`."""
    margin_px = round(FACE_MARGIN * box.height)
    first_row, first_column = region.top // SHRINK, region.left // SHRINK
    top = max(0, (box.top - margin_px) // SHRINK - first_row)
    left = max(0, (box.left - margin_px) // SHRINK - first_column)
    bottom = max(0, -(-(box.bottom + margin_px) // SHRINK) - first_row)
    right = max(0, -(-(box.right + margin_px) // SHRINK) - first_column)
    counts[top:bottom, left:right] = 0

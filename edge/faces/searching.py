"""How a whole frame is searched a part at a time."""

import math
from collections.abc import Iterator, Sequence

from edge.contracts import Box, Search

# A level's smallest faces are twice as high as those of the level before.
LEVEL_STEP = 2
# A part is at least so many times as long as it overlaps the next.
LEAST_PART = 1.5


def parts(
    width: int, height: int, min_face_px: int, *, smallest_px: int, span: float, picture: tuple[int, int]
) -> tuple[Search, ...]:
    """Searches that together find the faces from `min_face_px` in a frame of `width` × `height` px.

    A detector shrinks what it searches until the smallest faces wanted are `smallest_px` high.  Each part
    is then about `picture` (width, height) px large at the most.  There are levels from the smallest faces to the
    largest.  Parts of one level overlap so that each face of up to `span` times the smallest lies in one of them
    wholly: more than LEVEL_STEP, since detectors are unsure near the smallest.  Larger ones are taken where they fit.
    """
    searches: list[Search] = []
    least_px = min_face_px
    while True:
        shrink = min(1.0, smallest_px / least_px)
        most_wide, most_high = (math.floor(side / shrink) for side in picture)
        if width <= most_wide and height <= most_high:
            return *searches, Search(Box(0, 0, width, height), least_px, max(least_px, height))
        overlap_px = round(span * least_px)
        least_long = math.ceil(LEAST_PART * overlap_px)
        columns = list(_cut(width, max(most_wide, least_long), overlap_px))
        rows = list(_cut(height, max(most_high, least_long), overlap_px))
        searches += (
            Search(Box(left, top, wide, high), least_px, max(least_px, high))
            for top, high in rows
            for left, wide in columns
        )
        least_px *= LEVEL_STEP


def _cut(length: int, most: int, overlap: int) -> Iterator[tuple[int, int]]:
    """Start and length of equal pieces, each of `most` px at most, that cover `length` and overlap by `overlap`."""
    count = max(1, math.ceil((length - overlap) / (most - overlap)))
    piece = min(length, math.ceil((length + (count - 1) * overlap) / count))
    for index in range(count):
        yield round(index * (length - piece) / max(1, count - 1)), piece


class Schedule:
    """Deals out the parts so that each has its turn in every `cycle_s`, spread evenly over the frames."""

    def __init__(self, parts: Sequence[Search], cycle_s: float) -> None:
        """`cycle_s` is in seconds of the media time."""
        self._parts, self._cycle_s = parts, cycle_s
        self._next = 0
        self._dealt_s: float | None = None
        # Turns that have come, in parts; what is left of one waits for the next frame.
        self._due = 0.0

    def due(self, now_s: float) -> Sequence[Search]:
        """The parts whose turn has come by `now_s`: all of them the first time, and after a pause of a whole cycle."""
        count = len(self._parts)
        if not count:
            return ()
        passed_s = self._cycle_s if self._dealt_s is None else max(0.0, now_s - self._dealt_s)
        self._due = min(count, self._due + passed_s / self._cycle_s * count)
        self._dealt_s = now_s
        turns = math.floor(self._due)
        self._due -= turns
        chosen = [self._parts[(self._next + turn) % count] for turn in range(turns)]
        self._next = (self._next + turns) % count
        return chosen

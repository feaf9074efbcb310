"""Plans the search of a whole frame: divides it into parts and spreads them over several frames."""

import math
from collections.abc import Iterator, Sequence

from edge.contracts import Box, Search

# The height of the smallest faces of a level, relative to those of the level before.
LEVEL_STEP = 2
# The smallest side of a part, relative to its overlap with the next part.
MIN_PART = 1.5


def plan_searches(
    width: int, height: int, min_face_px: int, *, smallest_px: int, span: float, picture: tuple[int, int]
) -> tuple[Search, ...]:
    """Searches that together find every face of at least `min_face_px` in a frame of `width` × `height` px.

    A detector shrinks a part until the smallest faces to find are `smallest_px` high; the part then measures
    at most about `picture` (width, height) px.  There is one level of parts for each range of face sizes.
    The parts of a level overlap so far that every face of up to `span` times the level's smallest height lies
    wholly in one of them.  `span` is more than LEVEL_STEP, because detectors are unsure near the smallest
    size.  A larger face is found where it fits into a part.
    """
    searches: list[Search] = []
    level_px = min_face_px
    while True:
        shrink = min(1.0, smallest_px / level_px)
        max_width, max_height = (math.floor(side / shrink) for side in picture)
        if width <= max_width and height <= max_height:
            return *searches, Search(Box(0, 0, width, height), level_px, max(level_px, height))
        overlap_px = round(span * level_px)
        min_side = math.ceil(MIN_PART * overlap_px)
        columns = list(_divide(width, max(max_width, min_side), overlap_px))
        rows = list(_divide(height, max(max_height, min_side), overlap_px))
        searches += (
            Search(Box(left, top, part_width, part_height), level_px, max(level_px, part_height))
            for top, part_height in rows
            for left, part_width in columns
        )
        level_px *= LEVEL_STEP


def _divide(length: int, max_piece: int, overlap: int) -> Iterator[tuple[int, int]]:
    """Start and length, px, of equal pieces of at most `max_piece` that cover `length` and overlap."""
    count = max(1, math.ceil((length - overlap) / (max_piece - overlap)))
    piece = min(length, math.ceil((length + (count - 1) * overlap) / count))
    for index in range(count):
        yield round(index * (length - piece) / max(1, count - 1)), piece


class Schedule:
    """Chooses the parts to search in each frame, so that every part is searched once per `cycle_s`.

    The searches are spread evenly over the frames.
    """

    def __init__(self, parts: Sequence[Search], cycle_s: float) -> None:
        """`cycle_s` is in seconds of media time."""
        self._parts, self._cycle_s = parts, cycle_s
        self._next = 0
        self._taken_s: float | None = None
        # How many parts are due.  The fraction waits for the next frame.
        self._due = 0.0

    def take_due(self, now_s: float) -> Sequence[Search]:
        """The parts to search at `now_s`: all of them the first time, and after a pause of a whole cycle."""
        count = len(self._parts)
        if not count:
            return ()
        passed_s = self._cycle_s if self._taken_s is None else max(0.0, now_s - self._taken_s)
        self._due = min(count, self._due + passed_s / self._cycle_s * count)
        self._taken_s = now_s
        due_count = math.floor(self._due)
        self._due -= due_count
        chosen = [self._parts[(self._next + index) % count] for index in range(due_count)]
        self._next = (self._next + due_count) % count
        return chosen

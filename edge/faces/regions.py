"""Places the region in which a known face is searched for, and keeps it until the face has moved or grown.

A detector answers a little differently when its picture is shifted or scaled by a fraction of a cell.  A
region that followed every pixel of the last box would feed the noise of that box into the next one.
"""

import math
from dataclasses import dataclass

from edge.contracts import Box, RegionGrid, Search

# A region is kept until the face's centre has moved by this share of the height it was planned for ...
MAX_MOVE = 0.25
# ... or the face is higher or lower than that by more than this factor.
MAX_SIZE_CHANGE = 1.3
# The scales of regions differ by this factor.  It is well below MAX_SIZE_CHANGE squared, so that a face
# between two scales does not go to and fro.
SCALE_STEP = 2**0.5
# Scales are multiples of 1 / 8, so that a cell of any grid has whole pixels in the frame.
_DIVISIONS = 8
# From one frame to the next, the height of a face changes by factors between these.
MIN_GROWTH, MAX_GROWTH = 0.7, 1.4


@dataclass(frozen=True, slots=True)
class Region:
    """The search near a known face, and the face for which it was planned."""

    search: Search
    centre_x_px: float
    centre_y_px: float
    face_px: float

    def holds(self, box: Box) -> bool:
        """Whether `box` has neither moved nor grown so far that the region has to be planned again."""
        max_move_px = MAX_MOVE * self.face_px
        return (
            abs(box.left + box.width / 2 - self.centre_x_px) <= max_move_px
            and abs(box.top + box.height / 2 - self.centre_y_px) <= max_move_px
            and self.face_px / MAX_SIZE_CHANGE <= box.height <= self.face_px * MAX_SIZE_CHANGE
        )


def plan_region(box: Box, width: int, height: int, grid: RegionGrid, *, is_wide: bool = False) -> Region:
    """The region around `box`, within a frame of `width` × `height` px, for a detector with `grid`.

    Its scale is one of a series, its place one of the places a cell apart.
    """
    steps = round(math.log(max(1, box.height) / grid.face_px, SCALE_STEP))
    divisions = max(1, round(_DIVISIONS * SCALE_STEP**steps))
    shrink = divisions / _DIVISIONS
    side_px = shrink * (grid.wide_picture_px if is_wide else grid.picture_px)
    left, region_width, centre_x_px = _place(box.left + box.width / 2, side_px, shrink * grid.cell_px, width)
    top, region_height, centre_y_px = _place(box.top + box.height / 2, side_px, shrink * grid.cell_px, height)
    face_px = shrink * grid.face_px
    search = Search(
        Box(left, top, region_width, region_height),
        max(1, round(MIN_GROWTH * face_px)),
        max(1, round(MAX_GROWTH * face_px)),
        is_tracking=True,
        scale=1 / shrink,
    )
    return Region(search, centre_x_px, centre_y_px, face_px)


def _place(centre_px: float, side_px: float, cell_px: float, length_px: int) -> tuple[int, int, float]:
    """Start and length of the region along one axis, and the centre for which it was planned.

    The region is moved into the frame by whole cells, and then cut off where it still reaches beyond.
    """
    cells = round((centre_px - side_px / 2) / cell_px)
    last_cells = max(0, math.ceil((length_px - side_px) / cell_px))
    start_px = cell_px * max(0, min(cells, last_cells))
    first, end = round(start_px), min(length_px, round(start_px + side_px))
    return first, end - first, cells * cell_px + side_px / 2

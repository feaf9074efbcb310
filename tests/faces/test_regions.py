"""Where a known face is searched for: scales in steps, places on a grid, kept while the face hardly moves."""

import pytest

from edge.contracts import Box, RegionGrid
from edge.faces.regions import MAX_MOVE, MAX_SIZE_CHANGE, plan_region

GRID = RegionGrid(face_px=64, picture_px=128, wide_picture_px=160, cell_px=32)
WIDTH, HEIGHT = 1920, 1080


def plan(box: Box, *, is_wide: bool = False) -> Box:
    return plan_region(box, WIDTH, HEIGHT, GRID, is_wide=is_wide).search.region


@pytest.mark.parametrize("size", range(20, 600, 7))
def test_face_of_any_size_is_shown_whole_with_space_around_it(size: int) -> None:
    box = Box(700, 300, size, size)
    region = plan_region(box, WIDTH, HEIGHT, GRID)
    assert region.search.region.intersection_area(box) == box.area
    assert region.search.scale is not None
    shown_px = size * region.search.scale
    assert GRID.face_px / 1.35 <= shown_px <= GRID.face_px * 1.35
    assert region.search.min_face_px < size < region.search.max_face_px


@pytest.mark.parametrize("size", [30, 64, 105, 333])
def test_both_sides_are_resized_by_the_same_factor_to_whole_pixels(size: int) -> None:
    region = plan_region(Box(700, 300, size, size), WIDTH, HEIGHT, GRID)
    assert region.search.scale is not None
    sides = region.search.region.width, region.search.region.height
    assert [side * region.search.scale for side in sides] == pytest.approx([GRID.picture_px] * 2)


def test_regions_of_a_moving_face_are_whole_cells_apart() -> None:
    regions = [plan_region(Box(left, 300, 100, 100), WIDTH, HEIGHT, GRID) for left in range(400, 700, 3)]
    (scale,) = {region.search.scale for region in regions}
    assert scale is not None
    cells = [region.search.region.left * scale / GRID.cell_px for region in regions]
    assert cells == pytest.approx([round(cell) for cell in cells])
    assert 5 < len(set(cells)) < 10


def test_sizes_of_a_growing_face_have_few_scales() -> None:
    scales = {
        plan_region(Box(400, 100, size, size), WIDTH, HEIGHT, GRID).search.scale for size in range(50, 401)
    }
    assert len(scales) <= 8


def test_region_holds_a_face_until_it_has_moved_or_grown() -> None:
    # The middle of this face is the middle of a region.
    region = plan_region(Box(700, 300, 100, 100), WIDTH, HEIGHT, GRID)
    x, y, size = round(region.centre_x_px), round(region.centre_y_px), round(region.face_px)

    def holds(dx: float, dy: float, growth: float) -> bool:
        side = round(size * growth)
        return region.holds(
            Box(round(x + dx * size) - side // 2, round(y + dy * size) - side // 2, side, side)
        )

    assert holds(0, 0, 1) and holds(0.9 * MAX_MOVE, -0.9 * MAX_MOVE, 1)
    assert not holds(1.1 * MAX_MOVE, 0, 1) and not holds(0, -1.1 * MAX_MOVE, 1)
    assert holds(0, 0, 0.95 * MAX_SIZE_CHANGE) and not holds(0, 0, 1.05 * MAX_SIZE_CHANGE)
    assert holds(0, 0, 1.05 / MAX_SIZE_CHANGE) and not holds(0, 0, 0.95 / MAX_SIZE_CHANGE)


@pytest.mark.parametrize("left", [-30, 0, 5, 1800, 1815, 1850])
@pytest.mark.parametrize("top", [-30, 0, 5, 960, 975, 1000])
def test_region_at_an_edge_lies_in_the_frame_and_shows_the_face(left: int, top: int) -> None:
    box = Box(left, top, 110, 110)
    region = plan(box)
    assert 0 <= region.left < region.right <= WIDTH and 0 <= region.top < region.bottom <= HEIGHT
    inside = Box(
        max(0, left), max(0, top), min(left + 110, WIDTH) - max(0, left), min(top + 110, HEIGHT) - max(0, top)
    )
    assert region.intersection_area(inside) == inside.area


def test_face_as_high_as_the_frame_is_searched_for_in_the_whole_frame() -> None:
    assert plan(Box(400, 0, HEIGHT, HEIGHT)).height == HEIGHT


def test_wide_region_is_larger_at_the_same_scale() -> None:
    box = Box(700, 300, 100, 100)
    near, wide = (plan_region(box, WIDTH, HEIGHT, GRID, is_wide=is_wide).search for is_wide in (False, True))
    assert near.scale == wide.scale
    assert wide.region.width == near.region.width * 160 / 128

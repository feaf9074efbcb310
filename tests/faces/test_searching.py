"""The parts of a whole search, and whose turn it is."""

import pytest

from edge.contracts import Box, Search
from edge.faces.searching import Schedule, plan_searches

FRAMES = [(640, 480), (596, 336), (1280, 720), (1920, 1080), (320, 240), (100, 700), (64, 64)]
PICTURE = (320, 128)


def plan(width: int, height: int, min_face_px: int = 48) -> tuple[Search, ...]:
    return plan_searches(width, height, min_face_px, smallest_px=24, span=3, picture=PICTURE)


@pytest.mark.parametrize(("width", "height"), FRAMES)
def test_face_of_any_size_anywhere_lies_wholly_in_a_part_that_looks_for_it(width: int, height: int) -> None:
    searches = plan(width, height)
    for size in range(48, min(width, height) + 1, 23):
        for left in range(0, width - size + 1, 29):
            for top in range(0, height - size + 1, 17):
                face = Box(left, top, size, size)
                assert any(
                    search.region.intersection_area(face) == face.area
                    and search.min_face_px <= size <= search.max_face_px
                    for search in searches
                ), face


@pytest.mark.parametrize(("width", "height"), FRAMES)
def test_parts_lie_in_the_frame(width: int, height: int) -> None:
    for search in plan(width, height):
        assert search.region.left >= 0 and search.region.right <= width
        assert search.region.top >= 0 and search.region.bottom <= height


@pytest.mark.parametrize(("width", "height"), FRAMES)
def test_no_part_is_long(width: int, height: int) -> None:
    for search in plan(width, height):
        shrink = min(1.0, 24 / search.min_face_px)
        assert search.region.area * shrink**2 <= 1.05 * PICTURE[0] * PICTURE[1]


def test_frame_that_is_small_enough_is_one_part() -> None:
    assert plan(320, 240, min_face_px=48) == (Search(Box(0, 0, 320, 240), 48, 240),)


def test_face_larger_than_the_frame_is_no_reason_to_fail() -> None:
    assert plan(64, 64, min_face_px=100) == (Search(Box(0, 0, 64, 64), 100, 100),)


@pytest.mark.parametrize("fps", [2, 5, 10, 24.7, 30, 60])
def test_each_part_has_its_turn_in_every_cycle(fps: float) -> None:
    searches = plan(1280, 720)
    schedule = Schedule(searches, 0.25)
    last_s = dict.fromkeys(searches, 0.0)
    assert set(schedule.take_due(0.0)) == set(searches)
    for step in range(1, 200):
        now_s = step / fps
        for part in schedule.take_due(now_s):
            last_s[part] = now_s
        assert now_s - min(last_s.values()) < 0.25 + 1 / fps


def test_parts_are_spread_over_the_frames() -> None:
    schedule = Schedule(plan(1280, 720), 0.25)
    count = len(schedule.take_due(0.0))
    per_frame = [len(schedule.take_due(step / 30)) for step in range(1, 300)]
    assert max(per_frame) - min(per_frame) <= 1
    assert max(per_frame) <= count * (1 / 30) / 0.25 + 1


def test_pause_is_followed_by_all_parts_once() -> None:
    searches = plan(640, 480)
    schedule = Schedule(searches, 0.25)
    schedule.take_due(0.0)
    assert sorted(map(str, schedule.take_due(100.0))) == sorted(map(str, searches))


def test_clock_that_stands_still_or_goes_back_costs_nothing() -> None:
    schedule = Schedule(plan(640, 480), 0.25)
    schedule.take_due(5.0)
    assert list(schedule.take_due(5.0)) == list(schedule.take_due(1.0)) == []


def test_nothing_to_deal_out_is_no_error() -> None:
    assert not Schedule((), 0.25).take_due(0.0)

"""Agreement and delays, in frames made to order."""

from dataclasses import replace

import pytest

from benchmarks.agreement.face_agreement import (
    TrackedFace,
    count_agreeing,
    count_agreeing_on_known,
    count_ids,
    count_with_extra_faces,
    find_visits,
    measure_detection_delay_s,
    measure_drop_delay_s,
)
from edge.contracts import Box
from tests.benchmarks.agreement.frames import FACE, FAR, make_frames


def shift(box: Box, by_px: int) -> Box:
    return Box(box.left + by_px, box.top, box.width, box.height)


def test_frame_agrees_when_the_pipeline_has_every_face_of_the_full_search() -> None:
    frames = make_frames(
        [[FACE], [shift(FACE, 30)], [shift(FACE, 40)], [FACE], [FACE]],
        [[FACE], [FACE], [FACE], [FACE, FAR], []],
    )
    assert count_agreeing(frames) == (2, 4)


def test_one_face_of_the_pipeline_does_not_stand_for_two() -> None:
    assert count_agreeing(make_frames([[FACE]], [[FACE, shift(FACE, 5)]])) == (0, 1)


def test_face_that_the_full_search_does_not_find_is_extra() -> None:
    assert count_with_extra_faces(make_frames([[FACE], [FACE, FAR], [FACE]], [[FACE], [FACE], []])) == 2


def test_visit_lasts_over_a_short_gap_and_not_over_a_long_one() -> None:
    full = [[FACE]] * 5 + [[]] * 4 + [[FACE]] * 5 + [[]] * 6 + [[FACE]] * 5
    faces = find_visits(make_frames([[]] * 25, full))
    assert [(face.first, face.last) for face in faces] == [(0, 13), (20, 24)]


def test_face_that_appears_briefly_is_no_visit() -> None:
    assert find_visits(make_frames([[]] * 5, [[FACE], [FACE], [], [FAR], []])) == []


def test_two_faces_are_two_visits() -> None:
    full = [[shift(FACE, 10 * step), shift(FAR, -10 * step)] for step in range(5)]
    assert [len(face.boxes) for face in find_visits(make_frames([[]] * 5, full))] == [5, 5]


def test_delay_until_a_face_is_found() -> None:
    frames = make_frames([[], [FAR], [FACE], [FACE], [FACE], [FACE]], [[]] + [[FACE]] * 5)
    (face,) = find_visits(frames)
    assert measure_detection_delay_s(frames, face) == pytest.approx(0.1)


def test_face_that_the_pipeline_never_has_has_no_delay() -> None:
    frames = make_frames([[]] * 5, [[FACE]] * 5)
    (face,) = find_visits(frames)
    assert measure_detection_delay_s(frames, face) is None
    assert count_ids(frames, face) == 0


@pytest.mark.parametrize(("shown", "delay_s"), [(0, 0.1), (3, 0.4), (8, 0.8)])
def test_delay_until_a_lost_face_is_dropped(shown: int, delay_s: float) -> None:
    frames = make_frames([[FACE]] * (5 + shown) + [[]] * (8 - shown), [[FACE]] * 5 + [[]] * 8)
    (face,) = find_visits(frames)
    assert measure_drop_delay_s(frames, face) == pytest.approx(delay_s)


def test_new_face_need_not_be_found_yet() -> None:
    frames = make_frames([[]] * 3 + [[FACE]] * 3 + [[]], [[FACE]] * 7)
    assert count_agreeing(frames) == (3, 7)
    assert count_agreeing_on_known(frames) == (3, 4)


def test_face_that_is_cut_out_is_gone_from_then_on() -> None:
    frames = make_frames([[FACE]] * 14 + [[]] * 8, [[FACE]] * 5 + [[]] * 17)
    (face,) = find_visits(frames)
    assert measure_drop_delay_s(frames, face, by_cut=True) is None
    frames[12] = replace(frames[12], is_cut=True)
    assert measure_drop_delay_s(frames, face, by_cut=True) == pytest.approx(0.2)


def test_id_that_goes_on_to_another_face_does_not_show_the_old_one() -> None:
    frames = make_frames([[FACE]] * 5 + [[FAR]] * 8, [[FACE]] * 5 + [[FAR]] * 8)
    assert measure_drop_delay_s(frames, find_visits(frames)[0]) == pytest.approx(0.1)


def test_face_that_stays_until_the_end_is_not_dropped() -> None:
    frames = make_frames([[FACE]] * 8, [[FACE]] * 5 + [[]] * 3)
    assert measure_drop_delay_s(frames, find_visits(frames)[0]) is None


def test_ids_of_a_face_are_counted() -> None:
    frames = make_frames(
        [[TrackedFace(FACE, 1, "", "")]] * 3
        + [[TrackedFace(FACE, 2, "", ""), TrackedFace(FAR, 3, "", "")]] * 3,
        [[FACE]] * 6,
    )
    assert count_ids(frames, find_visits(frames)[0]) == 2

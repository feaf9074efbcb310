"""Agreement, delays and changes of label, on frames made to order at 10 a second."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from benchmarks.agreement import quality
from benchmarks.agreement.quality import Labelled, Moment, Seen
from edge.contracts import Box

FACE, FAR = Box(100, 100, 100, 100), Box(400, 100, 100, 100)


def moments(line: Sequence[Sequence[Box | Seen]], full: Sequence[Sequence[Box]]) -> list[Moment]:
    """A frame for each pair, the line's boxes as track 1 where nothing else is said."""
    return [
        Moment(
            index / 10,
            [box if isinstance(box, Seen) else Seen(box, 1, "happy", "happy") for box in boxes],
            found,
        )
        for index, (boxes, found) in enumerate(zip(line, full, strict=True))
    ]


def moved(box: Box, by_px: int) -> Box:
    return Box(box.left + by_px, box.top, box.width, box.height)


def test_frame_agrees_when_every_face_of_the_full_search_has_one_of_the_line() -> None:
    seen = moments(
        [[FACE], [moved(FACE, 30)], [moved(FACE, 40)], [FACE], [FACE]],
        [[FACE], [FACE], [FACE], [FACE, FAR], []],
    )
    assert quality.agreeing(seen) == (2, 4)


def test_one_face_of_the_line_does_not_do_for_two() -> None:
    assert quality.agreeing(moments([[FACE]], [[FACE, moved(FACE, 5)]])) == (0, 1)


def test_face_that_the_full_search_does_not_find_is_extra() -> None:
    assert quality.extra(moments([[FACE], [FACE, FAR], [FACE]], [[FACE], [FACE], []])) == 2


def test_presence_lasts_over_a_short_gap_and_not_over_a_long_one() -> None:
    full = [[FACE]] * 5 + [[]] * 4 + [[FACE]] * 5 + [[]] * 6 + [[FACE]] * 5
    faces = quality.presences(moments([[]] * 25, full))
    assert [(face.first, face.last) for face in faces] == [(0, 13), (20, 24)]


def test_what_flashes_up_is_no_presence() -> None:
    assert quality.presences(moments([[]] * 5, [[FACE], [FACE], [], [FAR], []])) == []


def test_two_faces_are_two_presences() -> None:
    full = [[moved(FACE, 10 * step), moved(FAR, -10 * step)] for step in range(5)]
    assert [len(face.boxes) for face in quality.presences(moments([[]] * 5, full))] == [5, 5]


def test_delay_until_a_face_is_found() -> None:
    seen = moments([[], [FAR], [FACE], [FACE], [FACE], [FACE]], [[]] + [[FACE]] * 5)
    (face,) = quality.presences(seen)
    assert quality.found_after_s(seen, face) == pytest.approx(0.1)


def test_face_that_the_line_never_has_has_no_delay() -> None:
    seen = moments([[]] * 5, [[FACE]] * 5)
    (face,) = quality.presences(seen)
    assert quality.found_after_s(seen, face) is None
    assert quality.ids_of(seen, face) == 0


@pytest.mark.parametrize(("held", "delay_s"), [(0, 0.1), (3, 0.4), (8, 0.8)])
def test_delay_until_a_lost_face_is_dropped(held: int, delay_s: float) -> None:
    seen = moments([[FACE]] * (5 + held) + [[]] * (8 - held), [[FACE]] * 5 + [[]] * 8)
    (face,) = quality.presences(seen)
    assert quality.dropped_after_s(seen, face) == pytest.approx(delay_s)


def test_new_face_is_not_asked_for() -> None:
    seen = moments([[]] * 3 + [[FACE]] * 3 + [[]], [[FACE]] * 7)
    assert quality.agreeing(seen) == (3, 7)
    assert quality.agreeing_on_known(seen) == (3, 4)


def test_face_that_the_full_search_loses_is_lost_when_it_is_cut_out() -> None:
    seen = moments([[FACE]] * 14 + [[]] * 8, [[FACE]] * 5 + [[]] * 17)
    (face,) = quality.presences(seen)
    assert quality.dropped_after_s(seen, face, by_cut=True) is None
    seen[12] = replace(seen[12], is_cut=True)
    assert quality.dropped_after_s(seen, face, by_cut=True) == pytest.approx(0.2)


def test_id_that_went_on_to_another_face_is_not_held() -> None:
    seen = moments([[FACE]] * 5 + [[FAR]] * 8, [[FACE]] * 5 + [[FAR]] * 8)
    assert quality.dropped_after_s(seen, quality.presences(seen)[0]) == pytest.approx(0.1)


def test_face_that_stays_until_the_end_is_not_dropped() -> None:
    seen = moments([[FACE]] * 8, [[FACE]] * 5 + [[]] * 3)
    assert quality.dropped_after_s(seen, quality.presences(seen)[0]) is None


def test_ids_of_a_face_are_counted() -> None:
    seen = moments(
        [[Seen(FACE, 1, "", "")]] * 3 + [[Seen(FACE, 2, "", ""), Seen(FAR, 3, "", "")]] * 3, [[FACE]] * 6
    )
    assert quality.ids_of(seen, quality.presences(seen)[0]) == 2


def test_labels_are_told_by_track() -> None:
    seen = moments(
        [[Seen(FACE, 1, "happy", "sad"), Seen(FAR, 2, "fear", "fear")], [Seen(FACE, 1, "sad", "sad")]],
        [[], []],
    )
    assert quality.labelled(seen) == [
        Labelled((0.0, 0.1), ("happy", "sad"), ("sad", "sad")),
        Labelled((0.0,), ("fear",), ("fear",)),
    ]
    assert quality.changes(["a", "b", "b", "a"]) == 2


def track(raw: str, smoothed: str) -> Labelled:
    """A letter a frame."""
    return Labelled([index / 10 for index in range(len(raw))], raw, smoothed)


def test_lasting_change_arrives_late() -> None:
    (delay_s,) = quality.label_delays_s(track(10 * "a" + 10 * "b", 13 * "a" + 7 * "b"))
    assert delay_s == pytest.approx(0.3)


def test_change_that_flickers_counts_once() -> None:
    assert len(quality.label_delays_s(track(10 * "a" + "bab" + 10 * "b", 13 * "a" + 10 * "b"))) == 1


def test_odd_frame_is_no_lasting_change() -> None:
    assert quality.label_delays_s(track(10 * "a" + "b" + 10 * "a", 21 * "a")) == []


def test_change_that_never_arrives_counts_to_the_end() -> None:
    (delay_s,) = quality.label_delays_s(track(10 * "a" + 10 * "b", 20 * "a"))
    assert delay_s == pytest.approx(0.9)


def test_change_near_an_end_cannot_be_told() -> None:
    assert quality.label_delays_s(track(3 * "a" + 10 * "b", 13 * "b")) == []
    assert quality.label_delays_s(track(10 * "a" + 3 * "b", 13 * "a")) == []

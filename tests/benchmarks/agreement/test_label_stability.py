"""Changes of label and their delays, in frames made to order."""

import pytest

from benchmarks.agreement.face_agreement import TrackedFace
from benchmarks.agreement.label_stability import (
    LabelHistory,
    collect_histories,
    count_changes,
    measure_label_delays_s,
)
from tests.benchmarks.agreement.frames import FACE, FAR, make_frames


def test_labels_are_collected_by_track() -> None:
    frames = make_frames(
        [
            [TrackedFace(FACE, 1, "happy", "sad"), TrackedFace(FAR, 2, "fear", "fear")],
            [TrackedFace(FACE, 1, "sad", "sad")],
        ],
        [[], []],
    )
    assert collect_histories(frames) == [
        LabelHistory((0.0, 0.1), ("happy", "sad"), ("sad", "sad")),
        LabelHistory((0.0,), ("fear",), ("fear",)),
    ]
    assert count_changes(["a", "b", "b", "a"]) == 2


def make_history(raw: str, smoothed: str) -> LabelHistory:
    """A label of one letter for each frame."""
    return LabelHistory([index / 10 for index in range(len(raw))], raw, smoothed)


def test_lasting_change_arrives_late() -> None:
    (delay_s,) = measure_label_delays_s(make_history(10 * "a" + 10 * "b", 13 * "a" + 7 * "b"))
    assert delay_s == pytest.approx(0.3)


def test_change_that_flickers_counts_once() -> None:
    assert len(measure_label_delays_s(make_history(10 * "a" + "bab" + 10 * "b", 13 * "a" + 10 * "b"))) == 1


def test_odd_frame_is_no_lasting_change() -> None:
    assert measure_label_delays_s(make_history(10 * "a" + "b" + 10 * "a", 21 * "a")) == []


def test_change_that_never_arrives_counts_to_the_end() -> None:
    (delay_s,) = measure_label_delays_s(make_history(10 * "a" + 10 * "b", 20 * "a"))
    assert delay_s == pytest.approx(0.9)


def test_change_near_an_end_is_left_out() -> None:
    assert measure_label_delays_s(make_history(3 * "a" + 10 * "b", 13 * "b")) == []
    assert measure_label_delays_s(make_history(10 * "a" + 3 * "b", 13 * "a")) == []

"""Smoothed expressions and their labels, on scripted sequences."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from edge.contracts import UNCERTAIN, Box, Expression, Face
from edge.faces.smoothing import FORGOTTEN_AFTER_S, HOLD_S, ExponentialSmoother
from edge.frames import Image
from tests.scripted import frame_at

LABELS = ("happy", "sad", "neutral")
HAPPY, SAD, UNSURE = (0.8, 0.1, 0.1), (0.1, 0.8, 0.1), (0.36, 0.34, 0.3)
SHARP: Image = np.random.default_rng(1).integers(0, 256, (48, 48), np.uint8)
BLURRED: Image = np.full((48, 48), 128, np.uint8)


def expression_of(*probabilities: float) -> Expression:
    return Expression(np.array(probabilities, np.float32), LABELS)


def read(
    smoother: ExponentialSmoother,
    elapsed_s: float,
    *probabilities: float,
    track_id: int = 1,
    height_px: int = 100,
    crop: Image = SHARP,
) -> Expression:
    face = Face(Box(0, 0, height_px, height_px), 1.0, track_id=track_id)
    (reading,) = smoother.smooth([face], [crop], [expression_of(*probabilities)], frame_at(elapsed_s))
    return reading.smoothed


def labels_of(script: Sequence[tuple[float, ...]], fps: float = 30) -> list[str]:
    smoother = ExponentialSmoother()
    return [read(smoother, step / fps, *probabilities).label for step, probabilities in enumerate(script)]


def changes(labels: list[str]) -> int:
    return sum(one != other for one, other in pairwise(labels))


def test_first_reading_of_a_track_is_its_raw_expression() -> None:
    np.testing.assert_allclose(read(ExponentialSmoother(), 0.0, *HAPPY).probabilities, HAPPY, rtol=1e-5)


def test_raw_expression_stays_as_it_was() -> None:
    smoother = ExponentialSmoother()
    read(smoother, 0.0, *HAPPY)
    raw = expression_of(*SAD)
    (reading,) = smoother.smooth(
        [Face(Box(0, 0, 100, 100), 1.0, track_id=1)], [SHARP], [raw], frame_at(1 / 30)
    )
    assert reading.raw is raw and reading.raw.label == "sad" and reading.smoothed.label == "happy"


def test_odd_frames_do_not_change_the_label() -> None:
    assert set(labels_of([SAD if step in (10, 11, 25) else HAPPY for step in range(40)])) == {"happy"}


@pytest.mark.parametrize("fps", [10, 30, 60])
def test_lasting_change_is_shown_within_300_ms(fps: int) -> None:
    labels = labels_of([HAPPY] * fps + [SAD] * fps, fps)
    assert labels[fps - 1] == "happy"
    assert labels.index("sad", fps) - fps <= 0.3 * fps


def test_label_changes_at_least_three_times_less_often_than_the_raw_one() -> None:
    generator = np.random.default_rng(7)
    script = [tuple(generator.dirichlet(np.array([4.0, 2.5, 2.0]))) for _ in range(600)]
    raw = [expression_of(*probabilities).label for probabilities in script]
    assert 3 * changes(labels_of(script)) <= changes(raw)


def test_label_that_only_just_wins_now_and_then_is_not_shown() -> None:
    """The average itself crosses the border every other frame."""
    smoother = ExponentialSmoother(time_constant_s=1e-3)
    labels = [read(smoother, step / 30, *(HAPPY if step % 2 else SAD)).label for step in range(30)]
    assert len(set(labels)) == 1


def test_nothing_ahead_is_uncertain() -> None:
    assert labels_of([UNSURE] * 30)[-1] == UNCERTAIN
    assert labels_of([HAPPY] * 30 + [UNSURE] * 30)[-1] == UNCERTAIN


def test_two_frames_that_are_uncertain_are_not_shown() -> None:
    assert set(labels_of([HAPPY] * 10 + [UNSURE] * 2 + [HAPPY] * 10)) == {"happy"}


def test_probabilities_arrive_whatever_the_frame_rate() -> None:
    for fps in (5, 30, 120):
        smoother = ExponentialSmoother(time_constant_s=0.25)
        for step in range(2 * fps + 1):
            last = read(smoother, step / fps, *(HAPPY if step < fps else SAD))
        np.testing.assert_allclose(last.probabilities, SAD, atol=0.03)


def test_blurred_frame_counts_less_than_a_sharp_one() -> None:
    outcome = {}
    for name, crop in (("sharp", SHARP), ("blurred", BLURRED)):
        smoother = ExponentialSmoother()
        for step in range(10):
            read(smoother, step / 30, *HAPPY)
        outcome[name] = read(smoother, 10 / 30, *SAD, crop=crop).probabilities[1]
    assert outcome["blurred"] < outcome["sharp"]


def test_small_face_counts_less_than_the_same_face_large() -> None:
    outcome = {}
    for height_px in (24, 100):
        smoother = ExponentialSmoother()
        for step in range(10):
            read(smoother, step / 30, *HAPPY)
        outcome[height_px] = read(smoother, 10 / 30, *SAD, height_px=height_px).probabilities[1]
    assert outcome[24] < outcome[100]


def test_face_that_stays_blurred_and_small_is_read_all_the_same() -> None:
    smoother = ExponentialSmoother()
    read(smoother, 0.0, *HAPPY)
    for step in range(1, 90):
        last = read(smoother, step / 30, *SAD, height_px=24, crop=BLURRED)
    assert last.label == "sad"


def test_face_never_inherits_another_tracks_expression() -> None:
    smoother = ExponentialSmoother()
    for step in range(10):
        read(smoother, step / 30, *HAPPY)
    other = read(smoother, 11 / 30, *SAD, track_id=2)
    assert other.label == "sad"
    np.testing.assert_allclose(other.probabilities, SAD, rtol=1e-5)


def test_track_that_comes_back_late_starts_anew() -> None:
    smoother = ExponentialSmoother(time_constant_s=10)
    read(smoother, 0.0, *HAPPY)
    assert read(smoother, 3 * FORGOTTEN_AFTER_S, *SAD).label == "sad"


def test_change_is_held_back_for_a_moment_only() -> None:
    smoother = ExponentialSmoother(time_constant_s=1e-3)
    read(smoother, 0.0, *HAPPY)
    assert read(smoother, 0.3, *SAD).label == "happy"
    assert read(smoother, 0.3 + HOLD_S, *SAD).label == "sad"


def test_probability_of_zero_is_smoothed_without_a_warning() -> None:
    smoother = ExponentialSmoother()
    read(smoother, 0.0, 1.0, 0.0, 0.0)
    probabilities = read(smoother, 0.1, 1.0, 0.0, 0.0).probabilities
    assert np.isfinite(probabilities).all()
    assert probabilities.sum() == pytest.approx(1)


def test_two_readings_of_one_moment_are_no_error() -> None:
    smoother = ExponentialSmoother()
    read(smoother, 1.0, *HAPPY)
    assert read(smoother, 1.0, *SAD).label == "happy"


def test_face_without_an_id_is_refused() -> None:
    with pytest.raises(ValueError, match="track_id"):
        ExponentialSmoother().smooth(
            [Face(Box(0, 0, 10, 10), 1.0)], [SHARP], [expression_of(*HAPPY)], frame_at(0.0)
        )


def test_label_is_uncertain_when_no_class_is_ahead() -> None:
    assert expression_of(0.40, 0.35, 0.25).label == UNCERTAIN
    assert expression_of(0.50, 0.35, 0.15).label == "happy"
    assert expression_of(0.40, 0.35, 0.25).top_label == "happy"


def test_confidence_is_that_of_the_label_that_stands() -> None:
    held = Expression(np.array(SAD, np.float32), LABELS, kept_label="happy")
    assert held.label == "happy" and held.confidence == pytest.approx(0.1)
    assert expression_of(*UNSURE).label == UNCERTAIN and expression_of(*UNSURE).confidence == pytest.approx(
        0.36
    )

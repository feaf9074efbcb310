"""One suite over every smoother: what edge.contracts.Smoother promises."""

import numpy as np
import pytest

from edge.contracts import Expression, Face, Reading, Smoother
from edge.faces.smoothing import FORGOTTEN_AFTER_S, ExponentialSmoother
from edge.frames import Image
from tests.fakes import FakeSmoother
from tests.results import LABELS, expression_of, reading_of
from tests.scripted import face_at, frame_at

FPS = 30
CROP: Image = np.random.default_rng(1).integers(0, 256, (48, 48), np.uint8)


@pytest.fixture(params=["exponential", "fake"])
def smoother(request: pytest.FixtureRequest) -> Smoother:
    return ExponentialSmoother() if request.param == "exponential" else FakeSmoother()


def face_of(track_id: int) -> Face:
    return reading_of(face_at(100 * track_id).box, track_id).face


def smooth(smoother: Smoother, elapsed_s: float, labels: dict[int, str]) -> dict[int | None, Reading]:
    """The readings by track of a frame in which each track shows the label given."""
    faces = [face_of(track_id) for track_id in labels]
    expressions = [expression_of(label) for label in labels.values()]
    readings = smoother.smooth(faces, [CROP] * len(faces), expressions, frame_at(elapsed_s))
    return {reading.face.track_id: reading for reading in readings}


def test_frame_without_a_face_gives_no_reading(smoother: Smoother) -> None:
    assert smoother.smooth([], [], [], frame_at(0.0)) == ()


def test_readings_come_in_the_order_of_the_faces_with_what_was_read_from_them(smoother: Smoother) -> None:
    faces = [face_of(track_id) for track_id in (3, 1, 2)]
    expressions = [expression_of(label) for label in ("sad", "happy", "fear")]
    for step in range(5):
        readings = smoother.smooth(faces, [CROP] * 3, expressions, frame_at(step / FPS))
        assert [reading.face for reading in readings] == faces
        assert [reading.raw for reading in readings] == expressions


def test_smoothed_expression_is_one_of_the_same_labels(smoother: Smoother) -> None:
    for step in range(20):
        smoothed = smooth(smoother, step / FPS, {1: "sad" if step % 3 else "happy"})[1].smoothed
        assert smoothed.labels == LABELS and smoothed.probabilities.dtype == np.float32
        assert smoothed.probabilities.shape == (len(LABELS),)
        assert smoothed.probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_expression_that_stays_is_not_changed(smoother: Smoother) -> None:
    for step in range(30):
        (reading,) = smooth(smoother, step / FPS, {1: "sad"}).values()
        assert reading.smoothed.label == "sad"
        np.testing.assert_allclose(reading.smoothed.probabilities, reading.raw.probabilities, rtol=1e-4)


def test_lasting_change_is_followed(smoother: Smoother) -> None:
    labels = [
        smooth(smoother, step / FPS, {1: "sad" if step < FPS else "happy"})[1].smoothed.label
        for step in range(2 * FPS)
    ]
    assert (labels[FPS - 1], labels[-1]) == ("sad", "happy")


def test_tracks_are_smoothed_apart(smoother: Smoother) -> None:
    for step in range(30):
        readings = smooth(smoother, step / FPS, {1: "sad", 2: "happy"})
        assert {id_: reading.smoothed.label for id_, reading in readings.items()} == {1: "sad", 2: "happy"}


def test_track_that_was_not_seen_for_a_while_is_forgotten(smoother: Smoother) -> None:
    for step in range(30):
        smooth(smoother, step / FPS, {1: "sad"})
    raw: Expression = expression_of("happy")
    reading = smooth(smoother, 1 + 2 * FORGOTTEN_AFTER_S, {1: "happy"})[1]
    assert reading.smoothed.label == "happy"
    np.testing.assert_allclose(reading.smoothed.probabilities, raw.probabilities, rtol=1e-5)

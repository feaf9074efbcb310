"""Ids and smoothing on scripted sequences."""

import numpy as np
import pytest

from edge.contracts import UNCERTAIN, Box, Expression, Face, Frame, PixelFormat, Search
from edge.tracking import LOST_AFTER_S, ExponentialSmoother, IouTracker

LABELS = ("happy", "sad", "neutral")


def frame_at(elapsed_s: float) -> Frame:
    return Frame(np.zeros((480, 640), np.uint8), PixelFormat.GREY, 640, 480, 0, 0.0, elapsed_s)


def face_at(left: int, top: int = 100, size: int = 100) -> Face:
    return Face(Box(left, top, size, size), 1.0)


def expression_of(*probabilities: float) -> Expression:
    return Expression(np.array(probabilities, np.float32), LABELS)


class FakeDetector:
    """Finds the faces it is told to, wherever it is sent to look, and notes where that was."""

    name = "fake"

    def __init__(self, faces: list[Face]) -> None:
        self.faces = faces
        self.searches: list[Search] = []

    def detect(self, frame: Frame, search: Search) -> list[Face]:
        self.searches.append(search)
        return self.faces


def ids_of(tracker: IouTracker, faces: list[Face], elapsed_s: float) -> list[int | None]:
    return [face.track_id for face in tracker.track(frame_at(elapsed_s), FakeDetector(faces))]


def test_moving_face_keeps_its_id() -> None:
    tracker = IouTracker(48)
    ids = [ids_of(tracker, [face_at(100 + 10 * step)], step / 30) for step in range(20)]
    assert ids == [[1]] * 20


def test_two_faces_keep_their_ids_when_the_detector_changes_their_order() -> None:
    tracker = IouTracker(48)
    assert ids_of(tracker, [face_at(0), face_at(300)], 0.0) == [1, 2]
    assert ids_of(tracker, [face_at(305), face_at(5)], 0.1) == [2, 1]


def test_face_elsewhere_gets_an_id_that_was_never_used() -> None:
    tracker = IouTracker(48)
    assert ids_of(tracker, [face_at(0)], 0.0) == [1]
    assert ids_of(tracker, [face_at(400)], 0.1) == [2]
    assert ids_of(tracker, [face_at(200)], 0.2) == [3]


def test_id_survives_a_short_loss_and_no_longer_one() -> None:
    tracker = IouTracker(48)
    assert ids_of(tracker, [face_at(0)], 0.0) == [1]
    assert ids_of(tracker, [], 0.1) == []
    assert ids_of(tracker, [face_at(3)], LOST_AFTER_S) == [1]
    assert ids_of(tracker, [face_at(3)], 2.1 * LOST_AFTER_S) == [2]


def test_two_faces_on_one_track_share_no_id() -> None:
    tracker = IouTracker(48)
    ids_of(tracker, [face_at(0)], 0.0)
    assert sorted(ids_of(tracker, [face_at(10), face_at(0)], 0.1), key=str) == [1, 2]


def test_search_is_the_whole_frame() -> None:
    detector = FakeDetector([])
    IouTracker(48).track(frame_at(0.0), detector)
    search, = detector.searches
    assert (search.region, search.min_face_px, search.max_face_px) == (Box(0, 0, 640, 480), 48, 480)


def smoothed(smoother: ExponentialSmoother, track_id: int, expression: Expression, elapsed_s: float) -> Expression:
    face = Face(Box(0, 0, 10, 10), 1.0, track_id=track_id)
    return smoother.read([face], [expression], frame_at(elapsed_s))[0].smoothed


def test_first_reading_of_a_track_is_its_raw_expression() -> None:
    raw = expression_of(0.7, 0.2, 0.1)
    np.testing.assert_allclose(smoothed(ExponentialSmoother(), 1, raw, 0.0).probabilities, raw.probabilities, rtol=1e-5)


def test_one_odd_frame_does_not_change_the_label() -> None:
    smoother = ExponentialSmoother()
    for step in range(10):
        smoothed(smoother, 1, expression_of(0.8, 0.1, 0.1), step / 30)
    assert smoothed(smoother, 1, expression_of(0.3, 0.6, 0.1), 10 / 30).label == "happy"


def test_lasting_change_arrives_whatever_the_frame_rate() -> None:
    for fps in (5, 30, 120):
        smoother = ExponentialSmoother(time_constant_s=0.25)
        smoothed(smoother, 1, expression_of(0.8, 0.1, 0.1), 0.0)
        for step in range(1, fps + 1):
            last = smoothed(smoother, 1, expression_of(0.1, 0.8, 0.1), step / fps)
        assert last.label == "sad"
        np.testing.assert_allclose(last.probabilities, [0.1, 0.8, 0.1], atol=0.02)


def test_face_never_inherits_another_tracks_expression() -> None:
    smoother = ExponentialSmoother()
    for step in range(10):
        smoothed(smoother, 1, expression_of(0.9, 0.05, 0.05), step / 30)
    assert smoothed(smoother, 2, expression_of(0.1, 0.8, 0.1), 11 / 30).label == "sad"


def test_track_that_comes_back_late_starts_anew() -> None:
    smoother = ExponentialSmoother(time_constant_s=10)
    smoothed(smoother, 1, expression_of(0.9, 0.05, 0.05), 0.0)
    assert smoothed(smoother, 1, expression_of(0.1, 0.8, 0.1), 3 * LOST_AFTER_S).label == "sad"


def test_probability_of_zero_is_smoothed_without_a_warning() -> None:
    probabilities = smoothed(ExponentialSmoother(), 1, expression_of(1.0, 0.0, 0.0), 0.0).probabilities
    assert np.isfinite(probabilities).all()
    assert probabilities.sum() == pytest.approx(1)


def test_face_without_an_id_is_refused() -> None:
    with pytest.raises(ValueError, match="track_id"):
        ExponentialSmoother().read([face_at(0)], [expression_of(1, 0, 0)], frame_at(0.0))


def test_label_is_uncertain_when_no_class_is_ahead() -> None:
    assert expression_of(0.40, 0.35, 0.25).label == UNCERTAIN
    assert expression_of(0.50, 0.35, 0.15).label == "happy"
    assert expression_of(0.40, 0.35, 0.25).top == "happy"

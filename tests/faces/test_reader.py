"""The expression reader crops, classifies in one run, and smooths."""

from collections.abc import Sequence

import pytest

from edge.contracts import Expression, Face
from edge.faces.reader import MAX_AGE_S, MAX_FACES, SmoothingExpressionReader
from edge.faces.smoothing import ExponentialSmoother
from edge.frames import Frame, Image
from tests.fakes import FakeClassifier
from tests.results import expression_of, reading_of
from tests.scripted import face_at, frame_at


class ScriptedClassifier(FakeClassifier):
    """Reads the labels given, in this order, and counts its runs."""

    def __init__(self, *labels: str) -> None:
        super().__init__()
        self.expressions = [expression_of(label) for label in labels]

    def classify(self, crops: Sequence[Image]) -> list[Expression]:
        self.work()
        return self.expressions[: len(crops)]


def test_faces_of_a_frame_are_read_in_one_run_and_in_their_order() -> None:
    classifier = ScriptedClassifier("sad", "happy")
    reader = SmoothingExpressionReader(classifier, ExponentialSmoother())
    faces = [reading_of(face_at(100 * track_id).box, track_id).face for track_id in (2, 1)]
    readings = reader.read(frame_at(0.0), faces)
    assert [reading.face for reading in readings] == faces
    assert [reading.raw for reading in readings] == classifier.expressions
    assert [reading.smoothed.label for reading in readings] == ["sad", "happy"]
    assert classifier.calls == 1


def test_frame_without_a_face_gives_no_reading() -> None:
    assert SmoothingExpressionReader(FakeClassifier(), ExponentialSmoother()).read(frame_at(0.0), ()) == ()


class CountingClassifier(FakeClassifier):
    """Notes which tracks are cropped in each run."""

    def __init__(self) -> None:
        super().__init__()
        self.cropped: list[int | None] = []

    def crop(self, frame: Frame, face: Face) -> Image:
        self.cropped.append(face.track_id)
        return super().crop(frame, face)


def read_frames(count: int, *, fps: float, frames: int = 60) -> list[list[int | None]]:
    """The tracks that are classified in each frame, of `count` faces."""
    classifier = CountingClassifier()
    reader = SmoothingExpressionReader(classifier, ExponentialSmoother())
    faces = [reading_of(face_at(10 * track_id).box, track_id).face for track_id in range(count)]
    classified = []
    for step in range(frames):
        classifier.cropped = []
        readings = reader.read(frame_at(step / fps), faces)
        assert [reading.face for reading in readings] == faces
        classified.append(classifier.cropped)
    return classified


@pytest.mark.parametrize("count", [1, MAX_FACES])
def test_few_faces_are_classified_in_every_frame(count: int) -> None:
    assert read_frames(count, fps=30) == [list(range(count))] * 60


@pytest.mark.parametrize("count", [MAX_FACES + 1, 9, 20])
def test_many_faces_take_turns_and_none_waits_long(count: int) -> None:
    classified = read_frames(count, fps=30)
    assert len(classified[0]) == count and all(len(frame) == MAX_FACES for frame in classified[1:])
    last_s = dict.fromkeys(range(count), 0.0)
    for step, frame in enumerate(classified):
        last_s |= {track_id: step / 30 for track_id in frame if track_id is not None}
        assert step / 30 - min(last_s.values()) <= MAX_AGE_S


def test_slow_camera_has_every_face_classified_in_every_frame() -> None:
    assert read_frames(20, fps=4) == [list(range(20))] * 60


def test_new_face_among_many_is_classified_at_once() -> None:
    classifier = CountingClassifier()
    reader = SmoothingExpressionReader(classifier, ExponentialSmoother())
    faces = [reading_of(face_at(10 * track_id).box, track_id).face for track_id in range(20)]
    reader.read(frame_at(0.0), faces[:19])
    classifier.cropped = []
    reader.read(frame_at(0.03), faces)
    assert 19 in classifier.cropped and len(classifier.cropped) == MAX_FACES


def test_face_that_was_away_is_classified_anew() -> None:
    classifier = CountingClassifier()
    reader = SmoothingExpressionReader(classifier, ExponentialSmoother())
    faces = [reading_of(face_at(10 * track_id).box, track_id).face for track_id in range(20)]
    for step, present in enumerate((faces, faces[:19], faces)):
        classifier.cropped = []
        reader.read(frame_at(step / 100), present)
    assert 19 in classifier.cropped

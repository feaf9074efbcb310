"""The expression reader crops, classifies in one run, and smooths."""

from collections.abc import Sequence

from edge.contracts import Expression
from edge.faces.reader import SmoothingExpressionReader
from edge.faces.smoothing import ExponentialSmoother
from edge.frames import Image
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

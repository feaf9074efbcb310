"""The expression reader of the pipeline: a classifier with the smoother that steadies what it says."""

from collections.abc import Sequence

from edge.contracts import Classifier, Face, Reading, Smoother
from edge.frames import Frame


class SmoothingExpressionReader:
    """An ExpressionReader made of a Classifier and a Smoother; all faces of a frame are classified in one run."""

    def __init__(self, classifier: Classifier, smoother: Smoother) -> None:
        self._classifier, self._smoother = classifier, smoother

    def read(self, frame: Frame, faces: Sequence[Face]) -> tuple[Reading, ...]:
        """A reading for each of the `faces` of `frame`, in the order given."""
        crops = [self._classifier.crop(frame, face) for face in faces]
        return self._smoother.smooth(faces, crops, self._classifier.classify(crops), frame)

"""The expression reader of the pipeline: a classifier with the smoother of its expressions."""

from collections.abc import Sequence

from edge.contracts import Classifier, Face, Reading, Smoother
from edge.frames import Frame


class SmoothingExpressionReader:
    """An ExpressionReader made of a Classifier and a Smoother; one run classifies all faces of a frame."""

    def __init__(self, classifier: Classifier, smoother: Smoother) -> None:
        self._classifier, self._smoother = classifier, smoother

    def read(self, frame: Frame, faces: Sequence[Face]) -> tuple[Reading, ...]:
        """A reading for each of the `faces` of `frame`, in the order given."""
        crops = [self._classifier.crop(frame, face) for face in faces]
        return self._smoother.smooth(faces, crops, self._classifier.classify(crops), frame)

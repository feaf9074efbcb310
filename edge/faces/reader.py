"""The expression reader of the pipeline: a classifier with the smoother of its expressions."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.contracts import Classifier, Expression, Face, Reading, Smoother
from edge.frames import Frame, Image

# The number of faces that are classified in a frame; where there are more they take turns ...
MAX_FACES = 6
# ... but no face keeps what was read from an earlier frame for longer than this.
MAX_AGE_S = 0.2


@dataclass(frozen=True, slots=True)
class _Classified:
    """A track's last crop, and what was read from it."""

    crop: Image
    expression: Expression
    at_s: float


class SmoothingExpressionReader:
    """An ExpressionReader made of a Classifier and a Smoother; one run classifies the faces of a frame.

    Of many faces, those whose expressions are the oldest are classified; the others keep theirs.
    """

    def __init__(self, classifier: Classifier, smoother: Smoother) -> None:
        self._classifier, self._smoother = classifier, smoother
        self._classified: dict[int | None, _Classified] = {}

    def read(self, frame: Frame, faces: Sequence[Face]) -> tuple[Reading, ...]:
        """A reading for each of the `faces` of `frame`, in the order given."""
        now_s = frame.elapsed_s
        kept = [self._classified.get(face.track_id) for face in faces]
        chosen = set(_choose([None if last is None else now_s - last.at_s for last in kept]))
        crops = {index: self._classifier.crop(frame, faces[index]) for index in sorted(chosen)}
        expressions = self._classifier.classify(list(crops.values()))
        for (index, crop), expression in zip(crops.items(), expressions, strict=True):
            kept[index] = _Classified(crop, expression, now_s)
        known = [last for last in kept if last is not None]
        # Only the tracks of this frame: one that was away begins with a new expression.
        self._classified = {face.track_id: last for face, last in zip(faces, known, strict=True)}
        return self._smoother.smooth(
            faces, [last.crop for last in known], [last.expression for last in known], frame
        )


def _choose(ages_s: Sequence[float | None]) -> list[int]:
    """The faces to classify, by the age of what was read of them; None is a face that is new."""
    overdue = [index for index, age_s in enumerate(ages_s) if age_s is None or not 0 <= age_s < MAX_AGE_S]
    others = {index: age_s for index, age_s in enumerate(ages_s) if age_s is not None}
    for index in overdue:
        others.pop(index, None)
    oldest_first = sorted(others, key=lambda index: -others[index])
    return [*overdue, *oldest_first[: max(0, MAX_FACES - len(overdue))]]

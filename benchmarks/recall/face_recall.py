"""The share of expected faces that were found: arithmetic on boxes."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.contracts import Box

# Two boxes with at least this IoU are of the same face.
SAME_IOU = 0.5


@dataclass(frozen=True, slots=True)
class Recall:
    """How many faces were expected, how many of them were found, and how many others were found."""

    expected: int = 0
    found: int = 0
    others: int = 0

    @property
    def share(self) -> float:
        """The share of the expected faces that were found; 1 where none was expected."""
        return self.found / self.expected if self.expected else 1.0

    def __add__(self, other: "Recall") -> "Recall":
        return Recall(self.expected + other.expected, self.found + other.found, self.others + other.others)


def compare_faces(expected: Sequence[Box], found: Sequence[Box]) -> Recall:
    """Compare the faces of one picture; each of `found` can be one of the expected faces only."""
    free, count = list(found), 0
    for face in expected:
        best = max(free, key=face.iou, default=None)
        if best is not None and face.iou(best) >= SAME_IOU:
            free.remove(best)
            count += 1
    return Recall(len(expected), count, len(free))

"""Compared frames made to order, at 10 a second."""

from collections.abc import Sequence

from benchmarks.agreement.face_agreement import ComparedFrame, TrackedFace
from edge.contracts import Box

FACE, FAR = Box(100, 100, 100, 100), Box(400, 100, 100, 100)


def make_frames(
    tracked: Sequence[Sequence[Box | TrackedFace]], full: Sequence[Sequence[Box]]
) -> list[ComparedFrame]:
    """A frame for each pair, the pipeline's boxes as track 1 unless they are TrackedFaces."""
    return [
        ComparedFrame(
            index / 10,
            [box if isinstance(box, TrackedFace) else TrackedFace(box, 1, "happy", "happy") for box in boxes],
            found,
        )
        for index, (boxes, found) in enumerate(zip(tracked, full, strict=True))
    ]

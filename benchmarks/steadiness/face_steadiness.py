"""How far apart the faces of two runs over the same frames are: arithmetic on what both runs found."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from benchmarks.steadiness.crop_geometry import CropSquare
from edge.contracts import Box
from edge.errors import CameraError

# Faces of two runs whose boxes have at least this IoU are the same face.
SAME_IOU = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class FaceResult:
    """What one run has of a face in one frame."""

    box: Box
    crop: CropSquare
    probabilities: NDArray[np.float32]
    """The smoothed ones, as they are shown."""
    label: str


Frames = Sequence[Sequence[FaceResult]]
Pair = tuple[FaceResult, FaceResult]


@dataclass(frozen=True, slots=True)
class Steadiness:
    """How far apart the faces of a run without noise and of runs with noise are.

    Places and sides are root mean squares over all faces of all frames, in per cent of the face's width in
    the run without noise.
    """

    left: float
    top: float
    width: float
    height: float
    crop_centre: float
    """The distance between the centres of the crops."""
    crop_side: float
    probability: float
    """The mean over the faces of the largest change of a probability, 0 to 1."""
    same_label: float
    """The share of faces with equal labels, 0 to 1."""
    compared: int
    """How many faces were compared."""
    unmatched: int
    """How many faces only one of two runs has."""


def compare_runs(clean: Frames, noisy: Sequence[Frames]) -> Steadiness:
    """Compare a run with several others over the same frames; at least one face is in two of them."""
    pairs = [
        pair
        for run in noisy
        for before, after in zip(clean, run, strict=True)
        for pair in match_faces(before, after)
    ]
    if not pairs:
        raise CameraError("expected faces in the clip with the noise, found none; lower --noise")
    faces = len(noisy) * _count_faces(clean) + sum(map(_count_faces, noisy))
    return Steadiness(
        **_compute_moves(pairs),
        probability=float(
            np.mean([np.abs(one.probabilities - other.probabilities).max() for one, other in pairs])
        ),
        same_label=sum(one.label == other.label for one, other in pairs) / len(pairs),
        compared=len(pairs),
        unmatched=faces - 2 * len(pairs),
    )


def compute_jitter(run: Frames) -> dict[str, float]:
    """Compute how far boxes and crops move from each frame to the next one, in the units of Steadiness.

    Empty where no face is in two consecutive frames.
    """
    pairs = [pair for before, after in pairwise(run) for pair in match_faces(before, after)]
    return _compute_moves(pairs) if pairs else {}


def match_faces(first: Sequence[FaceResult], second: Sequence[FaceResult]) -> list[Pair]:
    """Match the faces of one frame in two runs, largest IoU first."""
    candidates = sorted(
        (
            (one.box.iou(other.box), place, index)
            for place, one in enumerate(first)
            for index, other in enumerate(second)
        ),
        reverse=True,
    )
    matched: dict[int, int] = {}
    for overlap, place, index in candidates:
        if overlap >= SAME_IOU and place not in matched and index not in matched.values():
            matched[place] = index
    return [(first[place], second[index]) for place, index in matched.items()]


def _count_faces(run: Frames) -> int:
    return sum(len(faces) for faces in run)


def _compute_moves(pairs: Sequence[Pair]) -> dict[str, float]:
    sides = {
        side: compute_rms(
            (getattr(other.box, side) - getattr(one.box, side)) / one.box.width for one, other in pairs
        )
        for side in ("left", "top", "width", "height")
    }
    crops = {
        "crop_centre": compute_rms(
            math.hypot(other.crop.x - one.crop.x, other.crop.y - one.crop.y) / one.box.width
            for one, other in pairs
        ),
        "crop_side": compute_rms((other.crop.side - one.crop.side) / one.box.width for one, other in pairs),
    }
    return {name: 100 * value for name, value in (sides | crops).items()}


def compute_rms(values: Iterable[float]) -> float:
    """Compute the root mean square of at least one value."""
    return float(np.sqrt(np.mean(np.square(list(values)))))

"""Compares what two processors found in the same frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# The share of frames that must have the same boxes: other rounding in a search moves a box by a pixel or two
# at times.
MIN_SAME_SHARE = 0.9
# By how much a probability may differ.
MAX_DIFFERENCE = 1e-3


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two runs over the same frames differ."""

    frames: int
    same_boxes: int
    """Frames with the same number of faces, each with the very same box."""
    most_px: int
    """The largest distance between two sides of a box, over the frames with the same number of faces."""
    int8: float
    """The int8 model's largest difference of a probability, over the frames with the same boxes."""
    float32: float
    """The float model's."""

    @property
    def is_equal(self) -> bool:
        """Whether the runs differ by no more than rounding."""
        return (
            self.same_boxes >= MIN_SAME_SHARE * self.frames and max(self.int8, self.float32) <= MAX_DIFFERENCE
        )

    def __str__(self) -> str:
        """Describe the comparison in a line."""
        return (
            f"{'equal' if self.is_equal else 'DIFFERENT'}: "
            f"the same boxes in {self.same_boxes} of {self.frames} frames "
            f"(the others at most {self.most_px} px off), "
            f"probabilities within {self.int8:.1g} (int8) and {self.float32:.1g} (float)"
        )


def compare_results(one: Sequence[dict[str, Any]], other: Sequence[dict[str, Any]]) -> Comparison:
    """Compare what two runs of the workload printed about the same frames."""
    pairs = list(zip(one, other, strict=True))
    same = [pair for pair in pairs if pair[0]["boxes"] == pair[1]["boxes"]]
    same_count = [pair for pair in pairs if len(pair[0]["boxes"]) == len(pair[1]["boxes"])]
    return Comparison(
        frames=len(pairs),
        same_boxes=len(same),
        most_px=round(_find_largest_difference(same_count, "boxes")),
        int8=_find_largest_difference(same, "int8"),
        float32=_find_largest_difference(same, "float"),
    )


def _find_largest_difference(pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]], key: str) -> float:
    differences = (float(np.abs(np.subtract(one[key], other[key])).max()) for one, other in pairs if one[key])
    return max(differences, default=0.0)

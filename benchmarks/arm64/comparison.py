"""Whether two processors found the same in the same frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# A search whose sums are rounded otherwise moves a box by a pixel or two now and then.
LEAST_SAME = 0.9
MOST_DIFFERENT = 1e-3


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two lists of what was found, a frame each, differ."""

    frames: int
    same_boxes: int
    """Frames with as many faces, each at the very same place."""
    most_px: int
    """How far a side of a box lies from its like where frames have equally many faces."""
    int8: float
    """The largest difference of a probability in the frames with the same boxes."""
    float32: float

    @property
    def is_equal(self) -> bool:
        """To rounding."""
        return self.same_boxes >= LEAST_SAME * self.frames and max(self.int8, self.float32) <= MOST_DIFFERENT

    def __str__(self) -> str:
        """In a line."""
        return (
            f"{'equal' if self.is_equal else 'DIFFERENT'}: the same boxes in {self.same_boxes} of {self.frames} "
            f"frames (else {self.most_px} px off at most), probabilities within {self.int8:.1g} (int8) and "
            f"{self.float32:.1g} (float)"
        )


def compared(one: Sequence[dict[str, Any]], other: Sequence[dict[str, Any]]) -> Comparison:
    """The comparison of what two runs of the work told about the same frames."""
    pairs = list(zip(one, other, strict=True))
    same = [pair for pair in pairs if pair[0]["boxes"] == pair[1]["boxes"]]
    like = [pair for pair in pairs if len(pair[0]["boxes"]) == len(pair[1]["boxes"])]
    return Comparison(
        len(pairs), len(same), round(_most(like, "boxes")), _most(same, "int8"), _most(same, "float")
    )


def _most(pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]], key: str) -> float:
    apart = (float(np.abs(np.subtract(one[key], other[key])).max()) for one, other in pairs if one[key])
    return max(apart, default=0.0)

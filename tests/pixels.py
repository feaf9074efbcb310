"""How much can be seen in a picture."""

import cv2
import numpy as np

from edge.frames import Image


def values_across(image: Image, tolerance: int = 0) -> int:
    """How many values that differ by more than `tolerance` stand beside each other in a 48 × 48 crop, at the most."""
    crop = cv2.resize(image, (48, 48), interpolation=cv2.INTER_NEAREST).reshape(48, 48, -1).astype(int)
    return 1 + max(
        int((np.abs(np.diff(lines, axis=1)).max(axis=2) > tolerance).sum(axis=1).max())
        for lines in (crop, crop.swapaxes(0, 1))
    )

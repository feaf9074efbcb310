"""The reference: OpenCV's own YuNet in colour over the whole frame."""

from pathlib import Path

import cv2

from edge.contracts import Box
from edge.errors import ModelError
from edge.frames import Image

# As OpenCV's documentation has them.
MIN_SCORE, MAX_IOU, MAX_FACES = 0.6, 0.3, 5000


class ReferenceDetector:
    """Finds faces with cv2.FaceDetectorYN."""

    def __init__(self, model: Path) -> None:
        """Raises ModelError when `model` is missing or is no network that OpenCV reads."""
        if not model.is_file():
            raise ModelError(
                f"expected YuNet's model at {model}, found no file; fetch it with python -m edge.models, "
                "or name another with --yunet"
            )
        try:
            self._detector = cv2.FaceDetectorYN.create(
                str(model), "", (32, 32), MIN_SCORE, MAX_IOU, MAX_FACES
            )
        except cv2.error as error:
            raise ModelError(
                f"expected YuNet's model in {model}, found a file that OpenCV refuses ({error.err}); "
                "fetch it again with python -m edge.models"
            ) from error

    def detect(self, picture: Image) -> list[Box]:
        """Find the faces in `picture` (H, W, 3), BGR, best first."""
        height, width = picture.shape[:2]
        self._detector.setInputSize((width, height))
        rows = self._detector.detect(picture)[1]
        best_first = sorted([] if rows is None else rows, key=lambda row: -float(row[-1]))
        return [Box(*(round(float(side)) for side in row[:4])) for row in best_first]

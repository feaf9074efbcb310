"""YuNet, a small convolutional face detector (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023)."""

import os
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge import preprocess
from edge.contracts import Box, Face, Frame, Search
from edge.errors import ModelError
from edge.models import YUNET

# Faces of the smallest size wanted are shrunk to this height before the search: YuNet is
# trained on faces of 10 px and more, and its cost grows with the area searched.
SMALLEST_PX = 20
LEAST_SCORE = 0.7
# Boxes that overlap by more are one face.
MOST_IOU = 0.3
# Before the suppression of overlapping boxes.
MOST_FACES = 500


class YunetDetector:
    """A FaceDetector with landmarks; fed with grey, so that nobody pays for colour."""

    name = "yunet"

    def __init__(self, model: Path) -> None:
        """Raises ModelError when `model` is missing or OpenCV cannot read it."""
        if not os.path.isfile(model):
            raise ModelError(f"expected YuNet's model at {model}, found no file that can be read; fetch it with "
                             f"python -m edge.models ({YUNET}), or use --detector haar")
        try:
            self._network = cv2.FaceDetectorYN.create(str(model), "", (320, 320), LEAST_SCORE, MOST_IOU, MOST_FACES)
            # Another network fails only when it runs.
            self._network.detect(np.zeros((320, 320, 3), np.uint8))
        except cv2.error as error:
            raise ModelError(f"expected YuNet's model in {model}, found another file ({error.err}); "
                             "fetch it again with python -m edge.models") from error

    def detect(self, frame: Frame, search: Search) -> list[Face]:
        """The faces, most certain first; `score` is 0 to 1."""
        grey, shrink = preprocess.searched(frame.grey, search, SMALLEST_PX)
        self._network.setInputSize((grey.shape[1], grey.shape[0]))
        _, rows = self._network.detect(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))
        if rows is None:
            return []
        faces = [_face(np.asarray(row, np.float32), shrink, search.region, frame) for row in rows]
        wanted = [face for face in faces if search.min_face_px <= face.box.height <= search.max_face_px]
        return sorted(wanted, key=lambda face: face.score, reverse=True)


def _face(row: NDArray[np.float32], shrink: float, region: Box, frame: Frame) -> Face:
    """One row of YuNet's output (box 4, landmarks 5 × 2, score), in pixels of the frame."""
    left, top, width, height = (round(float(side) / shrink) for side in row[:4])
    box = Box(region.left + left, region.top + top, width, height).clipped(frame)
    landmarks = row[4:14].reshape(5, 2) / shrink + np.array([region.left, region.top])
    return Face(box, float(row[14]), landmarks=landmarks.astype(np.float32))

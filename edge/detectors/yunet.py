"""YuNet, a small convolutional face detector (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023)."""

import math
import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge import preprocess, searching
from edge.contracts import Box, Face, Frame, Search
from edge.errors import ModelError
from edge.models import YUNET

# Faces of the smallest size wanted are shrunk to this height before the search; the cost grows with the area
# searched.  In a video of people YuNet then finds 7 of 10, of 40 px 9 of 10, and no false ones.
SMALLEST_PX = 24
LEAST_SCORE = 0.6
# A followed face is brought to this height, and a weaker sign of it is enough.
FOLLOWED_PX = 64
LEAST_SCORE_FOLLOWED = 0.5
# YuNet halves its picture five times, so OpenCV fills the sides up to a multiple of this.
SIDE_STEP_PX = 32
# Faces up to so many times the smallest of a part lie wholly in one.
SPAN = 3
# The picture of one part of a whole search, px: a few milliseconds' work.
PART = (320, 128)
# Boxes that overlap by more are one face.
MOST_IOU = 0.3
# Before the suppression of overlapping boxes.
MOST_FACES = 500
# Two kinds of regions and two or three of parts have each a size of their own; a camera that changes its
# resolution has others.
MOST_SIZES = 8


class YunetDetector:
    """A FaceDetector with landmarks; fed with grey, so that nobody pays for colour."""

    name = "yunet"

    def __init__(self, model: Path) -> None:
        """Raises ModelError when `model` is missing or OpenCV cannot read it."""
        if not os.path.isfile(model):
            raise ModelError(f"expected YuNet's model at {model}, found no file that can be read; fetch it with "
                             f"python -m edge.models ({YUNET}), or use --detector haar")
        self._model = model
        # A network that changes its size plans itself anew, at more than the price of a small search.
        self._networks: dict[tuple[int, int], cv2.FaceDetectorYN] = {}
        try:
            # Another network fails only when it runs.
            self._network((SIDE_STEP_PX, SIDE_STEP_PX)).detect(np.zeros((SIDE_STEP_PX, SIDE_STEP_PX, 3), np.uint8))
        except cv2.error as error:
            raise ModelError(f"expected YuNet's model in {model}, found another file ({error.err}); "
                             "fetch it again with python -m edge.models") from error

    def parts(self, width: int, height: int, min_face_px: int) -> Sequence[Search]:
        """Searches that together find the faces from `min_face_px` in a frame of that size, px."""
        return searching.parts(width, height, min_face_px, smallest_px=SMALLEST_PX, span=SPAN, picture=PART)

    def detect(self, frame: Frame, search: Search) -> list[Face]:
        """The faces, most certain first; `score` is 0 to 1."""
        size = _picture_size(search)
        picture = cv2.cvtColor(preprocess.searched(frame.grey, search.region, *size), cv2.COLOR_GRAY2BGR)
        _, rows = self._network(size).detect(picture)
        if rows is None:
            return []
        least_score = LEAST_SCORE_FOLLOWED if search.is_followed else LEAST_SCORE
        faces = [_face(row, size, search.region, frame) for row in np.asarray(rows, np.float32)
                 if row[14] >= least_score]
        wanted = [face for face in faces if search.min_face_px <= face.box.height <= search.max_face_px]
        return sorted(wanted, key=lambda face: face.score, reverse=True)

    def _network(self, size: tuple[int, int]) -> cv2.FaceDetectorYN:
        """The network for pictures of `size` (width, height)."""
        network = self._networks.get(size)
        if network is None:
            if len(self._networks) == MOST_SIZES:
                self._networks.clear()
            network = cv2.FaceDetectorYN.create(str(self._model), "", size, LEAST_SCORE_FOLLOWED, MOST_IOU, MOST_FACES)
            self._networks[size] = network
        return network


def _picture_size(search: Search) -> tuple[int, int]:
    """Width and height of the picture that the region is brought to, px."""
    region = search.region
    if search.is_followed:
        scale = FOLLOWED_PX / math.sqrt(search.min_face_px * search.max_face_px)
        # Of a step's sizes, so that faces of all sizes are searched by the same network.
        width, height = (SIDE_STEP_PX * max(1, round(side * scale / SIDE_STEP_PX))
                         for side in (region.width, region.height))
        return width, height
    shrink = min(1.0, SMALLEST_PX / search.min_face_px)
    return max(1, round(region.width * shrink)), max(1, round(region.height * shrink))


def _face(row: NDArray[np.float32], size: tuple[int, int], region: Box, frame: Frame) -> Face:
    """One row of YuNet's output (box 4, landmarks 5 × 2, score), in pixels of the frame."""
    scale = np.array([region.width / size[0], region.height / size[1]], np.float32)
    corner = np.array([region.left, region.top], np.float32)
    left, top = (round(float(side)) for side in row[:2] * scale + corner)
    width, height = (round(float(side)) for side in row[2:4] * scale)
    landmarks = row[4:14].reshape(5, 2) * scale + corner
    return Face(Box(left, top, width, height).clipped(frame), float(row[14]), landmarks=landmarks)

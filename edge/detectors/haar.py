"""Viola and Jones's cascade of Haar features, as OpenCV's wheel carries it."""

import math
from collections.abc import Sequence
from pathlib import Path

import cv2

from edge.contracts import Box, Face, Search
from edge.errors import ModelError
from edge.faces import preprocess, searching
from edge.frames import Frame

CASCADE = "haarcascade_frontalface_default.xml"

# Faces of the smallest size wanted are shrunk to this height before the search.  The cascade's
# own window is 24 px; a little more keeps the features of a small face apart.
SMALLEST_PX = 30
# A followed face is brought to this height, at which it is found as surely as in a whole frame: below twice
# its window's size OpenCV moves the window by two pixels.
FOLLOWED_PX = 68
# Each size searched is this many times the last.
SCALE_STEP = 1.2
# How many overlapping hits make a face, and how many where one was a moment ago.
LEAST_NEIGHBOURS, LEAST_NEIGHBOURS_FOLLOWED = 5, 2
# Of the demo's picture, 119 s: faces score 2.8 and more, what is none 0.2 and less; in a video of people faces score
# from 0.5.
LEAST_SCORE = 0.3
# Faces up to so many times the smallest of a part lie wholly in one.
SPAN = 3
# The picture of one part of a whole search, px: a few milliseconds' work.
PART = (400, 144)


class HaarDetector:
    """A FaceDetector on grey pictures; no model file, no landmarks."""

    name = "haar"

    def __init__(self) -> None:
        """Raises ModelError when OpenCV has no cascades (its version 5 has none)."""
        path = Path(cv2.__file__).parent / "data" / CASCADE
        if not hasattr(cv2, "CascadeClassifier") or not path.is_file():
            raise ModelError(
                f"expected {CASCADE} in OpenCV's wheel, found OpenCV {cv2.__version__} without it; "
                "install opencv-python-headless>=4.11,<5"
            )
        self._cascade = cv2.CascadeClassifier(str(path))

    def plan_searches(self, width: int, height: int, min_face_px: int) -> Sequence[Search]:
        """Searches that together find the faces from `min_face_px` in a frame of that size, px."""
        return searching.parts(width, height, min_face_px, smallest_px=SMALLEST_PX, span=SPAN, picture=PART)

    def detect(self, frame: Frame, search: Search) -> list[Face]:
        """The faces, those with the strongest hits first; `score` is the cascade's last stage's sum."""
        wanted_px, neighbours = search.min_face_px, LEAST_NEIGHBOURS
        picture_px = SMALLEST_PX
        if search.is_tracking:
            wanted_px, neighbours = (
                round(math.sqrt(search.min_face_px * search.max_face_px)),
                LEAST_NEIGHBOURS_FOLLOWED,
            )
            picture_px = FOLLOWED_PX
        region, shrink = search.region, min(1.0, picture_px / wanted_px)
        size = max(1, round(region.width * shrink)), max(1, round(region.height * shrink))
        smallest_px, largest_px = round(search.min_face_px * shrink), round(search.max_face_px * shrink)
        boxes, _, weights = self._cascade.detectMultiScale3(
            preprocess.crop_for_search(frame, region, *size),
            scaleFactor=SCALE_STEP,
            minNeighbors=neighbours,
            minSize=(smallest_px, smallest_px),
            maxSize=(largest_px, largest_px),
            outputRejectLevels=True,
        )
        faces = [
            Face(_in_frame(tuple(box), shrink, region).clip_to(frame), float(weight))
            for box, weight in zip(boxes, weights, strict=True)
            if weight >= LEAST_SCORE
        ]
        return sorted(faces, key=lambda face: face.score, reverse=True)


def _in_frame(box: tuple[int, ...], shrink: float, region: Box) -> Box:
    """A box found in the shrunk region, in pixels of the frame."""
    left, top, width, height = (round(side / shrink) for side in box)
    return Box(region.left + left, region.top + top, width, height)

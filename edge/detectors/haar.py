"""The Haar cascade of Viola and Jones, which OpenCV's wheel contains."""

from collections.abc import Sequence
from pathlib import Path

import cv2

from edge.contracts import Box, Face, RegionGrid, Search
from edge.errors import ModelError
from edge.faces import preprocess, searching
from edge.frames import Frame

CASCADE = "haarcascade_frontalface_default.xml"

# Before a search, the picture is shrunk so that the smallest faces to find have this height.  The cascade's
# own window is 24 px; a little more keeps the features of a small face apart.
SMALLEST_PX = 30
# A tracked face is shown at this height, at which it is found as surely as in a whole frame.  For faces
# lower than twice the cascade's window, OpenCV moves the window by two pixels at a time.
REGION_GRID = RegionGrid(face_px=68, picture_px=112, wide_picture_px=168, cell_px=8)
# The step between two sizes in the search.
SCALE_STEP = 1.2
# How many overlapping hits make a face: a new face, and a face that was there a moment ago.
MIN_NEIGHBOURS, MIN_NEIGHBOURS_TRACKED = 5, 2
# In 119 s of the demo's picture, faces score at least 2.8 and false hits at most 0.2.  In a video of people,
# faces score at least 0.5.
MIN_SCORE = 0.3
# The height of the largest faces that lie wholly in one part, relative to the smallest that are searched for
# in it.
SPAN = 3
# The size of one part after shrinking, px.  Searching it takes a few milliseconds.
PART = (400, 144)


class HaarDetector:
    """A FaceDetector that needs grey pictures and no model file, and finds no landmarks."""

    name = "haar"
    region_grid = REGION_GRID

    def __init__(self) -> None:
        """Raises ModelError when OpenCV has no cascades; its version 5 has none."""
        path = Path(cv2.__file__).parent / "data" / CASCADE
        if not hasattr(cv2, "CascadeClassifier") or not path.is_file():
            raise ModelError(
                f"expected {CASCADE} in OpenCV's wheel, found OpenCV {cv2.__version__} without it; "
                "install opencv-python-headless>=4.11,<5"
            )
        self._cascade = cv2.CascadeClassifier(str(path))

    def plan_searches(self, width: int, height: int, min_face_px: int) -> Sequence[Search]:
        """Searches that together find the faces from `min_face_px` in a frame of that size, px."""
        return searching.plan_searches(
            width, height, min_face_px, smallest_px=SMALLEST_PX, span=SPAN, picture=PART
        )

    def detect(self, frame: Frame, search: Search) -> list[Face]:
        """The faces, best first; `score` is the sum of the cascade's last stage."""
        min_neighbours = MIN_NEIGHBOURS_TRACKED if search.is_tracking else MIN_NEIGHBOURS
        region, shrink = search.region, min(1.0, search.scale or SMALLEST_PX / search.min_face_px)
        size = max(1, round(region.width * shrink)), max(1, round(region.height * shrink))
        smallest_px, largest_px = round(search.min_face_px * shrink), round(search.max_face_px * shrink)
        boxes, _, weights = self._cascade.detectMultiScale3(
            preprocess.crop_for_search(frame, region, *size),
            scaleFactor=SCALE_STEP,
            minNeighbors=min_neighbours,
            minSize=(smallest_px, smallest_px),
            maxSize=(largest_px, largest_px),
            outputRejectLevels=True,
        )
        faces = [
            Face(_scale_to_frame(tuple(box), shrink, region).clip_to(frame), float(weight))
            for box, weight in zip(boxes, weights, strict=True)
            if weight >= MIN_SCORE
        ]
        return sorted(faces, key=lambda face: face.score, reverse=True)


def _scale_to_frame(box: tuple[int, ...], shrink: float, region: Box) -> Box:
    """Convert a box in the shrunk region to pixels of the frame."""
    left, top, width, height = (round(side / shrink) for side in box)
    return Box(region.left + left, region.top + top, width, height)

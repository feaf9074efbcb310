"""Scripted faces, and a detector that finds them as a real one would."""

from collections.abc import Sequence

import numpy as np

from edge.contracts import Box, Face, RegionGrid, Search
from edge.frames import Frame, PixelFormat

WIDTH, HEIGHT = 640, 480
_BLACK = np.zeros((HEIGHT, WIDTH), np.uint8)


def frame_at(elapsed_s: float, width: int = WIDTH, height: int = HEIGHT) -> Frame:
    return Frame(_BLACK, PixelFormat.GREY, width, height, 0, 0.0, elapsed_s)


def frame_showing(faces: Sequence[Face], elapsed_s: float) -> Frame:
    """A frame in which the faces are bright."""
    picture = _BLACK.copy()
    for face in faces:
        box = face.box
        picture[max(0, box.top) : box.bottom, max(0, box.left) : box.right] = 200
    return Frame(picture, PixelFormat.GREY, WIDTH, HEIGHT, 0, 0.0, elapsed_s)


def face_at(left: int, top: int = 100, size: int = 100, score: float = 1.0) -> Face:
    return Face(Box(left, top, size, size), score)


class ScriptedDetector:
    """Finds the faces that lie wholly in the region and have a size that is searched for."""

    name = "scripted"
    region_grid = RegionGrid(face_px=64, picture_px=128, wide_picture_px=160, cell_px=32)

    def __init__(
        self,
        faces: Sequence[Face] = (),
        *,
        weak: Sequence[Face] = (),
        false: Sequence[Face] = (),
        parts: Sequence[Search] | None = None,
    ) -> None:
        """`weak` faces are found only by searches near a tracked face, `false` ones only by other searches.

        By default, `parts` is one search of the whole frame.
        """
        self.faces, self.weak, self.false = list(faces), list(weak), list(false)
        self._parts = parts
        self.searches: list[Search] = []

    def plan_searches(self, width: int, height: int, min_face_px: int) -> Sequence[Search]:
        return self._parts or (Search(Box(0, 0, width, height), min_face_px, height),)

    def detect(self, frame: Frame, search: Search) -> list[Face]:
        self.searches.append(search)
        return [
            face
            for face in [*self.faces, *(self.weak if search.is_tracking else self.false)]
            if face.box.intersection_area(search.region) == face.box.area
            and search.min_face_px <= face.box.height <= search.max_face_px
        ]

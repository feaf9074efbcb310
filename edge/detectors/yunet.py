"""YuNet, a small convolutional face detector.

Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.contracts import Box, Face, RegionGrid, Search
from edge.detectors.onnx_file import GREY_INPUT, Node, Postprocessing, Value, rewrite_model
from edge.errors import ModelError
from edge.faces import preprocess, searching
from edge.faces.ort_session import open_session, summarise_error
from edge.frames import Frame, Image
from edge.models import YUNET

# Before a search, the picture is shrunk so that the smallest faces to find have this height; the cost grows
# with the area.  In a video of people, YuNet then finds 7 of 10 faces, 9 of 10 at a height of 40 px, and no
# false ones.
SMALLEST_PX = 24
MIN_SCORE = 0.6
# For a tracked face a lower score is enough.
MIN_SCORE_TRACKED = 0.5
# YuNet halves its picture five times, so width and height must be multiples of this.
SIDE_STEP_PX = 32
# A tracked face is shown with as much around it as it is high.
REGION_GRID = RegionGrid(face_px=64, picture_px=128, wide_picture_px=160, cell_px=32)
# The size of one part after shrinking, px.  Searching it takes a few milliseconds.
PART = (320, 192)
# The height of the largest faces that lie wholly in one part, relative to the smallest that are searched for
# in it.
SPAN = 3
# Boxes that overlap by more are the same face.
MAX_IOU = 0.3
# The sides of the cells of YuNet's three grids, px.  A cell finds a face whose centre lies in it.
STRIDES = (8, 16, 32)
FACES = "faces"
# More faces than a frame has.  A damaged file may find a face in every cell, which must not take minutes.
MAX_FACES = 200
# No face in a picture has a coordinate beyond this.
MAX_COORDINATE_PX = 10_000
# How many sizes of pictures are kept with their grids: two kinds of regions and two or three kinds of parts
# have a few sizes each.
MAX_SIZES = 16

Floats = NDArray[np.float32]
# The centre's x and y, width, height, five landmarks and the score.
FaceRow = list[float]
COLUMNS = 2 + 2 + 10 + 1


def make_postprocessing() -> Postprocessing:
    """The step from YuNet's outputs to faces, best first: (1, faces, COLUMNS), in pixels of its picture.

    A cell gives the face's centre and landmarks as offsets from the cell's corner, in cells, and the
    logarithms of the face's sides, in cells (section 3 of the paper, and its reference code).  The class and
    the presence of an object are both probabilities.
    """
    return Postprocessing(
        inputs=[
            Value("box corners", "float32", (1, "cells", 4)),
            Value("landmark corners", "float32", (1, "cells", 10)),
            Value("sides", "float32", (1, "cells", 1)),
            Value("min score", "float32", (1,)),
        ],
        constants={
            "max faces": np.array(MAX_FACES),
            "max iou": np.array(MAX_IOU, np.float32),
            "last": np.array(2),
        },
        nodes=[*_decode_cells(), *_select_faces()],
        output=Value(FACES, "float32", (1, "faces", COLUMNS)),
    )


def _decode_cells() -> list[Node]:
    """The nodes that make a row of COLUMNS numbers of each cell: "rows", and its "scores"."""
    join_grids = [
        Node("Concat", [f"{kind}_{stride}" for stride in STRIDES], [kind], {"axis": 1})
        for kind in ("cls", "obj", "bbox", "kps")
    ]
    return [
        *join_grids,
        Node("Mul", ["cls", "obj"], ["both"]),
        Node("Sqrt", ["both"], ["scores"]),
        Node("Split", ["bbox"], ["centres", "logarithms"], {"axis": 2}),
        Node("Exp", ["logarithms"], ["sizes"]),
        Node("Concat", ["centres", "sizes"], ["boxes in cells"], {"axis": 2}),
        Node("Mul", ["boxes in cells", "sides"], ["boxes from corners"]),
        Node("Add", ["boxes from corners", "box corners"], ["boxes"]),
        Node("Mul", ["kps", "sides"], ["landmarks from corners"]),
        Node("Add", ["landmarks from corners", "landmark corners"], ["landmarks"]),
        Node("Concat", ["boxes", "landmarks", "scores"], ["rows"], {"axis": 2}),
    ]


def _select_faces() -> list[Node]:
    """The nodes that select the rows of faces by non-maximum suppression."""
    suppression_inputs = ["boxes", "scores by class", "max faces", "max iou", "min score"]
    return [
        Node("Transpose", ["scores"], ["scores by class"], {"perm": (0, 2, 1)}),
        Node("NonMaxSuppression", suppression_inputs, ["chosen"], {"center_point_box": 1}),
        Node("Gather", ["chosen", "last"], ["cells chosen"], {"axis": 1}),
        Node("Gather", ["rows", "cells chosen"], [FACES], {"axis": 1}),
    ]


class YunetDetector:
    """A FaceDetector that finds landmarks and needs grey pictures only, so that no colour is decoded for it.

    ONNX Runtime finds the same faces in well under half the time of OpenCV's FaceDetectorYN.
    """

    name = "yunet"
    region_grid = REGION_GRID

    def __init__(self, model: Path) -> None:
        """Raises ModelError when the file `model` is missing or holds another network."""
        try:
            content = model.read_bytes()
        except OSError as error:
            raise ModelError(
                f"expected YuNet's model at {model}, found no file that can be read; fetch it with "
                f"python -m edge.models ({YUNET}), or use --detector haar"
            ) from error
        self._model = model
        try:
            self._session = open_session(rewrite_model(content, make_postprocessing()), threads=1)
        except Exception as error:  # ONNX Runtime's own exceptions share no narrower base.
            raise self._make_error(summarise_error(error)) from error
        # Another network may load, and then fail or give other outputs when it runs.
        self._find_faces(np.zeros((SIDE_STEP_PX, 2 * SIDE_STEP_PX), np.uint8), MIN_SCORE)

    def plan_searches(self, width: int, height: int, min_face_px: int) -> Sequence[Search]:
        """Searches that together find the faces from `min_face_px` in a frame of that size, px."""
        return searching.plan_searches(
            width, height, min_face_px, smallest_px=SMALLEST_PX, span=SPAN, picture=PART
        )

    def detect(self, frame: Frame, search: Search) -> list[Face]:
        """The faces, best first; `score` is 0 to 1."""
        size = _choose_size(search)
        picture = preprocess.crop_for_search(frame, search.region, *size)
        rows = self._find_faces(picture, MIN_SCORE_TRACKED if search.is_tracking else MIN_SCORE)
        faces = [_make_face(row, search.region, size, frame) for row in rows]
        return [face for face in faces if search.min_face_px <= face.box.height <= search.max_face_px]

    def _find_faces(self, picture: Image, min_score: float) -> list[FaceRow]:
        """The faces in `picture` (H, W), in its pixels, best first; ModelError when the file is no YuNet."""
        height, width = (-(-side // SIDE_STEP_PX) * SIDE_STEP_PX for side in picture.shape)
        if picture.shape != (height, width):
            padded = np.zeros((height, width), np.uint8)
            padded[: picture.shape[0], : picture.shape[1]] = picture
            picture = padded
        inputs = {
            GREY_INPUT: picture[np.newaxis, np.newaxis],
            "min score": np.array([min_score], np.float32),
            **_make_grid(width, height),
        }
        try:
            found = self._session.run([FACES], inputs)[0]
        except Exception as error:  # As above.  A damaged file may fail for some sizes of the picture only.
            raise self._make_error(summarise_error(error)) from error
        if found.shape[2] != COLUMNS:
            raise self._make_error(f"faces of {found.shape[2]} numbers where YuNet gives {COLUMNS}")
        # A damaged file may find faces at infinity.
        rows: list[FaceRow] = found[0].tolist() if (np.abs(found) < MAX_COORDINATE_PX).all() else []
        return rows

    def _make_error(self, reason: str) -> ModelError:
        return ModelError(
            f"expected YuNet's model in {self._model}, found another file ({reason}); "
            "fetch it again with python -m edge.models"
        )


@lru_cache(maxsize=MAX_SIZES)
def _make_grid(width: int, height: int) -> dict[str, Floats]:
    """The corners and sides of all cells over a picture of that size, px, in the order of YuNet's outputs."""
    grids = [
        np.stack([columns.ravel() * stride, rows.ravel() * stride, np.full(rows.size, stride)], axis=1)
        for stride in STRIDES
        for rows, columns in [np.indices((height // stride, width // stride))]
    ]
    cells = np.concatenate(grids).astype(np.float32)[np.newaxis]
    corners, sides = cells[..., :2], cells[..., 2:].copy()
    return {
        "box corners": np.concatenate([corners, np.zeros_like(corners)], axis=2),
        "landmark corners": np.tile(corners, 5),
        "sides": sides,
    }


def _choose_size(search: Search) -> tuple[int, int]:
    """The width and height, px, that the region is resized to."""
    region = search.region
    if search.scale is not None:
        return max(1, round(region.width * search.scale)), max(1, round(region.height * search.scale))
    shrink = min(1.0, SMALLEST_PX / search.min_face_px)
    return max(1, round(region.width * shrink)), max(1, round(region.height * shrink))


def _make_face(row: FaceRow, region: Box, size: tuple[int, int], frame: Frame) -> Face:
    """Convert a row, in pixels of the `region` resized to `size`, to a face in pixels of the frame."""
    across, down = region.width / size[0], region.height / size[1]
    x, y, width, height, *points, score = row
    box = Box(
        round(region.left + across * (x - width / 2)),
        round(region.top + down * (y - height / 2)),
        round(across * width),
        round(down * height),
    )
    landmarks = np.array(points, np.float32).reshape(5, 2) * _pair(across, down) + _pair(
        region.left, region.top
    )
    return Face(box.clip_to(frame), score, landmarks=landmarks)


def _pair(x: float, y: float) -> Floats:
    return np.array([x, y], np.float32)

"""YuNet, a small convolutional face detector (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023)."""

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.contracts import Box, Face, Search
from edge.detectors.onnx_file import GREY, Node, Postprocessing, Value, rebuilt
from edge.errors import ModelError
from edge.faces import preprocess, searching
from edge.faces.ort_session import first_line, open_session
from edge.frames import Frame, Image
from edge.models import YUNET

# Faces of the smallest size wanted are shrunk to this height before the search; the cost grows with the area
# searched.  In a video of people YuNet then finds 7 of 10, of 40 px 9 of 10, and no false ones.
SMALLEST_PX = 24
LEAST_SCORE = 0.6
# A followed face is brought to this height, and a weaker sign of it is enough.
FOLLOWED_PX = 64
LEAST_SCORE_FOLLOWED = 0.5
# YuNet halves its picture five times: its sides are multiples of this.
SIDE_STEP_PX = 32
# The picture of one part of a whole search, px: a few milliseconds' work.
PART = (320, 192)
# Faces up to so many times the smallest of a part lie wholly in one.
SPAN = 3
# Boxes that overlap by more are one face.
MOST_IOU = 0.3
# The cells of its three grids, px; in each a face may have its middle.
STRIDES = (8, 16, 32)
FACES = "faces"
# More faces than a frame has; what a damaged file sees in every cell must not take all day.
MOST_FACES = 200
# Pixels of a picture that no face reaches.
FARTHEST_PX = 10_000
# Two kinds of regions and two or three of parts have each a size of their own.
MOST_SIZES = 16

Floats = NDArray[np.float32]
# The middle's x and y, width, height, five landmarks and the score.
Row = list[float]
COLUMNS = 2 + 2 + 10 + 1


def ending() -> Postprocessing:
    """From what YuNet says of each cell to the faces, best first: (1, faces, COLUMNS), in pixels of its picture.

    A cell tells the face's middle and landmarks as offsets from its own corner, in cells, and the logarithms of its
    sides in cells (the paper's section 3, and its reference code).  The class and the presence of an object are both
    probabilities.
    """
    joined = [
        Node("Concat", [f"{kind}_{stride}" for stride in STRIDES], [kind], {"axis": 1})
        for kind in ("cls", "obj", "bbox", "kps")
    ]
    return Postprocessing(
        inputs=[
            Value("box corners", "float32", (1, "cells", 4)),
            Value("landmark corners", "float32", (1, "cells", 10)),
            Value("sides", "float32", (1, "cells", 1)),
            Value("least score", "float32", (1,)),
        ],
        constants={
            "most faces": np.array(MOST_FACES),
            "most iou": np.array(MOST_IOU, np.float32),
            "last": np.array(2),
        },
        nodes=[
            *joined,
            Node("Mul", ["cls", "obj"], ["both"]),
            Node("Sqrt", ["both"], ["scores"]),
            Node("Split", ["bbox"], ["middles", "logarithms"], {"axis": 2}),
            Node("Exp", ["logarithms"], ["sizes"]),
            Node("Concat", ["middles", "sizes"], ["boxes in cells"], {"axis": 2}),
            Node("Mul", ["boxes in cells", "sides"], ["boxes from corners"]),
            Node("Add", ["boxes from corners", "box corners"], ["boxes"]),
            Node("Mul", ["kps", "sides"], ["landmarks from corners"]),
            Node("Add", ["landmarks from corners", "landmark corners"], ["landmarks"]),
            Node("Concat", ["boxes", "landmarks", "scores"], ["rows"], {"axis": 2}),
            Node("Transpose", ["scores"], ["scores by class"], {"perm": (0, 2, 1)}),
            Node(
                "NonMaxSuppression",
                ["boxes", "scores by class", "most faces", "most iou", "least score"],
                ["chosen"],
                {"center_point_box": 1},
            ),
            Node("Gather", ["chosen", "last"], ["cells chosen"], {"axis": 1}),
            Node("Gather", ["rows", "cells chosen"], [FACES], {"axis": 1}),
        ],
        output=Value(FACES, "float32", (1, "faces", COLUMNS)),
    )


class YunetDetector:
    """A FaceDetector with landmarks; fed with grey, so that nobody pays for colour.

    ONNX Runtime runs it in well under half the time that OpenCV's FaceDetectorYN takes for the same faces.
    """

    name = "yunet"

    def __init__(self, model: Path) -> None:
        """Raises ModelError when `model` is missing or no YuNet."""
        try:
            content = model.read_bytes()
        except OSError as error:
            raise ModelError(
                f"expected YuNet's model at {model}, found no file that can be read; fetch it with "
                f"python -m edge.models ({YUNET}), or use --detector haar"
            ) from error
        self._model = model
        try:
            self._session = open_session(rebuilt(content, ending()), threads=1)
        except Exception as error:  # ONNX Runtime's own exceptions share no narrower base.
            raise self._refusal(first_line(error)) from error
        # Another network has other outputs, or fails only when it runs.
        self._found(np.zeros((SIDE_STEP_PX, 2 * SIDE_STEP_PX), np.uint8), LEAST_SCORE)

    def plan_searches(self, width: int, height: int, min_face_px: int) -> Sequence[Search]:
        """Searches that together find the faces from `min_face_px` in a frame of that size, px."""
        return searching.parts(width, height, min_face_px, smallest_px=SMALLEST_PX, span=SPAN, picture=PART)

    def detect(self, frame: Frame, search: Search) -> list[Face]:
        """The faces, most certain first; `score` is 0 to 1."""
        size = _picture_size(search)
        picture = preprocess.crop_for_search(frame, search.region, *size)
        found = self._found(picture, LEAST_SCORE_FOLLOWED if search.is_tracking else LEAST_SCORE)
        faces = [_face(row, search.region, size, frame) for row in found]
        return [face for face in faces if search.min_face_px <= face.box.height <= search.max_face_px]

    def _found(self, picture: Image, least_score: float) -> list[Row]:
        """The faces in `picture` (H, W), in its pixels, best first; ModelError when the file holds something else."""
        height, width = (-(-side // SIDE_STEP_PX) * SIDE_STEP_PX for side in picture.shape)
        if picture.shape != (height, width):
            filled = np.zeros((height, width), np.uint8)
            filled[: picture.shape[0], : picture.shape[1]] = picture
            picture = filled
        fed = {
            GREY: picture[np.newaxis, np.newaxis],
            "least score": np.array([least_score], np.float32),
            **_grid(width, height),
        }
        try:
            found = self._session.run([FACES], fed)[0]
        except Exception as error:  # As above; a damaged file may fail at one size of picture alone.
            raise self._refusal(first_line(error)) from error
        if found.shape[2] != COLUMNS:
            raise self._refusal(f"faces of {found.shape[2]} numbers where YuNet tells {COLUMNS}")
        # A damaged file may see faces at infinity.
        rows: list[Row] = found[0].tolist() if (np.abs(found) < FARTHEST_PX).all() else []
        return rows

    def _refusal(self, reason: str) -> ModelError:
        return ModelError(
            f"expected YuNet's model in {self._model}, found another file ({reason}); "
            "fetch it again with python -m edge.models"
        )


@lru_cache(maxsize=MOST_SIZES)
def _grid(width: int, height: int) -> dict[str, Floats]:
    """What a network must be told of the cells of its three grids over a picture, px, in the order of its outputs."""
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


def _picture_size(search: Search) -> tuple[int, int]:
    """Width and height of the picture that the region is brought to, px."""
    region = search.region
    if search.is_tracking:
        scale = FOLLOWED_PX / math.sqrt(search.min_face_px * search.max_face_px)
        # Of a step's sizes, so that nothing is filled up.
        width, height = (
            SIDE_STEP_PX * max(1, round(side * scale / SIDE_STEP_PX))
            for side in (region.width, region.height)
        )
        return width, height
    shrink = min(1.0, SMALLEST_PX / search.min_face_px)
    return max(1, round(region.width * shrink)), max(1, round(region.height * shrink))


def _face(row: Row, region: Box, size: tuple[int, int], frame: Frame) -> Face:
    """What was found in a picture of that size, px, of the `region`, in pixels of the frame."""
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

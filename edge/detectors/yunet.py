"""YuNet, a small convolutional face detector (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023)."""

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge import preprocess, searching
from edge.contracts import Box, Face, Frame, Image, Search
from edge.detectors.onnx_file import FOUND, GREY, taking_grey
from edge.errors import ModelError
from edge.models import YUNET
from edge.sessions import first_line, open_session

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
# What it says of each: the probabilities of a face's class and of any object, the box, the landmarks.
OUTPUTS = [[f"{kind}_{stride}" for stride in STRIDES] for kind in ("cls", "obj", "bbox", "kps")]
COLUMNS = 1 + 1 + 4 + 10

# Offsets in cells, and logarithms of sides in cells, that no face has.
FARTHEST = 40.0
# Two kinds of regions and two or three of parts have each a size of their own.
MOST_SIZES = 16

Floats = NDArray[np.float32]
# Left, top, width, height, five landmarks and the score.
Row = list[float]


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
            raise ModelError(f"expected YuNet's model at {model}, found no file that can be read; fetch it with "
                             f"python -m edge.models ({YUNET}), or use --detector haar") from error
        self._model = model
        try:
            self._session = open_session(taking_grey(content, OUTPUTS), threads=1)
        except Exception as error:  # ONNX Runtime's own exceptions share no narrower base.
            raise self._refusal(first_line(error)) from error
        # Another network has other outputs, or fails only when it runs.
        self._found(np.zeros((SIDE_STEP_PX, 2 * SIDE_STEP_PX), np.uint8), LEAST_SCORE)

    def parts(self, width: int, height: int, min_face_px: int) -> Sequence[Search]:
        """Searches that together find the faces from `min_face_px` in a frame of that size, px."""
        return searching.parts(width, height, min_face_px, smallest_px=SMALLEST_PX, span=SPAN, picture=PART)

    def detect(self, frame: Frame, search: Search) -> list[Face]:
        """The faces, most certain first; `score` is 0 to 1."""
        size = _picture_size(search)
        picture = preprocess.searched(frame, search.region, *size)
        found = self._found(picture, LEAST_SCORE_FOLLOWED if search.is_followed else LEAST_SCORE)
        faces = [_face(row, search.region, size, frame) for row in found]
        return [face for face in faces if search.min_face_px <= face.box.height <= search.max_face_px]

    @np.errstate(over="ignore", invalid="ignore")
    def _found(self, picture: Image, least_score: float) -> list[Row]:
        """The faces in `picture` (H, W), in its pixels, best first."""
        height, width = (-(-side // SIDE_STEP_PX) * SIDE_STEP_PX for side in picture.shape)
        if picture.shape != (height, width):
            filled = np.zeros((height, width), np.uint8)
            filled[:picture.shape[0], :picture.shape[1]] = picture
            picture = filled
        grid = _grid(width, height)
        found = self._run(picture, len(grid))
        # The classes and the presence of an object are both probabilities.
        scores = np.sqrt(found[:, 0] * found[:, 1])
        cells = np.flatnonzero(scores >= least_score)
        chosen = found[cells]
        if not (np.abs(chosen) < FARTHEST).all():
            return []  # A damaged file may see faces at infinity.
        # Of a handful of cells, lists are read faster than arrays.
        rows = [_decoded(*cell) for cell in zip(chosen.tolist(), scores[cells].tolist(), grid[cells].tolist(),
                                                strict=True)]
        if len(rows) < 2:
            return rows
        kept = cv2.dnn.NMSBoxes([row[:4] for row in rows], [row[-1] for row in rows], least_score, MOST_IOU)
        return [rows[index] for index in kept]

    def _run(self, picture: Image, cells: int) -> Floats:
        """What the network says of each of the `cells` of `picture`: (cells, COLUMNS); ModelError for anything else."""
        try:
            found = self._session.run([FOUND], {GREY: picture[np.newaxis, np.newaxis]})[0]
        except Exception as error:  # As above; a damaged file may fail at one size of picture alone.
            raise self._refusal(first_line(error)) from error
        if found.shape != (1, cells, COLUMNS):
            raise self._refusal(f"an output of {found.shape}")
        rows: Floats = found[0]
        return rows

    def _refusal(self, reason: str) -> ModelError:
        return ModelError(f"expected YuNet's model in {self._model}, found another file ({reason}); "
                          "fetch it again with python -m edge.models")


@lru_cache(maxsize=MOST_SIZES)
def _grid(width: int, height: int) -> Floats:
    """Left, top and side of each cell of the three grids over a picture, px, in the order of the outputs: (n, 3)."""
    grids = [np.stack([columns.ravel() * stride, rows.ravel() * stride, np.full(rows.size, stride)], axis=1)
             for stride in STRIDES for rows, columns in [np.indices((height // stride, width // stride))]]
    return np.concatenate(grids).astype(np.float32)


def _decoded(found: list[float], score: float, cell: list[float]) -> Row:
    """The face of a cell of the grids.

    A cell tells the face's middle and landmarks as offsets from its own corner, in cells, and the logarithms of its
    sides in cells (the paper's section 3, and its reference code).
    """
    left, top, side = cell
    _, _, x, y, log_width, log_height, *points = found
    width, height = math.exp(log_width) * side, math.exp(log_height) * side
    landmarks = [corner + side * offset for corner, offset in zip(5 * (left, top), points, strict=True)]
    return [left + side * x - width / 2, top + side * y - height / 2, width, height, *landmarks, score]


def _picture_size(search: Search) -> tuple[int, int]:
    """Width and height of the picture that the region is brought to, px."""
    region = search.region
    if search.is_followed:
        scale = FOLLOWED_PX / math.sqrt(search.min_face_px * search.max_face_px)
        # Of a step's sizes, so that nothing is filled up.
        width, height = (SIDE_STEP_PX * max(1, round(side * scale / SIDE_STEP_PX))
                         for side in (region.width, region.height))
        return width, height
    shrink = min(1.0, SMALLEST_PX / search.min_face_px)
    return max(1, round(region.width * shrink)), max(1, round(region.height * shrink))


def _face(row: Row, region: Box, size: tuple[int, int], frame: Frame) -> Face:
    """What was found in a picture of that size, px, of the `region`, in pixels of the frame."""
    across, down = region.width / size[0], region.height / size[1]
    left, top, width, height = row[:4]
    box = Box(round(region.left + across * left), round(region.top + down * top), round(across * width),
              round(down * height))
    landmarks = np.array(row[4:-1], np.float32).reshape(5, 2) * _pair(across, down) + _pair(region.left, region.top)
    return Face(box.clipped(frame), row[-1], landmarks=landmarks)


def _pair(x: float, y: float) -> Floats:
    return np.array([x, y], np.float32)

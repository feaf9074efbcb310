"""Draws a Result on its frame: pure, and readable on any background."""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np

from edge import palette
from edge.contracts import UNCERTAIN, Box, Expression, Reading, Result
from edge.frames import Image

Colour = tuple[int, int, int]

# A track keeps its colour for life.  Blue is first in each triple.
PALETTE: tuple[Colour, ...] = tuple(map(palette.to_bgr, palette.TRACKS))
WHITE: Colour = (255, 255, 255)
FAINT: Colour = (150, 150, 150)

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_PLATE_WIDTH_PX = 132
_ROW_PX = 13
_TITLE_PX = 20
_PADDING_PX = 4
_CORNER_SIZE = 0.45
_TITLE_SIZE = 0.5
_CAPTION_SIZE = 0.35
_BAR_LEFT_PX = 66
# How much of the picture shines through a plate: enough to see that there is one, too little to disturb the text.
_SHINE = 0.15


def draw(result: Result, *, corner: str) -> Image:
    """The frame of `result`, (H, W, 3) blue first, with a box and a plate per face, and `corner` at top left.

    The array is new; the frame stays as it is.
    """
    image = result.frame.bgr.copy()
    boxes = [reading.face.box for reading in result.readings]
    plates = [Box(0, 0, _width_px(corner, _CORNER_SIZE) + 2 * _PADDING_PX, _TITLE_PX)]
    _darken(image, plates[0])
    _write(image, corner, _PADDING_PX, 14, WHITE, _CORNER_SIZE)
    for reading in result.readings:
        _draw_box(image, reading.face.box, _colour(reading))
    for reading in result.readings:
        plates.append(_place(reading, boxes, plates, image))
        _draw_plate(image, reading, _colour(reading), plates[-1])
    return image


def _colour(reading: Reading) -> Colour:
    return PALETTE[(reading.face.track_id or 0) % len(PALETTE)]


def _draw_box(image: Image, box: Box, colour: Colour) -> None:
    corners = (box.left, box.top), (box.right - 1, box.bottom - 1)
    cv2.rectangle(image, *corners, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.rectangle(image, *corners, colour, 2, cv2.LINE_AA)


def _draw_plate(image: Image, reading: Reading, colour: Colour, plate: Box) -> None:
    expression, label_shown = reading.smoothed, reading.smoothed.label
    _darken(image, plate)
    is_certain = label_shown != UNCERTAIN
    title = _title(expression, plate.width - 2 * _PADDING_PX) if is_certain else UNCERTAIN
    part = image[plate.top : plate.bottom, plate.left : plate.right]
    cv2.max(part, _captions(expression.labels)[: part.shape[0], : part.shape[1]], part)
    _write(
        image, title, plate.left + _PADDING_PX, plate.top + 15, WHITE if is_certain else FAINT, _TITLE_SIZE
    )
    full_px = plate.width - _BAR_LEFT_PX - _PADDING_PX
    for row, (label, probability) in enumerate(
        zip(expression.labels, expression.probabilities.tolist(), strict=True)
    ):
        top = _TITLE_PX + row * _ROW_PX
        bar = part[top + 2 : top + 11, _BAR_LEFT_PX : _BAR_LEFT_PX + round(full_px * probability) + 1]
        # Cheaper than OpenCV's rectangle, for which the other threads would be let in seven times.
        bar[:] = _row(colour if label == label_shown else FAINT)[: bar.shape[1]]


@lru_cache(maxsize=4)
def _captions(labels: tuple[str, ...]) -> Image:
    """The plate's text that is always the same, on black: the labels, one below the other."""
    layer = np.zeros((_TITLE_PX + _ROW_PX * len(labels) + _PADDING_PX, _PLATE_WIDTH_PX, 3), np.uint8)
    for row, label in enumerate(labels):
        caption = _fitted(label, _CAPTION_SIZE, _BAR_LEFT_PX - _PADDING_PX)
        _write(layer, caption, _PADDING_PX, _TITLE_PX + row * _ROW_PX + 10, WHITE, _CAPTION_SIZE)
    return layer


@lru_cache(maxsize=len(PALETTE) + 1)
def _row(colour: Colour) -> Image:
    """A row of pixels, (N, 3): copied faster than a colour is repeated."""
    return np.full((_PLATE_WIDTH_PX, 3), colour, np.uint8)


def _title(expression: Expression, room_px: int) -> str:
    """The label, as much of it as there is room for, and its probability."""
    share = f" {expression.confidence:.0%}"
    return _fitted(expression.label, _TITLE_SIZE, room_px - _width_px(share, _TITLE_SIZE)) + share


def _place(reading: Reading, faces: Sequence[Box], taken: Sequence[Box], image: Image) -> Box:
    """Where the plate goes: right of, left of, below or above the face.

    It covers faces as little as can be, and then the plates that are `taken`.
    """
    box = reading.face.box
    rows, columns = image.shape[:2]
    width, height = _PLATE_WIDTH_PX, plate_height(reading.smoothed)
    places = (
        (box.right + 4, box.top),
        (box.left - width - 4, box.top),
        (box.left, box.bottom + 4),
        (box.left, box.top - height - 4),
    )
    plates = []
    for left, top in places:
        plate = Box(max(0, min(left, columns - width)), max(0, min(top, rows - height)), width, height)
        covered = (sum(map(plate.intersection_area, faces)), sum(map(plate.intersection_area, taken)))
        if not any(covered):
            return plate
        plates.append((covered, plate))
    return min(plates, key=lambda covering: covering[0])[1]


def plate_height(expression: Expression) -> int:
    """The height of an expression's plate, px."""
    return _TITLE_PX + _ROW_PX * len(expression.labels) + _PADDING_PX


def _darken(image: Image, plate: Box) -> None:
    part = image[plate.top : plate.bottom, plate.left : plate.right]
    cv2.convertScaleAbs(part, part, alpha=_SHINE)


def _write(image: Image, text: str, left: int, baseline: int, colour: Colour, size: float) -> None:
    cv2.putText(image, text, (left, baseline), _FONT, size, colour, 1, cv2.LINE_AA)


@lru_cache(maxsize=512)
def _width_px(text: str, size: float) -> int:
    (width_px, _), _ = cv2.getTextSize(text, _FONT, size, 1)
    return int(width_px)


def _fitted(text: str, size: float, room_px: int) -> str:
    """As much of `text`, in ASCII, as `room_px` holds."""
    text = _ascii(text)
    while text and _width_px(text, size) > room_px:
        text = text[:-1]
    return text


def _ascii(text: str) -> str:
    """`text` in the characters that OpenCV's fonts have."""
    return text.encode("ascii", "replace").decode()

"""Draws the readings of a result on a copy of its frame, so that they are readable on any background."""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np

from edge import palette
from edge.contracts import UNCERTAIN, Box, Expression, Reading, Result
from edge.frames import Image

Colour = tuple[int, int, int]

# The colours of the tracks, blue first; a track keeps its colour.
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
# How bright the picture is below a plate: bright enough to see it, too dark to disturb the text.
_BRIGHTNESS = 0.15


def draw(result: Result, *, corner: str) -> Image:
    """Draw a box and a plate for each face of `result`, and the text `corner` at the top left.

    Returns a new picture, (H, W, 3) uint8, blue first; the frame stays as it is.
    """
    image = result.frame.bgr.copy()
    boxes = [reading.face.box for reading in result.readings]
    plates = [Box(0, 0, _measure_width_px(corner, _CORNER_SIZE) + 2 * _PADDING_PX, _TITLE_PX)]
    _darken(image, plates[0])
    _write(image, corner, _PADDING_PX, 14, WHITE, _CORNER_SIZE)
    for reading in result.readings:
        _draw_box(image, reading.face.box, _choose_colour(reading))
    for reading in result.readings:
        plates.append(_place_plate(reading, boxes, plates, image))
        _draw_plate(image, reading, _choose_colour(reading), plates[-1])
    return image


def _choose_colour(reading: Reading) -> Colour:
    return PALETTE[(reading.face.track_id or 0) % len(PALETTE)]


def _draw_box(image: Image, box: Box, colour: Colour) -> None:
    corners = (box.left, box.top), (box.right - 1, box.bottom - 1)
    cv2.rectangle(image, *corners, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.rectangle(image, *corners, colour, 2, cv2.LINE_AA)


def _draw_plate(image: Image, reading: Reading, colour: Colour, plate: Box) -> None:
    expression, label_shown = reading.smoothed, reading.smoothed.label
    _darken(image, plate)
    is_certain = label_shown != UNCERTAIN
    title = _make_title(expression, plate.width - 2 * _PADDING_PX) if is_certain else UNCERTAIN
    part = image[plate.top : plate.bottom, plate.left : plate.right]
    cv2.max(part, _draw_captions(expression.labels)[: part.shape[0], : part.shape[1]], part)
    _write(
        image, title, plate.left + _PADDING_PX, plate.top + 15, WHITE if is_certain else FAINT, _TITLE_SIZE
    )
    full_px = plate.width - _BAR_LEFT_PX - _PADDING_PX
    for row, (label, probability) in enumerate(
        zip(expression.labels, expression.probabilities.tolist(), strict=True)
    ):
        top = _TITLE_PX + row * _ROW_PX
        bar = part[top + 2 : top + 11, _BAR_LEFT_PX : _BAR_LEFT_PX + round(full_px * probability) + 1]
        # Cheaper than OpenCV's rectangle, which would release the interpreter's lock seven times.
        bar[:] = _make_row(colour if label == label_shown else FAINT)[: bar.shape[1]]


@lru_cache(maxsize=4)
def _draw_captions(labels: tuple[str, ...]) -> Image:
    """The part of a plate that never changes, on black: the labels, one below the other."""
    layer = np.zeros((_TITLE_PX + _ROW_PX * len(labels) + _PADDING_PX, _PLATE_WIDTH_PX, 3), np.uint8)
    for row, label in enumerate(labels):
        caption = _shorten(label, _CAPTION_SIZE, _BAR_LEFT_PX - _PADDING_PX)
        _write(layer, caption, _PADDING_PX, _TITLE_PX + row * _ROW_PX + 10, WHITE, _CAPTION_SIZE)
    return layer


@lru_cache(maxsize=len(PALETTE) + 1)
def _make_row(colour: Colour) -> Image:
    """A row of pixels of one colour, (N, 3); to copy it is faster than to repeat the colour."""
    return np.full((_PLATE_WIDTH_PX, 3), colour, np.uint8)


def _make_title(expression: Expression, room_px: int) -> str:
    """The label, shortened to fit into `room_px`, and its probability."""
    share = f" {expression.confidence:.0%}"
    return _shorten(expression.label, _TITLE_SIZE, room_px - _measure_width_px(share, _TITLE_SIZE)) + share


def _place_plate(reading: Reading, faces: Sequence[Box], other_plates: Sequence[Box], image: Image) -> Box:
    """Choose the place of the plate: right of, left of, below or above the face.

    The plate covers as little as possible of the `faces`, and then as little as possible of the
    `other_plates`.
    """
    box = reading.face.box
    rows, columns = image.shape[:2]
    width, height = _PLATE_WIDTH_PX, measure_plate_height_px(reading.smoothed)
    places = (
        (box.right + 4, box.top),
        (box.left - width - 4, box.top),
        (box.left, box.bottom + 4),
        (box.left, box.top - height - 4),
    )
    plates = []
    for left, top in places:
        plate = Box(max(0, min(left, columns - width)), max(0, min(top, rows - height)), width, height)
        covered = (sum(map(plate.intersection_area, faces)), sum(map(plate.intersection_area, other_plates)))
        if not any(covered):
            return plate
        plates.append((covered, plate))
    return min(plates, key=lambda covering: covering[0])[1]


def measure_plate_height_px(expression: Expression) -> int:
    """The height of the plate for `expression`, px."""
    return _TITLE_PX + _ROW_PX * len(expression.labels) + _PADDING_PX


def _darken(image: Image, plate: Box) -> None:
    part = image[plate.top : plate.bottom, plate.left : plate.right]
    cv2.convertScaleAbs(part, part, alpha=_BRIGHTNESS)


def _write(image: Image, text: str, left: int, baseline: int, colour: Colour, size: float) -> None:
    cv2.putText(image, text, (left, baseline), _FONT, size, colour, 1, cv2.LINE_AA)


@lru_cache(maxsize=512)
def _measure_width_px(text: str, size: float) -> int:
    (width_px, _), _ = cv2.getTextSize(text, _FONT, size, 1)
    return int(width_px)


def _shorten(text: str, size: float, room_px: int) -> str:
    """The beginning of `text`, in ASCII, that fits into `room_px`."""
    text = _to_ascii(text)
    while text and _measure_width_px(text, size) > room_px:
        text = text[:-1]
    return text


def _to_ascii(text: str) -> str:
    """`text` without the characters that OpenCV's fonts lack."""
    return text.encode("ascii", "replace").decode()

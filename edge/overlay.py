"""Draws a Result on its frame: pure, and readable on any background."""

from collections.abc import Sequence

import cv2

from edge.contracts import UNCERTAIN, Box, Expression, Image, Reading, Result

Colour = tuple[int, int, int]

# Okabe and Ito's palette for all kinds of colour vision ("Color Universal Design", 2008), less
# black, blue first in each triple; a track keeps its colour for life.
PALETTE: tuple[Colour, ...] = (
    (233, 180, 86), (0, 159, 230), (115, 158, 0), (66, 228, 240), (178, 114, 0), (0, 94, 213), (167, 121, 204))
WHITE: Colour = (255, 255, 255)
FAINT: Colour = (150, 150, 150)

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_PLATE_WIDTH_PX = 132
_ROW_PX = 13
_TITLE_PX = 20
_PADDING_PX = 4
_CORNER_SIZE = 0.45
_BAR_LEFT_PX = 66
# How much of the picture shines through a plate: enough to see that there is one, too little to disturb the text.
_SHINE = 0.15


def draw(result: Result, *, corner: str) -> Image:
    """The frame of `result`, (H, W, 3) blue first, with a box and a plate per face, and `corner` at top left.

    The array is new; the frame stays as it is.
    """
    image = result.frame.bgr.copy()
    boxes = [reading.face.box for reading in result.readings]
    for reading in result.readings:
        colour = PALETTE[(reading.face.track_id or 0) % len(PALETTE)]
        _draw_box(image, reading.face.box, colour)
        _draw_plate(image, reading, colour, _place(reading, boxes, image))
    (width_px, _), _ = cv2.getTextSize(corner, _FONT, _CORNER_SIZE, 1)
    _darken(image, Box(0, 0, width_px + 2 * _PADDING_PX, _TITLE_PX))
    _write(image, corner, _PADDING_PX, 14, WHITE, _CORNER_SIZE)
    return image


def _draw_box(image: Image, box: Box, colour: Colour) -> None:
    corners = (box.left, box.top), (box.right - 1, box.bottom - 1)
    cv2.rectangle(image, *corners, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.rectangle(image, *corners, colour, 2, cv2.LINE_AA)


def _draw_plate(image: Image, reading: Reading, colour: Colour, plate: Box) -> None:
    expression = reading.smoothed
    _darken(image, plate)
    is_certain = expression.label != UNCERTAIN
    title = f"{_ascii(expression.label)} {expression.confidence:.0%}" if is_certain else UNCERTAIN
    _write(image, title, plate.left + _PADDING_PX, plate.top + 15, WHITE if is_certain else FAINT, 0.5)
    full_px = plate.width - _BAR_LEFT_PX - _PADDING_PX
    for row, (label, probability) in enumerate(zip(expression.labels, expression.probabilities, strict=True)):
        top = plate.top + _TITLE_PX + row * _ROW_PX
        _write(image, _ascii(label)[:9], plate.left + _PADDING_PX, top + 10, WHITE, 0.35)
        left = plate.left + _BAR_LEFT_PX
        bar = colour if is_certain and label == expression.top else FAINT
        cv2.rectangle(image, (left, top + 2), (left + round(full_px * float(probability)), top + 10), bar, cv2.FILLED)


def _place(reading: Reading, faces: Sequence[Box], image: Image) -> Box:
    """Where the plate goes: right of, left of, below or above the face, wherever it covers faces least."""
    box = reading.face.box
    rows, columns = image.shape[:2]
    width, height = _PLATE_WIDTH_PX, plate_height(reading.smoothed)
    places = ((box.right + 4, box.top), (box.left - width - 4, box.top),
              (box.left, box.bottom + 4), (box.left, box.top - height - 4))
    plates = [Box(max(0, min(left, columns - width)), max(0, min(top, rows - height)), width, height)
              for left, top in places]
    return min(plates, key=lambda plate: sum(plate.shared_with(face) for face in faces))


def plate_height(expression: Expression) -> int:
    """The height of an expression's plate, px."""
    return _TITLE_PX + _ROW_PX * len(expression.labels) + _PADDING_PX


def _darken(image: Image, plate: Box) -> None:
    part = image[plate.top:plate.bottom, plate.left:plate.right]
    part[:] = cv2.convertScaleAbs(part, alpha=_SHINE)


def _write(image: Image, text: str, left: int, baseline: int, colour: Colour, size: float) -> None:
    cv2.putText(image, text, (left, baseline), _FONT, size, colour, 1, cv2.LINE_AA)


def _ascii(text: str) -> str:
    """`text` in the characters that OpenCV's fonts have."""
    return text.encode("ascii", "replace").decode()

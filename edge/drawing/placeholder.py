"""Draws the picture that is shown while a camera is away, with the reason."""

import cv2
import numpy as np

from edge.frames import Image

BACKGROUND = (48, 40, 32)
FOREGROUND = (235, 235, 235)

_FONT = cv2.FONT_HERSHEY_SIMPLEX
# The sizes below are for a frame of this width; they are scaled for others.
_USUAL_WIDTH_PX = 640
_SIZE = 0.6
_ROW_PX = 28
_MARGIN_PX = 24
# OpenCV's fonts contain only ASCII.
_IN_ASCII = str.maketrans({"×": "x", "…": "...", "°": " "})


def draw(text: str, width: int, height: int) -> Image:
    """Draw `text` in the middle of a plain picture, (height, width, 3) uint8, read-only.

    The end of a text that does not fit is left out.
    """
    image = np.full((height, width, 3), BACKGROUND, np.uint8)
    scale = width / _USUAL_WIDTH_PX
    row_px, margin_px = max(1, round(_ROW_PX * scale)), round(_MARGIN_PX * scale)
    lines = _wrap(text, _SIZE * scale, width - 2 * margin_px)[: max(1, (height - 2 * margin_px) // row_px)]
    baseline = (height - len(lines) * row_px) // 2 + round(0.75 * row_px)
    for line in lines:
        cv2.putText(
            image,
            line,
            (margin_px, baseline),
            _FONT,
            _SIZE * scale,
            FOREGROUND,
            max(1, round(scale)),
            cv2.LINE_AA,
        )
        baseline += row_px
    image.flags.writeable = False
    return image


def _wrap(text: str, size: float, room_px: int) -> list[str]:
    """Wrap `text` into lines of at most `room_px`; a longer word, such as a path, is cut."""
    lines: list[str] = []
    rest = " ".join(text.translate(_IN_ASCII).encode("ascii", "replace").decode().split())
    while rest:
        fits = next(
            (end for end in range(len(rest), 0, -1) if _measure_width_px(rest[:end], size) <= room_px), 1
        )
        if fits < len(rest) and rest[fits] != " ":
            fits = rest.rfind(" ", 1, fits) if " " in rest[1:fits] else fits
        lines.append(rest[:fits])
        rest = rest[fits:].lstrip()
    return lines


def _measure_width_px(text: str, size: float) -> int:
    (width_px, _), _ = cv2.getTextSize(text, _FONT, size, 1)
    return int(width_px)

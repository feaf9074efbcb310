"""What is cut out of a picture for the detectors and the model: pure functions, shared with the training."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contracts import Box
from edge.faces.metadata import Framing, Metadata
from edge.frames import Frame, Image


def frame_box(box: Box, framing: Framing) -> Box:
    """The square around `box` that `framing` asks for; it may reach beyond the picture."""
    mean_px = (box.width + box.height) / 2
    side_px = max(1, round(framing.scale * mean_px))
    centre_x = box.left + box.width / 2
    centre_y = box.top + box.height / 2 + framing.shift_down * mean_px
    return Box(round(centre_x - side_px / 2), round(centre_y - side_px / 2), side_px, side_px)


def crop(grey: Image, square: Box, width: int, height: int) -> Image:
    """The pixels (H, W) of `grey` in `square`, as (height, width); the border repeats beyond the picture.

    Shrinks by area and enlarges bilinearly in fixed point: both give the same bytes on x86
    and ARM, which INTER_LINEAR does not.
    """
    rows, columns = grey.shape
    left, top = max(0, square.left), max(0, square.top)
    right, bottom = min(columns, square.right), min(rows, square.bottom)
    if left >= right or top >= bottom:
        raise ValueError(f"{square} lies outside a picture of {columns}×{rows}")
    inside = grey[top:bottom, left:right]
    missing = (top - square.top, square.bottom - bottom, left - square.left, square.right - right)
    if any(missing):
        inside = cv2.copyMakeBorder(inside, *missing, cv2.BORDER_REPLICATE)  # type: ignore[assignment]
    return resize(inside, width, height)


def resize(grey: Image, width: int, height: int) -> Image:
    """`grey` (H, W) as (height, width), with interpolations that give the same bytes on x86 and ARM."""
    if grey.shape == (height, width):
        return grey
    shrinks = grey.shape[0] >= height and grey.shape[1] >= width
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR_EXACT
    return np.asarray(cv2.resize(grey, (width, height), interpolation=interpolation), np.uint8)


def crop_for_search(frame: Frame, region: Box, width: int, height: int) -> Image:
    """The grey pixels of `frame` in `region`, as (height, width): from half the resolution where that is enough.

    A frame in which no face is followed yet is so decoded at half its size alone.
    """
    is_half_enough = 2 * width <= region.width and 2 * height <= region.height
    half = frame.half_grey if is_half_enough else None
    if half is not None:
        picture = half[region.top // 2 : (region.bottom + 1) // 2, region.left // 2 : (region.right + 1) // 2]
    else:
        picture = frame.grey[region.top : region.bottom, region.left : region.right]
    return resize(picture, width, height)


def sharpness(picture: Image) -> float:
    """The variance of the Laplacian of `picture` (H, W): the higher the sharper, 0 for a flat one.

    Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", 2000.
    """
    _, deviation = cv2.meanStdDev(cv2.Laplacian(picture, cv2.CV_16S))
    return float(deviation[0, 0]) ** 2


def as_input(crops: Sequence[Image] | Image, metadata: Metadata) -> NDArray[np.float32]:
    """Crops, uint8 (n, height, width), as the model's input, float32 (n, height, width, 1)."""
    batch = np.asarray(crops, np.uint8)[..., np.newaxis].astype(np.float32)
    batch *= np.float32(metadata.scale)
    batch += np.float32(metadata.offset)
    return batch


def calibrated(probabilities: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Softmax outputs (n, classes) as if their logits had been divided by `temperature`.

    softmax(z / T) is softmax(z) ** (1 / T), normalised (Guo et al., "On Calibration of Modern
    Neural Networks", 2017, for the method).
    """
    if temperature == 1:
        return probabilities
    powers = probabilities ** np.float32(1 / temperature)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)

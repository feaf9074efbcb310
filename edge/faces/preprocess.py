"""Crops, resizes and scales pictures for the detectors and the model; training uses the same functions."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contracts import Box, Square
from edge.faces.metadata import Framing, Metadata
from edge.frames import Frame, Image

# A crop to a fraction of a pixel is made from a picture of so many times its size.
OVERSAMPLING = 2


def make_square(box: Box, framing: Framing) -> Box:
    """The square around `box` that `framing` describes; it may reach beyond the picture."""
    mean_px = (box.width + box.height) / 2
    side_px = max(1, round(framing.scale * mean_px))
    centre_x = box.left + box.width / 2
    centre_y = box.top + box.height / 2 + framing.shift_down * mean_px
    return Box(round(centre_x - side_px / 2), round(centre_y - side_px / 2), side_px, side_px)


def frame_square(square: Square, framing: Framing) -> Square:
    """The square of the model's input for a face in `square`, as `framing` describes it."""
    centre_y_px = square.centre_y_px + framing.shift_down * square.side_px
    return Square(square.centre_x_px, centre_y_px, max(1.0, framing.scale * square.side_px))


def crop_exactly(grey: Image, square: Square, width: int, height: int) -> Image:
    """The part of `grey` (H, W) in `square`, to a fraction of a pixel, resized to (height, width).

    Beyond the picture, the border pixels are repeated.  `warpAffine` alone would skip pixels where it
    shrinks: first, a larger square of whole pixels is shrunk by area to about twice the size.
    """
    reach_px = math.ceil(square.side_px / 2) + 2
    left, top = math.floor(square.centre_x_px) - reach_px, math.floor(square.centre_y_px) - reach_px
    whole_px = 2 * reach_px + 1
    shrunk_px = min(whole_px, max(1, round(OVERSAMPLING * max(width, height) * whole_px / square.side_px)))
    shrunk = crop(grey, Box(left, top, whole_px, whole_px), shrunk_px, shrunk_px)
    scale = shrunk_px / whole_px
    # OpenCV counts from the middles of pixels.
    step_x, step_y = scale * square.side_px / width, scale * square.side_px / height
    first_x = scale * (square.centre_x_px - square.side_px / 2 - left) + (step_x - 1) / 2
    first_y = scale * (square.centre_y_px - square.side_px / 2 - top) + (step_y - 1) / 2
    matrix = np.array([[step_x, 0, first_x], [0, step_y, first_y]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(shrunk, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.uint8)


def crop(grey: Image, square: Box, width: int, height: int) -> Image:
    """The part of `grey` (H, W) in `square`, resized to (height, width).

    Beyond the picture, the border pixels are repeated.
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
    """Resize `grey` (H, W) to (height, width).

    INTER_AREA and INTER_LINEAR_EXACT give the same bytes on x86 and ARM; INTER_LINEAR does not.
    """
    if grey.shape == (height, width):
        return grey
    shrinks = grey.shape[0] >= height and grey.shape[1] >= width
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR_EXACT
    return np.asarray(cv2.resize(grey, (width, height), interpolation=interpolation), np.uint8)


def crop_for_search(frame: Frame, region: Box, width: int, height: int) -> Image:
    """The grey pixels of `frame` in `region`, resized to (height, width).

    Uses the frame's smallest shrunk picture that is large enough, which all searches of a frame share.  A
    frame in which no face is tracked yet is then decoded at half its size only.
    """
    halvings = 0
    while width << (halvings + 1) <= region.width and height << (halvings + 1) <= region.height:
        halvings += 1
    picture = frame.shrink_grey(halvings) if halvings else frame.grey
    # The region reaches into the pixels at its ends.
    bottom, right = -(-region.bottom // 2**halvings), -(-region.right // 2**halvings)
    return resize(picture[region.top >> halvings : bottom, region.left >> halvings : right], width, height)


def measure_sharpness(picture: Image) -> float:
    """The variance of the Laplacian of `picture` (H, W): 0 for a uniform picture, the higher the sharper.

    Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", 2000.
    """
    _, deviation = cv2.meanStdDev(cv2.Laplacian(picture, cv2.CV_16S))
    return float(deviation[0, 0]) ** 2


def measure_difference(picture: Image, other: Image, counts: Image) -> tuple[float, float]:
    """The mean and the largest difference of two pictures (H, W), where `counts` (H, W) is not 0.

    Both are 0 where no pixel counts.
    """
    difference = cv2.absdiff(picture, other)
    mean, *_ = cv2.mean(difference, counts)
    _, largest, _, _ = cv2.minMaxLoc(difference, counts)
    return mean, largest


def make_batch(crops: Sequence[Image] | Image, metadata: Metadata) -> NDArray[np.float32]:
    """The model's input, float32 (n, height, width, 1), from crops, uint8 (n, height, width)."""
    batch = np.asarray(crops, np.uint8)[..., np.newaxis].astype(np.float32)
    batch *= np.float32(metadata.scale)
    batch += np.float32(metadata.offset)
    return batch


def calibrate(probabilities: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Apply temperature scaling to softmax outputs (n, classes): their logits divided by `temperature`.

    softmax(z / T) equals softmax(z) ** (1 / T), normalised.  The method: Guo et al., "On Calibration of
    Modern Neural Networks", 2017.
    """
    if temperature == 1:
        return probabilities
    powers = probabilities ** np.float32(1 / temperature)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)

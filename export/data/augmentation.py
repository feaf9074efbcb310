"""Data augmentation: crops turned, framed and lit differently, blurred or partly covered, like live crops."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

# The bounds of the random changes.  A detector's box is off by about a tenth of its side; beyond these bounds
# a view of 48 pixels begins to lose parts of the face.
TURN_DEG = 15.0
ZOOM = 0.13
SHIFT = 4 / 48
"""A share of the side, in each direction; small shifts are likelier."""
GAMMA = 0.6
CONTRAST = 0.25
BRIGHTNESS = 24.0
# The share of views whose picture is made worse than the crop, each in one way.
DEGRADED_SHARE = 0.25
BLUR_SIGMA_PX = (0.4, 1.4)
JPEG_QUALITY = (20, 70)
SMALLEST = 0.4
"""A share of the side: the smallest picture that a degraded view is enlarged from."""


def augment(
    image: NDArray[np.uint8], random: np.random.Generator, erased_share: float = 0.0
) -> NDArray[np.uint8]:
    """Make a random view, uint8 (side, side), of a crop of the same size."""
    side_px = image.shape[0]
    turn_deg, zoom = random.uniform(-TURN_DEG, TURN_DEG), math.exp(random.uniform(-ZOOM, ZOOM))
    # The sum of two uniform numbers is most often near 0.
    right_px, down_px = side_px * SHIFT * random.uniform(-0.5, 0.5, (2, 2)).sum(axis=0)
    if random.random() < 0.5:
        image = np.ascontiguousarray(image[:, ::-1])
    view = warp(image, turn_deg=turn_deg, zoom=zoom, right_px=right_px, down_px=down_px)
    gamma, contrast = math.exp(random.uniform(-GAMMA, GAMMA)), 1 + random.uniform(-CONTRAST, CONTRAST)
    view = change_light(view, gamma, contrast, random.uniform(-BRIGHTNESS, BRIGHTNESS))
    if random.random() < DEGRADED_SHARE:
        view = _degrade(view, random)
    if random.random() < erased_share:
        erase(view, random)
    return view


def erase(image: NDArray[np.uint8], random: np.random.Generator) -> None:
    """Paint a rectangle over `image`, in place (Zhong et al., "Random Erasing Data Augmentation", 2017)."""
    side_px = image.shape[0]
    height, width = random.integers(side_px // 6, side_px // 2.4, 2)
    top, left = random.integers(-4, side_px - 4, 2)
    image[max(top, 0) : top + height, max(left, 0) : left + width] = random.integers(0, 256)


def warp(
    image: NDArray[np.uint8],
    *,
    turn_deg: float = 0.0,
    zoom: float = 1.0,
    right_px: float = 0.0,
    down_px: float = 0.0,
) -> NDArray[np.uint8]:
    """Turn `image` counter-clockwise and enlarge it, both around its centre, then shift it.

    The pixels of the border are repeated outwards.
    """
    centre_px = (image.shape[0] - 1) / 2
    matrix = np.asarray(cv2.getRotationMatrix2D((centre_px, centre_px), turn_deg, zoom), np.float64)
    matrix[:, 2] += right_px, down_px
    return np.asarray(
        cv2.warpAffine(image, matrix, image.shape[::-1], borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def change_light(
    image: NDArray[np.uint8], gamma: float, contrast: float = 1.0, brightness: float = 0.0
) -> NDArray[np.uint8]:
    """Apply a gamma, then a contrast around the middle grey and a brightness in levels."""
    levels = 255 * (np.arange(256) / 255) ** gamma
    levels = 128 + contrast * (levels - 128) + brightness
    return np.asarray(cv2.LUT(image, np.clip(levels, 0, 255).astype(np.uint8)), np.uint8)


def blur(image: NDArray[np.uint8], sigma_px: float) -> NDArray[np.uint8]:
    """Blur with a Gaussian of `sigma_px`."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), np.uint8)


def compress_jpeg(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Compress as JPEG with `quality`, 0 to 100, and decode again."""
    _, content = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_GRAYSCALE), np.uint8)


def reduce_detail(image: NDArray[np.uint8], small_px: int) -> NDArray[np.uint8]:
    """Shrink `image` (side, side) to `small_px` and enlarge it again."""
    small = cv2.resize(image, (small_px, small_px), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, image.shape[::-1], interpolation=cv2.INTER_LINEAR_EXACT), np.uint8)


def _degrade(image: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Blur, compress, or shrink and enlarge."""
    kind = random.integers(3)
    if kind == 0:
        return blur(image, random.uniform(*BLUR_SIGMA_PX))
    if kind == 1:
        return compress_jpeg(image, int(random.integers(*JPEG_QUALITY)))
    side_px = image.shape[0]
    return reduce_detail(image, int(random.integers(round(SMALLEST * side_px), side_px)))

"""Conditions under which a small face is filmed: pure functions of a picture, (H, W, 3) uint8, BGR."""

from collections.abc import Callable

import cv2
import numpy as np

from edge.frames import Image

# In the dark, a picture has this share of the light, by the usual curve of a display.
DARK_SHARE, DARK_GAMMA = 0.5, 2.2
# Standard deviation of each colour of each pixel, grey levels of 256.
NOISE = 20.0
# The standard deviation of the blur as a share of the face's height: 1 px for a face of 24 px.
BLUR_SHARE = 1 / 24

# Takes the picture, the height of its face in px, and a seed for what is random.
Condition = Callable[[Image, float, int], Image]


def leave_plain(picture: Image, face_px: float, seed: int) -> Image:
    """Leave the picture as it is."""
    return picture


def darken(picture: Image, face_px: float, seed: int) -> Image:
    """Take light away, most of it from what was dark."""
    levels = 255 * DARK_SHARE * (np.arange(256) / 255) ** DARK_GAMMA
    return np.rint(levels).astype(np.uint8)[picture]


def add_noise(picture: Image, face_px: float, seed: int) -> Image:
    """Add the noise of a camera with too little light."""
    noise = np.random.default_rng(seed).normal(0, NOISE, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


def blur(picture: Image, face_px: float, seed: int) -> Image:
    """Blur as a lens does that is out of focus."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), BLUR_SHARE * face_px), np.uint8)


CONDITIONS: dict[str, Condition] = {
    "plain": leave_plain,
    "dark": darken,
    "noise": add_noise,
    "blurred": blur,
}

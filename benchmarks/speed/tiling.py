"""Clips of any size with any number of faces: the face of a clip, cut out and put beside itself.

What is around the faces is a wall that does not move, with the noise of a camera.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.clip import Clip, encode_jpeg
from benchmarks.whole_frame import find_best_faces
from edge.contracts import Box
from edge.errors import ConfigError
from edge.frames import Image
from edge.settings.config import Config

# So many frames of 1920×1080 take about 100 MB.
MAX_TILED_FRAMES = 120
# The face's way through the clip is taken from every fifth frame.
FACE_EVERY = 5
# What is cut out reaches beyond the face by this share of its width.
MARGIN = 0.3
# The wall: mean and standard deviation of its grey levels; its spots are of these sizes, px, and the larger
# they are, the more they differ.
WALL_GREY, WALL_CONTRAST, SPOTS_PX = 128, 25, (8, 32, 128)
# The noise of a camera in daylight, standard deviation in grey levels.
NOISE = 2.0


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells for tiles that are shrunk by `factor`, at most 1, so that each fits into a cell."""

    columns: int
    rows: int
    factor: float


def make_tiled_clip(clip: Clip, config: Config, faces: int, width: int, height: int) -> Clip:
    """Make a clip of `width` × `height` px that shows the best face of `clip` in `faces` places.

    Raises CameraError where the clip has no face, and ConfigError where its face gets too small for `config`.
    """
    boxes = find_best_faces(clip, config, FACE_EVERY)
    window = choose_window(boxes, clip.width, clip.height)
    grid = plan_grid(faces, width, height, window)
    smallest_px = math.floor(grid.factor * min(box.height for box in boxes))
    if smallest_px < config.min_face_px:
        raise ConfigError(
            f"expected room for faces of {config.min_face_px} px in {width}×{height}, found that {faces} of "
            f"them are {smallest_px} px high there; name a larger --size or fewer --faces"
        )
    return tile_faces(clip, window, grid, faces, width, height)


def choose_window(boxes: Sequence[Box], width: int, height: int) -> Box:
    """Choose the part of a picture of that size in which the face is always, with a margin around it."""
    margin = round(MARGIN * max(box.width for box in boxes))
    left, top = min(box.left for box in boxes) - margin, min(box.top for box in boxes) - margin
    right, bottom = max(box.right for box in boxes) + margin, max(box.bottom for box in boxes) + margin
    left, top = max(0, left), max(0, top)
    return Box(left, top, min(width, right) - left, min(height, bottom) - top)


def plan_grid(count: int, width: int, height: int, window: Box) -> Grid:
    """Plan the cells for `count` tiles in a picture of that size, so that the tiles can be largest."""

    def compute_factor(columns: int) -> float:
        rows = math.ceil(count / columns)
        return min(width / columns / window.width, height / rows / window.height)

    columns = max(range(1, count + 1), key=compute_factor)
    return Grid(columns, math.ceil(count / columns), min(1.0, compute_factor(columns)))


def tile_faces(clip: Clip, window: Box, grid: Grid, faces: int, width: int, height: int) -> Clip:
    """Show `window` of `clip` in `faces` cells of `grid`, each from another moment of the clip."""
    tiles = [_cut_tile(clip.decode_picture(index), window, grid.factor) for index in range(len(clip.jpegs))]
    # The endless clip, forwards and backwards.
    tiles += reversed(tiles)
    wall = make_wall(width, height)
    jpegs = []
    for index in range(min(len(clip.jpegs), MAX_TILED_FRAMES)):
        picture = wall.copy()
        for place in range(faces):
            tile = tiles[(index + place * len(tiles) // faces) % len(tiles)]
            rows, columns = tile.shape[:2]
            left = round((place % grid.columns + 0.5) * width / grid.columns - columns / 2)
            top = round((place // grid.columns + 0.5) * height / grid.rows - rows / 2)
            picture[top : top + rows, left : left + columns] = tile
        jpegs.append(encode_jpeg(add_noise(picture, index)))
    return Clip(jpegs, clip.fps, width, height)


def make_wall(width: int, height: int) -> Image:
    """Make a picture (height, width, 3) of a spotted wall; the same in every run."""
    random = np.random.default_rng(0)
    wall = np.zeros((height, width), np.float32)
    for spot_px in SPOTS_PX:
        spots = random.standard_normal((height // spot_px + 2, width // spot_px + 2), np.float32)
        large = cv2.resize(spots, (width, height), interpolation=cv2.INTER_CUBIC)
        wall += np.float32(math.sqrt(spot_px)) * np.asarray(large, np.float32)
    grey = np.clip(WALL_GREY + WALL_CONTRAST * wall / wall.std(), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)


def add_noise(picture: Image, seed: int) -> Image:
    """Add the noise of a camera, the same to all colours of a pixel."""
    noise = np.random.default_rng(seed).standard_normal(picture.shape[:2], np.float32)
    noisy = picture + np.rint(np.float32(NOISE) * noise)[..., np.newaxis]
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)


def _cut_tile(picture: Image, window: Box, factor: float) -> Image:
    cut = picture[window.top : window.bottom, window.left : window.right]
    size = max(1, math.floor(factor * window.width)), max(1, math.floor(factor * window.height))
    return np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), np.uint8)

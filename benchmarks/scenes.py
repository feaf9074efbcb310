"""What may happen before a camera, played out with the faces of one clip: pure functions of the frame's index."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.clip import Clip
from edge.contracts import Box
from edge.frames import Image

# What stands where the clip has no picture: neither black nor white, which would change the exposure.
EMPTY = 110
# Of a dim room at night, grey levels of 256: what is left of the light, and the noise of the gain that makes up for it.
DIM_SHARE = 0.35
DIM_NOISE = 9.0


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """The clip, and where its first face is, px."""

    clip: Clip
    face: Box

    def at_s(self, index: int) -> float:
        """The media time of frame `index`."""
        return index / self.clip.fps


Scene = Callable[[Stage, int], Image]


def filmed(stage: Stage, index: int) -> Image:
    """The clip as it is."""
    return stage.clip.picture(index)


def away(stage: Stage, index: int) -> Image:
    """Nobody is there for one second of every three."""
    picture = stage.clip.picture(index)
    return np.full_like(picture, EMPTY) if stage.at_s(index) % 3 >= 2 else picture


def elsewhere(stage: Stage, index: int) -> Image:
    """The face is cut from one side of a wider picture to the other every two seconds."""
    left = 0 if stage.at_s(index) % 4 < 2 else stage.clip.width // 2
    return _placed(stage.clip.picture(index), left, 0, stage.clip.width * 3 // 2, stage.clip.height)


def second(stage: Stage, index: int) -> Image:
    """Beside the first face, another, smaller one comes for two seconds of every four."""
    clip, margin = stage.clip, stage.face.width // 4
    canvas = _placed(clip.picture(index), 0, 0, clip.width + 2 * stage.face.width, clip.height)
    if stage.at_s(index) % 4 >= 1.5:
        head = Box(
            stage.face.left - margin,
            stage.face.top - margin,
            stage.face.width + 2 * margin,
            stage.face.height + 2 * margin,
        )
        # From another moment of the clip, so that the two do not move alike.
        other = clip.picture(index + len(clip.jpegs) // 2)
        cut = other[max(0, head.top) : head.bottom, max(0, head.left) : head.right]
        small = cv2.resize(cut, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
        rows, columns = small.shape[:2]
        canvas[clip.height - rows :, clip.width + margin : clip.width + margin + columns] = small
    return canvas


def passing(stage: Stage, index: int) -> Image:
    """The picture slides from left to right through the frame, in three seconds."""
    clip = stage.clip
    left = round(clip.width * (2 * (stage.at_s(index) % 3) / 3 - 1))
    return _placed(clip.picture(index), left, 0, clip.width, clip.height)


def nearing(stage: Stage, index: int) -> Image:
    """The face comes from far to near and goes again, in four seconds."""
    clip = stage.clip
    nearness = (1 - math.cos(2 * math.pi * stage.at_s(index) / 4)) / 2
    zoom = 0.5 + 0.5 * nearness
    small = cv2.resize(clip.picture(index), None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    rows, columns = small.shape[:2]
    return _placed(
        np.asarray(small, np.uint8),
        (clip.width - columns) // 2,
        (clip.height - rows) // 2,
        clip.width,
        clip.height,
    )


def dim(stage: Stage, index: int) -> Image:
    """The clip in a dim room: little light and much noise, the same noise in every run."""
    picture = stage.clip.picture(index)
    noise = np.random.default_rng(index).normal(0, DIM_NOISE, picture.shape).astype(np.float32)
    return np.asarray(np.clip(picture * np.float32(DIM_SHARE) + noise, 0, 255), np.uint8)


SCENES: dict[str, Scene] = {
    "filmed": filmed,
    "away": away,
    "elsewhere": elsewhere,
    "second": second,
    "passing": passing,
    "nearing": nearing,
    "dim": dim,
}

# When a face is taken out of the picture, known where it is cut out: every so many seconds, from which on; never, where
# it is there throughout.
CUTS: dict[str, tuple[float, float] | None] = {
    "away": (3, 2),
    "elsewhere": (2, 0),
    "second": (4, 0),
    "nearing": None,
    "dim": None,
}


def is_cut(name: str, stage: Stage, index: int) -> bool:
    """In frame `index` of the scene a face is gone that was in the one before."""
    cut = CUTS.get(name)
    if cut is None or index == 0:
        return False
    every_s, from_s = cut
    before, now = ((stage.at_s(frame) - from_s) // every_s for frame in (index - 1, index))
    return now > before


def _placed(picture: Image, left: int, top: int, width: int, height: int) -> Image:
    """`picture` at (left, top) of an empty canvas, as much of it as lies within."""
    canvas: Image = np.full((height, width, 3), EMPTY, np.uint8)
    rows, columns = picture.shape[:2]
    first, last = max(0, left), min(width, left + columns)
    above, below = max(0, top), min(height, top + rows)
    if first < last and above < below:
        canvas[above:below, first:last] = picture[above - top : below - top, first - left : last - left]
    return canvas

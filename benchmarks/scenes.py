"""Scenes that a camera may see, made from the faces of one clip: pure functions of the frame's index."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.clip import Clip
from edge.contracts import Box
from edge.frames import Image

# The grey level where the clip has no picture: neither black nor white, which would change a camera's
# exposure.
EMPTY_GREY = 110
# A dim room at night: the share of the light that is left, and the noise of the camera's gain, grey levels of
# 256.
DIM_SHARE = 0.35
DIM_NOISE = 9.0


@dataclass(frozen=True, slots=True, eq=False)
class SceneSource:
    """The clip from which scenes are made, and the box of its first face, px."""

    clip: Clip
    face: Box

    def compute_media_time_s(self, index: int) -> float:
        """Compute the media time of frame `index`."""
        return index / self.clip.fps


# Makes frame `index` of a scene, (height, width, 3) uint8, BGR.
Scene = Callable[[SceneSource, int], Image]


def show_as_filmed(source: SceneSource, index: int) -> Image:
    """Show the clip as it is."""
    return source.clip.decode_picture(index)


def show_nobody_at_times(source: SceneSource, index: int) -> Image:
    """Show an empty picture for one second of every three."""
    picture = source.clip.decode_picture(index)
    return np.full_like(picture, EMPTY_GREY) if source.compute_media_time_s(index) % 3 >= 2 else picture


def jump_sideways(source: SceneSource, index: int) -> Image:
    """Cut the face from one side of a wider picture to the other every two seconds."""
    clip = source.clip
    left = 0 if source.compute_media_time_s(index) % 4 < 2 else clip.width // 2
    return _place(clip.decode_picture(index), left, 0, clip.width * 3 // 2, clip.height)


def show_second_face(source: SceneSource, index: int) -> Image:
    """Show another, smaller face beside the first one, from 1.5 s to 4 s of every four seconds."""
    clip, face, margin = source.clip, source.face, source.face.width // 4
    canvas = _place(clip.decode_picture(index), 0, 0, clip.width + 2 * face.width, clip.height)
    if source.compute_media_time_s(index) % 4 >= 1.5:
        head = Box(face.left - margin, face.top - margin, face.width + 2 * margin, face.height + 2 * margin)
        # From another moment of the clip, so that the two faces do not move alike.
        other = clip.decode_picture(index + len(clip.jpegs) // 2)
        cut = other[max(0, head.top) : head.bottom, max(0, head.left) : head.right]
        small = cv2.resize(cut, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
        rows, columns = small.shape[:2]
        canvas[clip.height - rows :, clip.width + margin : clip.width + margin + columns] = small
    return canvas


def slide_through(source: SceneSource, index: int) -> Image:
    """Slide the picture from left to right through the frame within three seconds."""
    clip = source.clip
    left = round(clip.width * (2 * (source.compute_media_time_s(index) % 3) / 3 - 1))
    return _place(clip.decode_picture(index), left, 0, clip.width, clip.height)


def come_near_and_leave(source: SceneSource, index: int) -> Image:
    """Let the face come from far to near and go back, within four seconds."""
    clip = source.clip
    nearness = (1 - math.cos(2 * math.pi * source.compute_media_time_s(index) / 4)) / 2
    zoom = 0.5 + 0.5 * nearness
    small = np.asarray(
        cv2.resize(clip.decode_picture(index), None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA), np.uint8
    )
    rows, columns = small.shape[:2]
    return _place(small, (clip.width - columns) // 2, (clip.height - rows) // 2, clip.width, clip.height)


def show_in_dim_room(source: SceneSource, index: int) -> Image:
    """Show the clip with little light and much noise; the noise is the same in every run."""
    picture = source.clip.decode_picture(index)
    noise = np.random.default_rng(index).normal(0, DIM_NOISE, picture.shape).astype(np.float32)
    return np.asarray(np.clip(picture * np.float32(DIM_SHARE) + noise, 0, 255), np.uint8)


SCENES: dict[str, Scene] = {
    "filmed": show_as_filmed,
    "away": show_nobody_at_times,
    "elsewhere": jump_sideways,
    "second": show_second_face,
    "passing": slide_through,
    "nearing": come_near_and_leave,
    "dim": show_in_dim_room,
}

# The scenes of which it is known when a face is cut out of the picture, as (period_s, first_s): at `first_s`
# and every `period_s` after it, but for frame 0; None where the face stays throughout.
CUTS: dict[str, tuple[float, float] | None] = {
    "away": (3, 2),
    "elsewhere": (2, 0),
    "second": (4, 0),
    "nearing": None,
    "dim": None,
}


def is_cut(name: str, source: SceneSource, index: int) -> bool:
    """Whether a face that was in the scene's previous frame was cut out of frame `index`."""
    cut = CUTS.get(name)
    if cut is None or index == 0:
        return False
    period_s, first_s = cut
    before, now = ((source.compute_media_time_s(frame) - first_s) // period_s for frame in (index - 1, index))
    return now > before


def _place(picture: Image, left: int, top: int, width: int, height: int) -> Image:
    """Put `picture` at (left, top) on an empty canvas; what lies outside the canvas is cut off."""
    canvas: Image = np.full((height, width, 3), EMPTY_GREY, np.uint8)
    rows, columns = picture.shape[:2]
    first, last = max(0, left), min(width, left + columns)
    above, below = max(0, top), min(height, top + rows)
    if first < last and above < below:
        canvas[above:below, first:last] = picture[above - top : below - top, first - left : last - left]
    return canvas

"""A built-in moving picture with a real face, for a first look without a camera.

The portrait is that of the astronaut Eileen Collins, a work of NASA in the public domain (NASA's Great
Images, https://flic.kr/p/r9qvLn), as scikit-image distributes it (its `data.astronaut()`); demo.jpg is a copy
in JPEG, whose comment holds the expression that people see in it.
"""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from edge.frames import Frame, Image, PixelFormat

PORTRAIT = Path(__file__).with_name("demo.jpg")
# The head in the portrait, px: all of it is always in view.
HEAD_LEFT, HEAD_TOP, HEAD_RIGHT, HEAD_BOTTOM = 150.0, 12.0, 304.0, 190.0
# The periods with which the face moves sideways, moves up and down, and grows.
PERIODS_S = (7.0, 11.0, 17.0)
# How far the portrait is enlarged; 1 just fills the frame.
MIN_ZOOM, MAX_ZOOM = 1.02, 1.6


class DemoCamera:
    """A live Camera that pans and zooms over a portrait at a constant rate."""

    name = "demo"
    is_live = True
    frame_count: int | None = None

    def __init__(
        self,
        width: int = 640,
        height: int = 480,
        fps: float = 30,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """The frames are `width` × `height` px; `clock` and `sleep` use seconds."""
        self._size, self._fps = (width, height), fps
        self._clock, self._sleep = clock, sleep
        self._portrait: Image | None = None
        self._started_s, self._next_number = 0.0, 0

    def __enter__(self) -> Self:
        self._portrait = np.asarray(cv2.imread(str(PORTRAIT), cv2.IMREAD_COLOR), np.uint8)
        self._started_s, self._next_number = self._clock(), 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._portrait = None

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        """The frame that is due next; as with a real camera, frames that were due earlier are dropped."""
        if self._portrait is None:
            raise RuntimeError("expected an open camera: enter it first")
        elapsed_s = self._clock() - self._started_s
        number = max(self._next_number, math.floor(elapsed_s * self._fps))
        self._sleep(max(0.0, number / self._fps - elapsed_s))
        self._next_number = number + 1
        due_s = number / self._fps
        width, height = self._size
        return Frame(
            self._draw(due_s), PixelFormat.BGR, width, height, number, self._started_s + due_s, due_s
        )

    def _draw(self, at_s: float) -> Image:
        """The view of the portrait at the time `at_s`, (H, W, 3)."""
        assert self._portrait is not None
        across, along, near = (math.sin(2 * math.pi * at_s / period_s) for period_s in PERIODS_S)
        rows, columns, _ = self._portrait.shape
        width, height = self._size
        zoom = max(width / columns, height / rows) * (MIN_ZOOM + (MAX_ZOOM - MIN_ZOOM) * (1 + near) / 2)
        left = _place_view(across, width / zoom, columns, HEAD_LEFT, HEAD_RIGHT)
        top = _place_view(along, height / zoom, rows, HEAD_TOP, HEAD_BOTTOM)
        transform = np.array([[zoom, 0, -zoom * left], [0, zoom, -zoom * top]])
        return np.asarray(cv2.warpAffine(self._portrait, transform, (width, height)), np.uint8)


def _place_view(
    offset: float, view_px: float, length_px: float, head_start_px: float, head_end_px: float
) -> float:
    """Where a view of `view_px` starts on an axis of `length_px`, so that the head is in it.

    `offset` goes from -1, the first such place, to 1, the last one.
    """
    first = max(0.0, head_end_px - view_px)
    last = max(first, min(head_start_px, length_px - view_px))
    return first + (last - first) * (1 + offset) / 2

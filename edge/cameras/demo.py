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
# The head in the portrait, px: it stays wholly in view.
HEAD_LEFT, HEAD_TOP, HEAD_RIGHT, HEAD_BOTTOM = 150.0, 12.0, 304.0, 190.0
# The face wanders sideways, up and down, and comes nearer with these periods, s.
PERIODS_S = (7.0, 11.0, 17.0)
# How much larger than needed to fill the frame the portrait is shown, at the least and at the most.
LEAST_ZOOM, MOST_ZOOM = 1.02, 1.6


class DemoCamera:
    """A live Camera that pans and zooms over a portrait at a steady rate."""

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
        """Frames of `width` × `height` px; `clock` and `sleep` are in seconds."""
        self._size, self._fps = (width, height), fps
        self._clock, self._sleep = clock, sleep
        self._portrait: Image | None = None

    def __enter__(self) -> Self:
        self._portrait = np.asarray(cv2.imread(str(PORTRAIT), cv2.IMREAD_COLOR), np.uint8)
        self._started_s = self._clock()
        self._next_number = 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._portrait = None

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        """The frame whose time has come; those whose time has passed are dropped, as a real camera's are."""
        if self._portrait is None:
            raise RuntimeError("expected an open camera: enter it first")
        elapsed_s = self._clock() - self._started_s
        number = max(self._next_number, math.floor(elapsed_s * self._fps))
        self._sleep(max(0.0, number / self._fps - elapsed_s))
        self._next_number = number + 1
        due_s = number / self._fps
        width, height = self._size
        return Frame(
            self._picture(due_s), PixelFormat.BGR, width, height, number, self._started_s + due_s, due_s
        )

    def _picture(self, at_s: float) -> Image:
        """The portrait as it is seen at `at_s`, (H, W, 3)."""
        assert self._portrait is not None
        across, along, near = (math.sin(2 * math.pi * at_s / period_s) for period_s in PERIODS_S)
        rows, columns, _ = self._portrait.shape
        width, height = self._size
        zoom = max(width / columns, height / rows) * (LEAST_ZOOM + (MOST_ZOOM - LEAST_ZOOM) * (1 + near) / 2)
        left = _swayed(across, width / zoom, columns, HEAD_LEFT, HEAD_RIGHT)
        top = _swayed(along, height / zoom, rows, HEAD_TOP, HEAD_BOTTOM)
        shown = np.array([[zoom, 0, -zoom * left], [0, zoom, -zoom * top]])
        return np.asarray(cv2.warpAffine(self._portrait, shown, (width, height)), np.uint8)


def _swayed(sway: float, view: float, length: float, head_start: float, head_end: float) -> float:
    """Where a view of `view` px starts that has the head in it and ends within `length`; `sway` is -1 to 1."""
    first = max(0.0, head_end - view)
    last = max(first, min(head_start, length - view))
    return first + (last - first) * (1 + sway) / 2

"""Hides the faces in results before any sink sees them; the readings stay.

The pipeline hands sinks nothing but what a FaceBlur lets through.  A sink takes its pictures from `result.frame`
and from nowhere else, so whatever it draws, encodes, records or passes on is veiled without its doing.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from edge.contracts import Box, Result
from edge.frames import Frame, Image, PixelFormat

# Results wait so long for what the detector finds after them: a face that comes into view is looked for within 0.3 s.
LOOK_AHEAD_S = 0.4
# A face that the detector loses is hidden for so long where it was: twice as long as its track lives.
KEEP_S = 1.0
# How far beyond its box a face is hidden on each side, in widths and heights of the box: detectors frame a face without
# chin, hair and ears.
MARGIN = 0.35
# By how much more for each second in which it was not seen: a walking person crosses the picture of a room so fast.
DRIFT_PER_S = 1.0
# Cells across a box.  16 values say less than the eyes, the nose and the mouth have places.
CELLS = 4
# Steps of a cell's colour: slight changes from frame to frame would otherwise give away what lies between the cells.
STEP = 32


@dataclass(frozen=True, slots=True)
class Hidden:
    """A part of the picture that is hidden in cells of `cell_px` pixels."""

    region: Box
    cell_px: int


@dataclass(frozen=True, slots=True, eq=False)
class BlurredFrame(Frame):
    """A Frame without its faces: `grey` and `bgr` are veiled on first use, and `buffer` is empty.

    There is no camera's picture in it that could be passed on by mistake.
    """

    _original: Frame = field(kw_only=True, repr=False)
    _hidden: tuple[Hidden, ...] = field(kw_only=True)

    @property
    def bgr(self) -> Image:
        """(H, W, 3) uint8, blue first."""
        if self._bgr is None:
            object.__setattr__(self, "_bgr", _veiled(self._original.bgr, self._hidden))
        assert self._bgr is not None
        return self._bgr

    @property
    def grey(self) -> Image:
        """(H, W) uint8."""
        if self._grey is None:
            object.__setattr__(self, "_grey", _veiled(self._original.grey, self._hidden))
        assert self._grey is not None
        return self._grey


class FaceBlur:
    """Lets results through with their faces hidden, LOOK_AHEAD_S late.

    A face is hidden where it is; before the detector first finds it, and after it loses it, where it was
    found or lost, the wider the longer that is away.  A face that the detector does not find within
    LOOK_AHEAD_S of its coming, such as one that never turns to the camera, is not hidden.  One thread uses it.
    """

    def __init__(self) -> None:
        self._waiting: deque[Result] = deque()
        self._seen: dict[int | None, tuple[float, Box]] = {}

    def blur(self, result: Result) -> Iterator[Result]:
        """Take `result`; yields the results that have waited for LOOK_AHEAD_S, with their faces hidden."""
        if result.frame.notice or (
            self._waiting and result.frame.elapsed_s < self._waiting[-1].frame.elapsed_s
        ):
            # The camera went away or started again: its new pictures say nothing about the old ones.
            yield from self.flush()
        self._waiting.append(result)
        while result.frame.notice and self._waiting:
            yield self._release()
        while self._waiting and result.frame.elapsed_s - self._waiting[0].frame.elapsed_s >= LOOK_AHEAD_S:
            yield self._release()

    def flush(self) -> Iterator[Result]:
        """The results that still wait, veiled by what is known; then everything is forgotten."""
        while self._waiting:
            yield self._release()
        self._seen.clear()

    def _release(self) -> Result:
        result = self._waiting.popleft()
        frame = result.frame
        if frame.notice:
            return result
        self._seen = {
            track_id: (at_s, box)
            for track_id, (at_s, box) in self._seen.items()
            if frame.elapsed_s - at_s <= KEEP_S
        }
        now = {reading.face.track_id: (frame.elapsed_s, reading.face.box) for reading in result.readings}
        later: dict[int | None, tuple[float, Box]] = {}
        for held in self._waiting:
            for reading in held.readings:
                later.setdefault(reading.face.track_id, (held.frame.elapsed_s, reading.face.box))
        hidden = [_hidden(reading.face.box, 0.0, frame) for reading in result.readings]
        hidden += [
            _hidden(box, abs(at_s - frame.elapsed_s), frame)
            for places in (self._seen, later)
            for track_id, (at_s, box) in places.items()
            if track_id not in now
        ]
        self._seen |= now
        return replace(result, frame=_without(frame, tuple(hidden)))


def _hidden(box: Box, away_s: float, frame: Frame) -> Hidden:
    """What to hide of `frame` for a face that was at `box` `away_s` before or after."""
    margin = MARGIN + DRIFT_PER_S * away_s
    across, along = round(margin * box.width), round(margin * box.height)
    region = Box(box.left - across, box.top - along, box.width + 2 * across, box.height + 2 * along)
    return Hidden(region.clip_to(frame), max(1, math.ceil(max(box.width, box.height) / CELLS)))


def _without(frame: Frame, hidden: tuple[Hidden, ...]) -> Frame:
    return BlurredFrame(
        np.empty(0, np.uint8),
        PixelFormat.BGR,
        frame.width,
        frame.height,
        frame.number,
        frame.captured_at_s,
        frame.elapsed_s,
        _original=frame,
        _hidden=hidden,
    )


def _veiled(image: Image, hidden: Iterable[Hidden]) -> Image:
    """A read-only copy of `image` (grey or colour) whose hidden parts are cells of one colour each."""
    copy = image.copy()
    for part in hidden:
        box = part.region
        pixels = copy[box.top : box.bottom, box.left : box.right]
        if pixels.size:
            cells = math.ceil(box.width / part.cell_px), math.ceil(box.height / part.cell_px)
            small = np.asarray(cv2.resize(pixels, cells, interpolation=cv2.INTER_AREA), np.uint8)
            small = small // STEP * STEP + STEP // 2
            pixels[:] = cv2.resize(small, (box.width, box.height), interpolation=cv2.INTER_NEAREST)
    copy.flags.writeable = False
    return copy

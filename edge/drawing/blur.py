"""Hides the faces in results; the readings stay.

FaceBlurSink shows other sinks only what FaceBlur returns.  A sink takes its pictures from `result.frame` and
from nowhere else, so whatever it draws, encodes, records or forwards is blurred.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from edge.contracts import Box, Result
from edge.frames import Frame, Image, PixelFormat

# How long a result waits, so that a face that is found later can be hidden in it, too.  The detector finds a
# new face within 0.3 s.
LOOK_AHEAD_S = 0.4
# How long the last place of a lost face stays hidden: twice as long as its track lives.
KEEP_S = 1.0
# How far beyond its box a face is hidden on each side, in widths and heights of the box: the boxes of
# detectors leave out chin, hair and ears.
MARGIN = 0.35
# How much that margin grows for each second in which the face was not found: about the speed of somebody who
# walks across the room.
DRIFT_PER_S = 1.0
# The number of cells across a box.  In 4 by 4 cells, neither eyes, nor nose, nor mouth can be located.
CELLS = 4
# The colours of cells are rounded to multiples of this: otherwise slight changes from frame to frame would
# show what lies between the cells.
STEP = 32


@dataclass(frozen=True, slots=True)
class HiddenRegion:
    """A part of the picture that is replaced by square cells of `cell_px`."""

    region: Box
    cell_px: int


@dataclass(frozen=True, slots=True, eq=False)
class BlurredFrame(Frame):
    """A Frame without its faces: `grey` and `bgr` are blurred on first use, and `buffer` is empty.

    So nobody can forward the camera's picture by mistake.
    """

    _original: Frame = field(kw_only=True, repr=False)
    _hidden: tuple[HiddenRegion, ...] = field(kw_only=True)

    @property
    def bgr(self) -> Image:
        """(H, W, 3) uint8, blue first."""
        if self._bgr is None:
            object.__setattr__(self, "_bgr", _pixelate(self._original.bgr, self._hidden))
        assert self._bgr is not None
        return self._bgr

    @property
    def grey(self) -> Image:
        """(H, W) uint8."""
        if self._grey is None:
            object.__setattr__(self, "_grey", _pixelate(self._original.grey, self._hidden))
        assert self._grey is not None
        return self._grey


class FaceBlur:
    """Returns results with their faces hidden, LOOK_AHEAD_S late.  One thread at a time uses it.

    A face is hidden at its place.  Before the detector first finds it, and after the detector loses it, the
    place where it was found or lost is hidden, with a margin that grows with the time until then or since.  A
    face that the detector does not find within LOOK_AHEAD_S, such as one that never turns to the camera, is
    not hidden.
    """

    def __init__(self) -> None:
        self._waiting: deque[Result] = deque()
        self._seen: dict[int | None, tuple[float, Box]] = {}

    def blur(self, result: Result) -> Iterator[Result]:
        """Take `result`; yields the results that have waited for LOOK_AHEAD_S, with their faces hidden."""
        if result.frame.notice or (self._waiting and _is_cut(self._waiting[-1].frame, result.frame)):
            # The new pictures say nothing about the old ones.
            yield from self.flush()
        self._waiting.append(result)
        while result.frame.notice and self._waiting:
            yield self._release()
        while self._waiting and result.frame.elapsed_s - self._waiting[0].frame.elapsed_s >= LOOK_AHEAD_S:
            yield self._release()

    def flush(self) -> Iterator[Result]:
        """Yields the results that still wait, with their faces hidden, and forgets all faces."""
        while self._waiting:
            yield self._release()
        self._seen.clear()

    def _release(self) -> Result:
        """The result that has waited longest, with its faces hidden."""
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
        for waiting in self._waiting:
            for reading in waiting.readings:
                later.setdefault(reading.face.track_id, (waiting.frame.elapsed_s, reading.face.box))
        hidden = [_hide_face(reading.face.box, 0.0, frame) for reading in result.readings]
        hidden += [
            _hide_face(box, abs(at_s - frame.elapsed_s), frame)
            for places in (self._seen, later)
            for track_id, (at_s, box) in places.items()
            if track_id not in now
        ]
        self._seen |= now
        return replace(result, frame=_make_blurred_frame(frame, tuple(hidden)))


def _is_cut(before: Frame, after: Frame) -> bool:
    """Whether the camera started again or was turned: places in one picture mean nothing in the other."""
    views = [(frame.width, frame.height, frame.orientation) for frame in (before, after)]
    return views[0] != views[1] or after.elapsed_s < before.elapsed_s


def _hide_face(box: Box, apart_s: float, frame: Frame) -> HiddenRegion:
    """The region of `frame` to hide for a face that was at `box`, `apart_s` before or after the frame."""
    margin = MARGIN + DRIFT_PER_S * apart_s
    margin_x, margin_y = round(margin * box.width), round(margin * box.height)
    region = Box(box.left - margin_x, box.top - margin_y, box.width + 2 * margin_x, box.height + 2 * margin_y)
    return HiddenRegion(region.clip_to(frame), max(1, math.ceil(max(box.width, box.height) / CELLS)))


def _make_blurred_frame(frame: Frame, hidden: tuple[HiddenRegion, ...]) -> Frame:
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


def _pixelate(image: Image, hidden: Iterable[HiddenRegion]) -> Image:
    """A read-only copy of `image` (grey or colour) in which each cell of `hidden` has a single colour."""
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

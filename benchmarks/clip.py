"""A video as a USB camera would deliver it: JPEGs in memory, played forwards and backwards without end."""

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np

from edge.cameras.demo import PERIODS_S, DemoCamera
from edge.cameras.media_clock import DEFAULT_FPS
from edge.errors import CameraError, CameraNotFound
from edge.frames import Frame, Image, PixelFormat

# A minute at 30 FPS, about 100 MB at 640×480; the rest of a longer video is left out.
MAX_FRAMES = 1800
# About the quality of the encoders in UVC cameras.
QUALITY = 90
# The name that stands for the app's built-in demo, for people who have no video with a face.
DEMO = Path("demo")
DEMO_SIZE_PX, DEMO_FPS = (640, 480), 30


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """The frames of a video, at least one, each a JPEG (N,) uint8, `width` × `height` px."""

    jpegs: Sequence[Image]
    fps: float
    width: int
    height: int

    def get_jpeg(self, index: int) -> Image:
        """Get frame `index` of the endless clip, which runs to the end, back to the start, and so on."""
        count = len(self.jpegs)
        index %= 2 * count
        return self.jpegs[min(index, 2 * count - 1 - index)]

    def decode_picture(self, index: int) -> Image:
        """Decode frame `index` of the endless clip: (height, width, 3) uint8, BGR."""
        return np.asarray(cv2.imdecode(self.get_jpeg(index), cv2.IMREAD_COLOR), np.uint8)


def load_clip(path: Path) -> Clip:
    """Load the first MAX_FRAMES frames of the video at `path`, or the app's demo for DEMO.

    Raises CameraNotFound when there is no such file, and CameraError when FFmpeg cannot read it.
    """
    jpegs: list[Image] = []
    for picture, fps in islice(read_pictures(path), MAX_FRAMES):
        jpegs.append(encode_jpeg(picture))
        height, width, rate = *picture.shape[:2], fps
    return Clip(jpegs, rate, width, height)


def load_pictures(path: Path, limit: int) -> tuple[list[Image], float]:
    """Load the first `limit` pictures of the video at `path` without loss, and its rate.

    Raises as load_clip does.
    """
    pictures, rates = zip(*islice(read_pictures(path), limit), strict=True)
    return list(pictures), rates[0]


def read_pictures(path: Path) -> Iterator[tuple[Image, float]]:
    """Read each picture of the video at `path`, at least one, or of DEMO: (H, W, 3) uint8, BGR; and its rate.

    Raises as load_clip does.
    """
    if path == DEMO:
        yield from _make_demo_pictures()
        return
    if not path.is_file():
        raise CameraNotFound(
            f"expected a video in {path}, found no file that can be read; name another with --clip"
        )
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    count = 0
    try:
        fps = capture.get(cv2.CAP_PROP_FPS) or DEFAULT_FPS
        while (read := capture.read())[0]:
            count += 1
            yield np.asarray(read[1], np.uint8), fps
    finally:
        capture.release()
    if not count:
        raise CameraError(
            f"expected a video that FFmpeg can read in {path}, found none; name another with --clip"
        )


def _make_demo_pictures() -> Iterator[tuple[Image, float]]:
    """Make the pictures of the app's built-in demo: one period in which its face wanders to and fro."""
    # The clock stands still and nothing sleeps, so each frame is simply the next one.
    with DemoCamera(*DEMO_SIZE_PX, DEMO_FPS, clock=lambda: 0.0, sleep=lambda _: None) as camera:
        for _ in range(round(PERIODS_S[0] * DEMO_FPS)):
            yield next(camera).bgr, DEMO_FPS


def encode_jpeg(picture: Image) -> Image:
    """Encode `picture` as a camera would; a JPEG, (N,) uint8."""
    jpeg = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))[1]
    return np.asarray(jpeg, np.uint8).reshape(-1)


def write_clip(clip: Clip, path: Path) -> None:
    """Write `clip` to `path`, for another process to open with `open_clip`."""
    with path.open("wb") as file:
        np.save(file, np.array([clip.fps, clip.width, clip.height]))
        np.save(file, np.cumsum([0, *(len(jpeg) for jpeg in clip.jpegs)]))
        for jpeg in clip.jpegs:
            file.write(jpeg.data)


@contextmanager
def open_clip(path: Path) -> Iterator[Clip]:
    """Open the clip that `write_clip` wrote to `path`.

    Each JPEG is read from the file when it is used, as from a camera, and is not kept in memory.
    """
    with path.open("rb") as file:
        fps, width, height = np.load(file).tolist()
        starts = np.load(file)
        jpegs = _JpegsInFile(file.fileno(), (file.tell() + starts).tolist())
        yield Clip(jpegs, fps, round(width), round(height))


class _JpegsInFile(Sequence[Image]):
    def __init__(self, descriptor: int, bounds: Sequence[int]) -> None:
        self._descriptor, self._bounds = descriptor, bounds

    def __len__(self) -> int:
        return len(self._bounds) - 1

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(index)
        start, end = self._bounds[index : index + 2]
        return np.frombuffer(os.pread(self._descriptor, end - start, start), np.uint8)


class ClipCamera:
    """A Camera that delivers a clip's JPEGs: live at a steady rate, or each as soon as it is asked for."""

    name = "clip"

    def __init__(
        self,
        clip: Clip,
        frames: int,
        *,
        live_fps: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """The camera ends after `frames` frames of the endless clip.

        With `live_fps` it is live: frames that nobody takes in time are dropped.
        """
        self._clip, self._live_fps = clip, live_fps
        self._clock, self._sleep = clock, sleep
        self.is_live = live_fps is not None
        self.frame_count: int | None = frames
        self._frames = frames
        self._started_s: float | None = None
        self._next_number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        number, due_s = self._next_number, None
        if self._started_s is None:
            self._started_s = self._clock()
        if self._live_fps is not None:
            elapsed_s = self._clock() - self._started_s
            number = max(number, math.floor(elapsed_s * self._live_fps))
            due_s = number / self._live_fps
            self._sleep(max(0.0, due_s - elapsed_s))
        if number >= self._frames:
            raise StopIteration
        self._next_number = number + 1
        captured_at_s = self._clock() if due_s is None else self._started_s + due_s
        return Frame(
            self._clip.get_jpeg(number),
            PixelFormat.MJPG,
            self._clip.width,
            self._clip.height,
            number,
            captured_at_s,
            number / (self._live_fps or self._clip.fps),
        )

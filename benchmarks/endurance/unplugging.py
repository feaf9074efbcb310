"""A USB camera that can be unplugged, made of files and a stand-in for OpenCV, and a sink that unplugs it."""

import math
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from edge.contracts import Result
from edge.drawing import overlay
from edge.frames import Image

FPS = 30
# How many pictures are drawn before the camera is unplugged, and how many "no camera" notices before it is
# back: one, but one absence in LONG_ABSENCE_EVERY, at random, has up to MAX_NOTICES, as long as the longest
# wait between two attempts to open the camera.
PICTURES, MAX_NOTICES, LONG_ABSENCE_EVERY = 3, 8, 20


class UsbSocket:
    """Where the camera is plugged in: a folder in place of /, with its device file and its stable name."""

    def __init__(self, root: Path, pictures: Sequence[Image]) -> None:
        """`pictures` are the JPEGs that the camera delivers."""
        self.root, self.pictures = root, pictures
        self.generation = 0
        """Counts plugging in and unplugging; odd while the camera is plugged in."""
        self.name = "/dev/v4l/by-id/usb-Camera-video-index0"
        self._device, self._link = root / "dev/video0", root / self.name.lstrip("/")
        self._link.parent.mkdir(parents=True)
        self.plug_in()

    def plug_in(self) -> None:
        """Create the device file, under another number each time, and the stable name."""
        self.generation += 1
        self._device = self._device.with_name(f"video{self.generation % 7}")
        self._device.touch()
        self._link.symlink_to(self._device)

    def unplug(self) -> None:
        """Remove both; handles that are open stay open and deliver nothing more."""
        self.generation += 1
        self._link.unlink()
        self._device.unlink()


class FakeCapture:
    """A cv2.VideoCapture of the camera in a UsbSocket."""

    def __init__(self, socket: UsbSocket) -> None:
        self._socket, self._generation = socket, socket.generation
        self._properties: dict[int, float] = {}
        self._count = 0

    def isOpened(self) -> bool:
        """Whether the camera was there when this was made; OpenCV says so also after it was unplugged."""
        return self._generation % 2 == 1

    def set(self, key: int, value: float) -> bool:
        """Accept any property."""
        self._properties[key] = value
        return True

    def get(self, key: int) -> float:
        """Return what was set."""
        return self._properties.get(key, 0.0)

    def read(self) -> tuple[bool, Image | None]:
        """Return the next picture at the camera's rate, or at once none when the camera was unplugged."""
        if self._socket.generation != self._generation:
            return False, None
        time.sleep(1 / FPS)
        self._count += 1
        return True, self._socket.pictures[self._count % len(self._socket.pictures)].copy()

    def release(self) -> None:
        """Do nothing: there is nothing to release."""


class UnpluggingSink:
    """A Sink that draws every frame and, again and again, unplugs the camera and plugs it in."""

    name = "unplugging"
    needs_picture = True

    def __init__(self, socket: UsbSocket, on_cycle: Callable[[int], None]) -> None:
        """`on_cycle` is called after each cycle with the number of cycles so far."""
        self._socket, self._on_cycle = socket, on_cycle
        self._random = random.Random(1)
        self._seen, self._due, self._is_unplugged = 0, PICTURES, False
        self._plugged_in_at_s = math.nan
        self.back_s: list[float] = []
        """For each cycle the time from plugging in to the first drawn picture."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing: the sink holds nothing."""

    def show(self, result: Result) -> None:
        """Draw the frame, and plug or unplug the camera when that is due."""
        overlay.draw(result, corner="")
        is_notice = result.frame.notice is not None
        if not is_notice and not math.isnan(self._plugged_in_at_s):
            self.back_s.append(time.monotonic() - self._plugged_in_at_s)
            self._plugged_in_at_s = math.nan
            self._on_cycle(len(self.back_s))
        # Frames from before the last change may still arrive; they do not count.
        if is_notice != self._is_unplugged:
            return
        self._seen += 1
        if self._seen >= self._due:
            self._plug_or_unplug()

    def _plug_or_unplug(self) -> None:
        self._seen = 0
        if self._is_unplugged:
            self._socket.plug_in()
            self._plugged_in_at_s = time.monotonic()
            self._due = PICTURES
        else:
            self._socket.unplug()
            self._due = (
                1 if self._random.randrange(LONG_ABSENCE_EVERY) else self._random.randint(2, MAX_NOTICES)
            )
        self._is_unplugged = not self._is_unplugged

"""A USB camera, or any other V4L2 device, through OpenCV."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np

from edge.contracts import Frame, Image, PixelFormat
from edge.errors import CameraBusy, CameraError, CameraNotFound, CameraTimeout

log = logging.getLogger(__name__)

# A driver's time stamp older than this is of another clock.
OLDEST_STAMP_S = 10.0
# OpenCV's select() ends at OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT; a read that failed sooner found no device.
TIMED_OUT_AFTER = 0.9
# JPEG first: in it alone most cameras give 30 FPS.
WANTED_CODES = ("MJPG", "YUYV")
# What a Frame can hold as it is; of anything else OpenCV makes BGR.
KEPT_CODES = ("MJPG", "JPEG", "YUYV", "GREY")


class UsbCamera:
    """A live Camera that hands on the device's own bytes: JPEG where the device compresses, else YUYV."""

    live = True
    length: int | None = None

    def __init__(self, device: int | str, width: int, height: int, fps: int, *,
                 capture: Callable[[str, int], cv2.VideoCapture] = cv2.VideoCapture,
                 clock: Callable[[], float] = time.monotonic, root: Path = Path("/"), known: str = "") -> None:
        """`device` is an index or a path below /dev; size and rate are wishes, and the log tells what came of them.

        `root` holds dev, proc and sys.  `known` is what `gives` was before: the log does not repeat it.
        """
        self.name = f"/dev/video{device}" if isinstance(device, int) else device
        self._wish = width, height, fps
        self._make_capture, self._clock, self._root = capture, clock, root
        self._capture: cv2.VideoCapture | None = None
        self.stable_name: str | None = None
        self.gives = known
        self._timeout_s = float(os.environ["OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"])

    def __enter__(self) -> Self:
        _check_usable(self._root, self.name)
        capture = self._make_capture(self.name, cv2.CAP_V4L2)
        if not capture.isOpened():
            capture.release()
            raise _refusal(self._root, self.name)
        self._capture = capture
        self.stable_name = stable_name(self.name, self._root)
        try:
            self._configure(capture)
        except cv2.error as error:
            self.__exit__(None, None, None)
            raise _fault(self.name, error) from error
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self._started_s: float | None = None
        self._next_number = 0
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        if self._capture is None:
            raise RuntimeError("expected an open camera: enter it first")
        asked_s = self._clock()
        try:
            is_read, buffer = self._capture.read()
            stamp_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        except cv2.error as error:
            raise _fault(self.name, error) from error
        now_s = self._clock()
        if not is_read:
            self._fail(now_s - asked_s)
        number = self._next_number
        self._next_number += 1
        captured_at_s = stamp_s if 0 <= now_s - stamp_s < OLDEST_STAMP_S else now_s
        if self._started_s is None:
            self._started_s = captured_at_s
        # read() copies out of the driver's buffer: the array is this frame's own.
        return _frame(np.asarray(buffer, np.uint8), self._width, self._height, number, captured_at_s, self._started_s)

    def _configure(self, capture: cv2.VideoCapture) -> None:
        """Ask for what is wished, and say what the device made of it."""
        width, height, fps = self._wish
        for wanted in WANTED_CODES:
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*wanted))
            code = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode("ascii", "replace")
            if code == wanted:
                break
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        capture.set(cv2.CAP_PROP_FPS, fps)
        # The fewer buffers wait in the driver, the newer is the frame that is read.
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 2)
        capture.set(cv2.CAP_PROP_CONVERT_RGB, int(code not in KEPT_CODES))
        self._width = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        self._height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        known, self.gives = self.gives, f"{code} {self._width}×{self._height} at {capture.get(cv2.CAP_PROP_FPS):g} FPS"
        log.log(logging.DEBUG if self.gives == known else logging.INFO, "%s gives %s (asked for MJPG %d×%d at %d)",
                self.name, self.gives, width, height, fps)

    def _fail(self, waited_s: float) -> None:
        """OpenCV says neither that the camera is unplugged nor that it is frozen; its node and the wait tell."""
        if not Path(self._root, self.name.lstrip("/")).exists():
            raise CameraNotFound(f"expected a frame from {self.name}, found the camera gone; plug it in again")
        if waited_s >= TIMED_OUT_AFTER * self._timeout_s:
            raise CameraTimeout(f"expected a frame from {self.name} within {self._timeout_s:g} s, found none; "
                                "unplug the camera and plug it in again")
        raise CameraError(f"expected a frame from {self.name}, found that it gives none; plug it in again, "
                          "or into a port that it does not share with another camera")


def _frame(buffer: Image, width: int, height: int, number: int, captured_at_s: float, started_s: float) -> Frame:
    """A frame of what read() really gave: a driver may give another format than it said."""
    elapsed_s = max(0.0, captured_at_s - started_s)
    formats = {(height, width): PixelFormat.GREY, (height, width, 2): PixelFormat.YUYV,
               (height, width, 3): PixelFormat.BGR}
    pixel_format = formats.get(buffer.shape, PixelFormat.MJPG)
    if pixel_format is PixelFormat.MJPG:
        # A row, or a column, of bytes; what is none of a JPEG is a damaged frame.
        buffer = buffer.reshape(-1)
    return Frame(buffer, pixel_format, width, height, number, captured_at_s, elapsed_s)


class SameUsbCamera:
    """Makes a UsbCamera anew each time, for one and the same device, whatever its node is called by then.

    What was named by its index or its node is known by its stable name once it was open.
    """

    def __init__(self, device: int | str, width: int, height: int, fps: int, *, root: Path = Path("/"),
                 **stand_ins: Any) -> None:
        """As UsbCamera."""
        self._device, self._wish, self._root, self._stand_ins = device, (width, height, fps), root, stand_ins
        self._last: UsbCamera | None = None

    def __call__(self) -> UsbCamera:
        """The device's camera, not open."""
        known = ""
        if self._last is not None:
            self._device, known = self._last.stable_name or self._device, self._last.gives
        self._last = UsbCamera(self._device, *self._wish, root=self._root, known=known, **self._stand_ins)
        return self._last


def stable_name(name: str, root: Path = Path("/")) -> str | None:
    """The name below /dev/v4l/by-id of the device called `name`; None where udev made none."""
    device = Path(root, name.lstrip("/")).resolve()
    return next((f"/{link.relative_to(root)}" for link in sorted((root / "dev/v4l/by-id").glob("*"))
                 if link.resolve() == device), None)


def cameras(root: Path = Path("/")) -> list[str]:
    """The capture devices below `root`, each with its stable name where udev made one, for people to read."""
    stable = {link.resolve().name: f"/dev/v4l/by-id/{link.name}" for link in (root / "dev/v4l/by-id").glob("*")}
    found = []
    for folder in sorted((root / "sys/class/video4linux").glob("video*")):
        index = folder / "index"
        # A camera's second node, index 1, carries its metadata and no picture.
        if not index.is_file() or index.read_text().strip() == "0":
            alias = f" ({stable[folder.name]})" if folder.name in stable else ""
            found.append(f"/dev/{folder.name}{alias}")
    return found


def holders(device: Path, proc: Path = Path("/proc")) -> list[str]:
    """The processes that hold `device` open, as "PID (command)", as far as this user may see."""
    target = device.resolve()
    found = []
    for process in proc.glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        try:
            is_holder = any(descriptor.resolve() == target for descriptor in (process / "fd").iterdir())
            if is_holder:
                found.append(f"{process.name} ({(process / 'comm').read_text().strip()})")
        except OSError:
            continue  # It has ended, or belongs to another user.
    return found


def _fault(name: str, error: cv2.error) -> CameraError:
    return CameraError(f"expected a frame from {name}, found a fault on the bus ({error.err}); "
                       "try another cable or port")


def _check_usable(root: Path, name: str) -> None:
    path = root / name.lstrip("/")
    if not path.exists():
        listed = ", ".join(cameras(root)) or "none"
        raise CameraNotFound(f"expected a camera at {name}, found no such device; there are: {listed}")
    if not os.access(path, os.R_OK | os.W_OK):
        raise CameraError(f"expected to be allowed to open {name}, found no permission; "
                          "sudo usermod -aG video $USER, and log in again")


def _refusal(root: Path, name: str) -> CameraError:
    """Why the device did not open, as well as can be told."""
    path = root / name.lstrip("/")
    is_camera = (root / "sys/class/video4linux" / path.resolve().name).exists()
    if is_camera and (held_by := holders(path, root / "proc")):
        return CameraBusy(f"expected {name} to be free, found it held by process {', '.join(held_by)}; stop that first")
    listed = ", ".join(cameras(root)) or "none"
    return CameraNotFound(f"expected a camera at {name}, found a device that gives no picture; there are: {listed}")

"""A USB camera, or any other V4L2 device, through OpenCV."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from edge.cameras import nodes, v4l2
from edge.errors import CameraBusy, CameraError, CameraNotFound, CameraTimeout
from edge.frames import Frame, Image, PixelFormat

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
    """A live Camera that hands on the device's own bytes: JPEG where the device compresses, else YUYV.

    Entered again, it is the same device: what was named by its index or node is found at its port or by its serial
    number, as nodes.node_of() does, whatever the node is called by then.  Other names are for udev to keep.
    """

    is_live = True
    frame_count: int | None = None

    def __init__(
        self,
        device: str,
        width: int,
        height: int,
        fps: int,
        *,
        capture: Callable[[str, int], cv2.VideoCapture] = cv2.VideoCapture,
        clock: Callable[[], float] = time.monotonic,
        root: Path = Path("/"),
    ) -> None:
        """`device` is a path below /dev; size and rate are wishes, and the log tells what came of them.

        `root` holds dev, proc and sys.
        """
        self.name = device
        self._wish = width, height, fps
        self._make_capture, self._clock, self._root = capture, clock, root
        self._capture: cv2.VideoCapture | None = None
        self._identity: nodes.Identity | None = None
        # What the log was told of it.
        self._gives = ""
        self._timeout_s = float(os.environ["OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"])

    def __enter__(self) -> Self:
        if self._identity is not None:
            self.name = self._found_again(self._identity)
        _check_usable(self._root, self.name)
        capture = self._make_capture(self.name, cv2.CAP_V4L2)
        if not capture.isOpened():
            capture.release()
            raise _refusal(self._root, self.name)
        self._capture = capture
        # Pulled out this very moment, it is still known by what it was.
        self._identity = nodes.identity(self.name, self._root) or self._identity
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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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
        return _frame(
            np.asarray(buffer, np.uint8), self._width, self._height, number, captured_at_s, self._started_s
        )

    def _found_again(self, identity: nodes.Identity) -> str:
        if (node := nodes.node_of(identity, self._root)) is None:
            listed = ", ".join(nodes.cameras(self._root)) or "none"
            raise CameraNotFound(
                f"expected the camera that was {self.name}, found it gone; plug it in again, or "
                f"restart for another; there are: {listed}"
            )
        return node

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
        told, self._gives = (
            self._gives,
            f"{code} {self._width}×{self._height} at {capture.get(cv2.CAP_PROP_FPS):g} FPS",
        )
        log.log(
            logging.DEBUG if self._gives == told else logging.INFO,
            "%s gives %s (asked for MJPG %d×%d at %d)",
            self.name,
            self._gives,
            width,
            height,
            fps,
        )

    def _fail(self, waited_s: float) -> None:
        """OpenCV says neither that the camera is unplugged nor that it is frozen; its node and the wait tell."""
        if not Path(self._root, self.name.lstrip("/")).exists():
            raise CameraNotFound(
                f"expected a frame from {self.name}, found the camera gone; plug it in again"
            )
        if waited_s >= TIMED_OUT_AFTER * self._timeout_s:
            raise CameraTimeout(
                f"expected a frame from {self.name} within {self._timeout_s:g} s, found none; "
                "unplug the camera and plug it in again"
            )
        raise CameraError(
            f"expected a frame from {self.name}, found that it gives none; plug it in again, "
            "or into a port that it does not share with another camera"
        )


def _frame(
    buffer: Image, width: int, height: int, number: int, captured_at_s: float, started_s: float
) -> Frame:
    """A frame of what read() really gave: a driver may give another format than it said."""
    elapsed_s = max(0.0, captured_at_s - started_s)
    formats = {
        (height, width): PixelFormat.GREY,
        (height, width, 2): PixelFormat.YUYV,
        (height, width, 3): PixelFormat.BGR,
    }
    pixel_format = formats.get(buffer.shape, PixelFormat.MJPG)
    if pixel_format is PixelFormat.MJPG:
        # A row, or a column, of bytes; what is none of a JPEG is a damaged frame.
        buffer = buffer.reshape(-1)
    return Frame(buffer, pixel_format, width, height, number, captured_at_s, elapsed_s)


def _fault(name: str, error: cv2.error) -> CameraError:
    return CameraError(
        f"expected a frame from {name}, found a fault on the bus ({error.err}); try another cable or port"
    )


def _check_usable(root: Path, name: str) -> None:
    path = root / name.lstrip("/")
    if not path.exists():
        listed = ", ".join(nodes.cameras(root)) or "none"
        raise CameraNotFound(f"expected a camera at {name}, found no such device; there are: {listed}")
    if not os.access(path, os.R_OK | os.W_OK):
        raise CameraError(
            f"expected to be allowed to open {name}, found no permission; "
            "sudo usermod -aG video $USER, and log in again"
        )


def _refusal(root: Path, name: str) -> CameraError:
    """Why the device did not open, as well as can be told."""
    path = root / name.lstrip("/")
    # Half the processes of a machine hold what is no camera.
    if (root / "sys/class/video4linux" / path.resolve().name).exists():
        if held_by := nodes.holders(path, root / "proc"):
            return _busy(name, f"process {', '.join(held_by)}; stop that first")
        # The service sees no other user's processes.
        if v4l2.is_busy(path):
            return _busy(
                name, "another user's process; stop that first: python -m edge.doctor names it to root"
            )
    listed = ", ".join(nodes.cameras(root)) or "none"
    return CameraNotFound(
        f"expected a camera at {name}, found a device that gives no picture; there are: {listed}"
    )


def _busy(name: str, holder: str) -> CameraBusy:
    return CameraBusy(f"expected {name} to be free, found it held by {holder}")

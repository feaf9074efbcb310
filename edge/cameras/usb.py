"""A USB camera, or any other V4L2 device, through OpenCV."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import cv2
import numpy as np

from edge.cameras import device_nodes, jpeg_header, refusals, v4l2_controls
from edge.cameras.controls import Controls
from edge.cameras.device_nodes import UsbIdentity
from edge.cameras.timestamps import FrameStamper, Timestamp
from edge.errors import CameraError, CameraNotFound, CameraTimeout
from edge.frames import Frame, Image, PixelFormat
from edge.orientation import UPRIGHT

log = logging.getLogger(__name__)

# OpenCV's select() ends after OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT.  A read that failed before this share of it
# did not time out: there was no device.
TIMED_OUT_SHARE = 0.9
# Drivers hand out frames that were damaged on the bus, some without a byte, and OpenCV then says that it read
# nothing.  So many in a row mean that there is no camera.
MAX_EMPTY_READS = 5
# JPEG comes first: most cameras reach 30 FPS in no other format.
WANTED_FOURCCS = ("MJPG", "YUYV")
# A Frame can hold these as they are; OpenCV converts everything else to BGR.
KEPT_FOURCCS = ("MJPG", "JPEG", "YUYV", "GREY")


class UsbCamera:
    """A live Camera that delivers the device's own bytes: JPEG where the device compresses, else YUYV.

    Entered again, it opens the same device: one that was named by its device node is recognized by its USB
    port or its serial number (device_nodes.find_node), whatever its node is called by then.  Links in
    /dev/v4l are kept up to date by udev.
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
        controls: Controls = MappingProxyType({}),
        capture: Callable[[str, int], cv2.VideoCapture] = cv2.VideoCapture,
        clock: Callable[[], float] = time.monotonic,
        root: Path = Path("/"),
    ) -> None:
        """`device` is a path below /dev.

        The device may change size and rate to what it supports; the log says to what.  `controls` are set
        each time the device is opened.  `root` is the folder that holds dev, proc and sys.
        """
        self.name = device
        self._wanted, self._controls = (width, height, fps), controls
        self._make_capture, self._clock, self._root = capture, clock, root
        self._capture: cv2.VideoCapture | None = None
        self._identity: UsbIdentity | None = None
        self._width, self._height = width, height
        # The size of the last frame, which may be another than the driver reported.
        self._size: tuple[int, int] | None = None
        # Whether the last frame was whole.
        self._sends_whole = False
        self._stamper = FrameStamper()
        # The format as it was logged last.
        self._logged_format = ""
        self._timeout_s = float(os.environ["OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"])

    def __enter__(self) -> Self:
        if self._identity is not None:
            self.name = self._find_again(self._identity)
        refusals.check_usable(self._root, self.name)
        capture = self._make_capture(self.name, cv2.CAP_V4L2)
        if not capture.isOpened():
            capture.release()
            raise refusals.explain_refusal(self._root, self.name)
        self._capture = capture
        # If the camera is pulled out at this very moment, its last identity still holds.
        self._identity = device_nodes.identify_usb_camera(self.name, self._root) or self._identity
        try:
            self._configure(capture)
            if self._controls:
                v4l2_controls.set_controls(self._root / self.name.lstrip("/"), self._controls, self.name)
        except cv2.error as error:
            self.__exit__(None, None, None)
            raise _make_bus_error(self.name, error) from error
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self._stamper, self._size, self._sends_whole = FrameStamper(), None, False
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
        frame = self._read_whole()
        if self._size not in (None, (frame.width, frame.height)):
            # Either the camera has changed its size, and the next frame has the new size as well; or the
            # header of this frame is damaged.
            frame = self._read_whole()
        self._size = frame.width, frame.height
        return frame

    def _read_whole(self) -> Frame:
        """The next frame that is not cut off; a cut one is a dropped frame.

        Some cameras leave out the end of every JPEG: several in a row without an end are given as they are.
        """
        for _ in range(MAX_EMPTY_READS):
            frame = self._read()
            is_whole = frame.format is not PixelFormat.MJPG or jpeg_header.has_end(frame.buffer)
            if is_whole or not self._sends_whole:
                break
        self._sends_whole = is_whole
        return frame

    def _read(self) -> Frame:
        """The next frame that the driver hands out with a picture in it; an empty one is a dropped frame."""
        if self._capture is None:
            raise RuntimeError("expected an open camera: enter it first")
        for _ in range(MAX_EMPTY_READS):
            began_s = self._clock()
            try:
                is_read, buffer = self._capture.read()
                stamp_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            except cv2.error as error:
                raise _make_bus_error(self.name, error) from error
            now_s = self._clock()
            if not is_read:
                self._check_present(now_s - began_s)
            timestamp = self._stamper.stamp(stamp_s, now_s)
            if is_read:
                # read() copies from the driver's buffer, so no other frame shares the array.
                return _make_frame(np.asarray(buffer, np.uint8), self._width, self._height, timestamp)
        raise CameraError(
            f"expected a frame from {self.name}, found a camera that gives none; plug it in again, "
            "or into a port that it does not share with another camera"
        )

    def _find_again(self, identity: UsbIdentity) -> str:
        """The device node that the camera has now; CameraNotFound where it has none."""
        if (node := device_nodes.find_node(identity, self._root)) is None:
            listed = ", ".join(device_nodes.list_cameras(self._root)) or "none"
            raise CameraNotFound(
                f"expected the camera that was at {self.name}, found it gone; plug it in again, or "
                f"restart the program to use another; there are: {listed}"
            )
        return node

    def _configure(self, capture: cv2.VideoCapture) -> None:
        """Ask for the format that is wanted, and log the one that the device chose."""
        width, height, fps = self._wanted
        for wanted in WANTED_FOURCCS:
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*wanted))
            fourcc = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode("ascii", "replace")
            if fourcc == wanted:
                break
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        capture.set(cv2.CAP_PROP_FPS, fps)
        # The fewer buffers queue in the driver, the newer is the frame that is read.
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 2)
        capture.set(cv2.CAP_PROP_CONVERT_RGB, int(fourcc not in KEPT_FOURCCS))
        self._width = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        self._height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        chosen = f"{fourcc} {self._width}×{self._height} at {capture.get(cv2.CAP_PROP_FPS):g} FPS"
        log.log(
            logging.DEBUG if chosen == self._logged_format else logging.INFO,
            "%s gives %s (asked for MJPG %d×%d at %d)",
            self.name,
            chosen,
            width,
            height,
            fps,
        )
        self._logged_format = chosen

    def _check_present(self, waited_s: float) -> None:
        """Raise the error of a read that failed after `waited_s`, unless only its frame was empty.

        OpenCV does not say whether the camera was unplugged or froze; the device node and the wait show it.
        """
        if not Path(self._root, self.name.lstrip("/")).exists():
            raise CameraNotFound(
                f"expected a frame from {self.name}, found the camera gone; plug it in again"
            )
        if waited_s >= TIMED_OUT_SHARE * self._timeout_s:
            raise CameraTimeout(
                f"expected a frame from {self.name} within {self._timeout_s:g} s, found none; "
                "unplug the camera and plug it in again"
            )


def _make_frame(buffer: Image, width: int, height: int, timestamp: Timestamp) -> Frame:
    """A frame in the format and size of `buffer`: a driver may deliver others than it reported."""
    if buffer.shape == (height, width):
        return Frame(buffer, PixelFormat.GREY, width, height, *timestamp)
    if buffer.ndim == 3 and buffer.shape[2] in (2, 3):
        height, width, channels = buffer.shape
        return Frame(
            buffer, PixelFormat.YUYV if channels == 2 else PixelFormat.BGR, width, height, *timestamp
        )
    # OpenCV delivers a JPEG as one row or one column of bytes.
    buffer = buffer.reshape(-1)
    header = jpeg_header.read_header(buffer) or jpeg_header.JpegHeader(width, height, UPRIGHT)
    return Frame(buffer, PixelFormat.MJPG, header.width, header.height, *timestamp).turn(header.orientation)


def _make_bus_error(name: str, error: cv2.error) -> CameraError:
    return CameraError(
        f"expected a frame from {name}, found a fault on the bus ({error.err}); try another cable or port"
    )

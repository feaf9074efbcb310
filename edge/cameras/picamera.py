"""A CSI camera of a Raspberry Pi, through picamera2."""

import logging
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

import numpy as np

from edge.contracts import Frame, PixelFormat
from edge.errors import CameraBusy, CameraError, CameraNotFound, CameraTimeout

log = logging.getLogger(__name__)

TIMEOUT_S = 1.0
# A sensor's time stamp older than this is of another clock.
OLDEST_STAMP_S = 10.0


class PiCamera:
    """A live Camera whose luma costs nothing: libcamera's YUV420 stream is handed on as it is."""

    live = True
    length: int | None = None

    def __init__(self, index: int, width: int, height: int, fps: int, *,
                 clock: Callable[[], float] = time.monotonic) -> None:
        """`index` counts libcamera's cameras."""
        self.name = f"picamera2:{index}"
        self._index, self._size, self._fps, self._clock = index, (width, height), fps, clock
        self._camera: Any = None

    def __enter__(self) -> Self:
        try:
            # From apt on a Raspberry Pi alone; everything else runs without it.
            from picamera2 import Picamera2
        except ImportError as error:
            raise CameraNotFound(f"expected picamera2 for {self.name}, found no module {error.name}; sudo apt install "
                                 "python3-picamera2, in an environment made with --system-site-packages") from error
        there = Picamera2.global_camera_info()
        if self._index >= len(there):
            listed = ", ".join(f"picamera2:{number} ({camera['Model']})" for number, camera in enumerate(there))
            raise CameraNotFound(f"expected a camera at {self.name}, found no such; there are: {listed or 'none'}")
        try:
            self._camera = Picamera2(self._index)
            # The main stream is made anyway; the lores stream alone comes as YUV420 on every Pi.
            self._camera.configure(self._camera.create_video_configuration(
                main={"size": self._size}, lores={"size": self._size, "format": "YUV420"},
                controls={"FrameRate": self._fps}))
            self._camera.start()
        except RuntimeError as error:
            self.__exit__(None, None, None)
            raise CameraBusy(f"expected {self.name} to be free, found: {error}; "
                             "stop the program that holds it") from error
        self._started_s = self._clock()
        self._next_number = 0
        log.info("%s gives YUV420 %d×%d at %d FPS", self.name, *self._size, self._fps)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._camera is not None:
            self._camera.close()
            self._camera = None

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        if self._camera is None:
            raise RuntimeError("expected an open camera: enter it first")
        try:
            request = self._camera.capture_request(wait=TIMEOUT_S)
        except TimeoutError as error:
            raise CameraTimeout(f"expected a frame from {self.name} within {TIMEOUT_S:g} s, found none; "
                                "check the ribbon cable") from error
        except RuntimeError as error:
            raise CameraError(f"expected a frame from {self.name}, found: {error}; check the ribbon cable") from error
        try:
            # make_array copies: the buffer goes back to the camera with its request.
            buffer = np.asarray(request.make_array("lores"), np.uint8)
            stamp_s = request.get_metadata().get("SensorTimestamp", 0) / 1e9
        finally:
            request.release()
        now_s = self._clock()
        captured_at_s = stamp_s if 0 <= now_s - stamp_s < OLDEST_STAMP_S else now_s
        number = self._next_number
        self._next_number += 1
        width, height = self._size
        return Frame(buffer, PixelFormat.YUV420, width, height, number, captured_at_s,
                     max(0.0, captured_at_s - self._started_s))

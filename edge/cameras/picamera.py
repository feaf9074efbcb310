"""A CSI camera of a Raspberry Pi, through picamera2."""

import logging
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

import numpy as np

from edge.errors import CameraBusy, CameraError, CameraNotFound, CameraTimeout
from edge.frames import Frame, PixelFormat

log = logging.getLogger(__name__)

TIMEOUT_S = 1.0
# A sensor's time stamp older than this is of another clock.
OLDEST_STAMP_S = 10.0


class PiCamera:
    """A live Camera whose luma costs nothing: libcamera's YUV420 stream is handed on as it is.

    What it says on closing is for those who asked for more: the camera is given up either way.
    """

    is_live = True
    frame_count: int | None = None

    def __init__(
        self, index: int, width: int, height: int, fps: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`index` counts libcamera's cameras."""
        self.name = f"picamera2:{index}"
        self._index, self._size, self._fps, self._clock = index, (width, height), fps, clock
        self._camera: Any = None
        # What the log was told of it.
        self._gives = ""
        # The frame that was asked for and has not come yet.
        self._job: Any = None

    def __enter__(self) -> Self:
        library = _library(self.name)
        there = library.global_camera_info()
        if self._index >= len(there):
            listed = ", ".join(
                f"picamera2:{number} ({camera['Model']})" for number, camera in enumerate(there)
            )
            raise CameraNotFound(
                f"expected a camera at {self.name}, found no such; there are: {listed or 'none'}"
            )
        try:
            self._camera = library(self._index)
        except RuntimeError as error:
            # picamera2 says only that it did not start; what libcamera said is the context.
            raise CameraBusy(
                f"expected {self.name} to be free, found: {error.__context__ or error}; "
                "stop the program that holds it"
            ) from error
        try:
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self._started_s: float | None = None
        self._next_number = 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        camera, job = self._camera, self._job
        self._camera = self._job = None
        if job is not None:
            self._give_up(camera.cancel_all_and_flush)
        if camera is not None:
            self._give_up(camera.close)

    def _give_up(self, step: Callable[[], None]) -> None:
        """Do a step of closing, and the next one whatever comes of it."""
        try:
            step()
        except Exception as error:  # Of a camera that is broken anything is raised, by Python and C++.
            log.debug("%s is closed in spite of %s: %s", self.name, type(error).__name__, error)

    def _start(self) -> None:
        """Ask for YUV420 at the wanted size, and say what came of it."""
        try:
            # The main stream is made anyway; the lores stream alone comes as YUV420 on every Pi.
            self._camera.configure(
                self._camera.create_video_configuration(
                    main={"size": self._size},
                    lores={"size": self._size, "format": "YUV420"},
                    controls={"FrameRate": self._fps},
                )
            )
            given = self._camera.camera_configuration()["lores"]
            self._camera.start()
        except RuntimeError as error:
            raise CameraError(
                f"expected {self.name} to give {self._size[0]}×{self._size[1]} at {self._fps} FPS, "
                f"found: {error}; ask for another size or rate"
            ) from error
        if given["format"] != "YUV420":
            raise CameraError(
                f"expected YUV420 from {self.name}, found {given['format']}; "
                "use it as a USB camera, by its /dev/video… path"
            )
        self._width, self._height = given["size"]
        told, self._gives = self._gives, f"YUV420 {self._width}×{self._height} at {self._fps} FPS"
        log.log(
            logging.DEBUG if self._gives == told else logging.INFO,
            "%s gives %s (asked for %d×%d)",
            self.name,
            self._gives,
            *self._size,
        )

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        if self._camera is None:
            raise RuntimeError("expected an open camera: enter it first")
        try:
            # A frame that is late is waited for again: asked for twice, one of the two would never be given back.
            self._job = self._job or self._camera.capture_request(wait=False)
            request = self._camera.wait(self._job, timeout=TIMEOUT_S)
        except TimeoutError as error:
            raise CameraTimeout(
                f"expected a frame from {self.name} within {TIMEOUT_S:g} s, found none; "
                "check the ribbon cable"
            ) from error
        except RuntimeError as error:
            raise CameraError(
                f"expected a frame from {self.name}, found: {error}; check the ribbon cable"
            ) from error
        self._job = None
        try:
            # make_array copies: the buffer goes back to the camera with its request.
            buffer = np.asarray(request.make_array("lores"), np.uint8)
            stamp_s = request.get_metadata().get("SensorTimestamp", 0) / 1e9
        finally:
            request.release()
        now_s = self._clock()
        captured_at_s = stamp_s if 0 <= now_s - stamp_s < OLDEST_STAMP_S else now_s
        if self._started_s is None:
            self._started_s = captured_at_s
        number = self._next_number
        self._next_number += 1
        return Frame(
            buffer,
            PixelFormat.YUV420,
            self._width,
            self._height,
            number,
            captured_at_s,
            max(0.0, captured_at_s - self._started_s),
        )


def _library(name: str) -> Any:
    """The class Picamera2, from apt on a Raspberry Pi alone: everything else runs without it."""
    try:
        from picamera2 import Picamera2
    except ImportError as error:
        raise CameraNotFound(
            f"expected picamera2 for {name}, found no module {error.name}; sudo apt install "
            "python3-picamera2, in an environment made with --system-site-packages"
        ) from error
    except ValueError as error:
        # What an extension says that was built against numpy 1; on Debian 12 it is apt's simplejpeg.
        raise CameraError(
            f"expected a picamera2 that works with this numpy for {name}, found: {error}; "
            "pip install 'simplejpeg>=1.8.2'"
        ) from error
    return Picamera2

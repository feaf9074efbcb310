"""A CSI camera of a Raspberry Pi, through picamera2."""

import logging
import time
from collections.abc import Callable, Iterator
from types import MappingProxyType, TracebackType
from typing import Any, Self

import numpy as np

from edge.cameras.controls import Controls, ControlValue, find_name, make_value_error, simplify
from edge.cameras.timestamps import FrameStamper
from edge.errors import CameraBusy, CameraError, CameraNotFound, CameraTimeout
from edge.frames import Frame, PixelFormat
from edge.orientation import UPRIGHT, Orientation

log = logging.getLogger(__name__)

TIMEOUT_S = 1.0
# V4L2's name for the control of the mains frequency; libcamera has AeFlickerMode and AeFlickerPeriod for it.
_MAINS = "power_line_frequency"
# Values of libcamera's AfMode.
_AF_MANUAL, _AF_CONTINUOUS = 0, 2


class PiCamera:
    """A live Camera that delivers libcamera's YUV420 stream as it is, so that grey costs no conversion.

    Errors of picamera2 on closing are logged at the level DEBUG only: the camera is released all the same.
    """

    is_live = True
    frame_count: int | None = None

    def __init__(
        self,
        index: int,
        width: int,
        height: int,
        fps: int,
        *,
        orientation: Orientation = UPRIGHT,
        controls: Controls = MappingProxyType({}),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`index` is the camera's place in libcamera's list, from 0.

        The sensor reads its rows and columns in the order that `orientation` needs, which costs nothing; it
        cannot turn rows into columns, so `orientation` must not swap the sides.  `controls` are libcamera's.
        A lens that can focus does so continuously, unless `controls` say otherwise.
        """
        self._controls = controls
        assert not orientation.swaps_sides
        self._orientation = orientation
        self.name = f"picamera2:{index}"
        self._index, self._size, self._fps, self._clock = index, (width, height), fps, clock
        self._camera: Any = None
        self._width, self._height = width, height
        self._stamper = FrameStamper()
        # The format as it was logged last.
        self._logged_format = ""
        # The request for a frame that has not arrived yet.
        self._job: Any = None

    def __enter__(self) -> Self:
        make_camera = _import_picamera2(self.name)
        present = make_camera.global_camera_info()
        if self._index >= len(present):
            listed = ", ".join(
                f"picamera2:{number} ({camera['Model']})" for number, camera in enumerate(present)
            )
            raise CameraNotFound(
                f"expected a camera at {self.name}, found none there; there are: {listed or 'none'}"
            )
        try:
            self._camera = make_camera(self._index)
        except RuntimeError as error:
            # picamera2's error says only that it did not start; libcamera's own error is its context.
            raise CameraBusy(
                f"expected {self.name} to be free, found: {error.__context__ or error}; "
                "stop the program that holds it"
            ) from error
        try:
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self._stamper = FrameStamper()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        camera, job = self._camera, self._job
        self._camera = self._job = None
        if job is not None:
            self._run_closing_step(camera.cancel_all_and_flush)
        if camera is not None:
            self._run_closing_step(camera.close)

    def _run_closing_step(self, step: Callable[[], None]) -> None:
        """Run a step of closing; an error in it must not prevent the next step."""
        try:
            step()
        except Exception as error:  # A broken camera raises any kind of error, from Python and from C++.
            log.debug("%s is closed in spite of %s: %s", self.name, type(error).__name__, error)

    def _start(self) -> None:
        """Start the camera with YUV420 at the wanted size, and log the size that it chose."""
        try:
            # picamera2 always makes a main stream; only the lores stream can be YUV420 on every Pi.
            self._camera.configure(
                self._camera.create_video_configuration(
                    main={"size": self._size},
                    lores={"size": self._size, "format": "YUV420"},
                    controls={"FrameRate": self._fps, **self._choose_controls()},
                    **self._make_transform(),
                )
            )
            chosen = self._camera.camera_configuration()["lores"]
            self._camera.start()
        except RuntimeError as error:
            raise CameraError(
                f"expected {self.name} to give {self._size[0]}×{self._size[1]} at {self._fps} FPS, "
                f"found: {error}; ask for another size or rate"
            ) from error
        if chosen["format"] != "YUV420":
            raise CameraError(
                f"expected YUV420 from {self.name}, found {chosen['format']}; "
                "use it as a USB camera, by its /dev/video… path"
            )
        self._width, self._height = chosen["size"]
        format_ = f"YUV420 {self._width}×{self._height} at {self._fps} FPS"
        log.log(
            logging.DEBUG if format_ == self._logged_format else logging.INFO,
            "%s gives %s (asked for %d×%d)",
            self.name,
            format_,
            *self._size,
        )
        self._logged_format = format_

    def _choose_controls(self) -> dict[str, Any]:
        """The controls as libcamera takes them; CameraError for one that the camera lacks."""
        present = self._camera.camera_controls
        chosen: dict[str, Any] = {}
        for name, value in self._controls.items():
            if simplify(name) == simplify(_MAINS) and "AeFlickerPeriod" in present:
                chosen |= _make_mains_controls(value, self.name)
            else:
                name = find_name(name, present, self.name)
                chosen[name] = _translate_entry(name, value, self.name)
        if "AfMode" in present and "AfMode" not in chosen:
            chosen["AfMode"] = _AF_MANUAL if "LensPosition" in chosen else _AF_CONTINUOUS
        return chosen

    def _make_transform(self) -> dict[str, Any]:
        """The argument of create_video_configuration that turns the picture; {} if it needs no turn."""
        if self._orientation == UPRIGHT:
            return {}
        from libcamera import Transform

        is_upside_down = self._orientation.degrees == 180
        has_swapped_columns = is_upside_down != self._orientation.is_mirrored
        return {"transform": Transform(hflip=has_swapped_columns, vflip=is_upside_down)}

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        if self._camera is None:
            raise RuntimeError("expected an open camera: enter it first")
        try:
            # After a time-out the same request is waited for again: of two, one would never be released.
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
            # make_array copies: the camera gets its buffer back with the request.
            buffer = np.asarray(request.make_array("lores"), np.uint8)
            stamp_s = request.get_metadata().get("SensorTimestamp", 0) / 1e9
        finally:
            request.release()
        timestamp = self._stamper.stamp(stamp_s, self._clock())
        return Frame(buffer, PixelFormat.YUV420, self._width, self._height, *timestamp)


def _make_mains_controls(value: ControlValue, camera: str) -> dict[str, int]:
    """The controls of libcamera for a mains frequency; they hold a period in place of a frequency."""
    hz = {"50hz": 50, "50": 50, "60hz": 60, "60": 60, "disabled": 0, "0": 0}.get(simplify(str(value)))
    if hz is None:
        raise make_value_error(_MAINS, camera, "50, 60 or 0", value)
    # A lamp flickers twice in a period of the mains.
    return {"AeFlickerMode": 1, "AeFlickerPeriod": round(1e6 / (2 * hz))} if hz else {"AeFlickerMode": 0}


def _translate_entry(name: str, value: ControlValue, camera: str) -> Any:
    """The number of the entry that a text names in libcamera's enumeration of the control `name`."""
    if isinstance(value, list):
        return tuple(value)
    if not isinstance(value, str):
        return value
    from libcamera import controls

    entries = getattr(getattr(controls, f"{name}Enum", None), "__members__", {})
    for entry, number in entries.items():
        if simplify(entry) == simplify(value):
            return int(number)
    raise make_value_error(name, camera, f"one of {', '.join(entries)}" if entries else "a number", value)


def _import_picamera2(name: str) -> Any:
    """The class Picamera2, which exists on a Raspberry Pi only, where apt installs it."""
    try:
        from picamera2 import Picamera2
    except ImportError as error:
        raise CameraNotFound(
            f"expected picamera2 for {name}, found no module {error.name}; sudo apt install "
            "python3-picamera2, in an environment made with --system-site-packages"
        ) from error
    except ValueError as error:
        # An extension that was built against numpy 1 raises this; on Debian 12 it is apt's simplejpeg.
        raise CameraError(
            f"expected a picamera2 that works with this numpy for {name}, found: {error}; "
            "pip install 'simplejpeg>=1.8.2'"
        ) from error
    return Picamera2

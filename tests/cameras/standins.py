"""Fakes of hardware that a test machine lacks; they check the order in which they are called."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import IntEnum
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

Buffer = NDArray[np.uint8]


def make_picture(number: int, width: int, height: int) -> Buffer:
    """A BGR picture that differs from frame to frame."""
    picture = np.full((height, width, 3), 40 + number % 100, np.uint8)
    picture[:, : width // 2] = 200
    return picture


class V4l2Capture:
    """cv2.VideoCapture on a V4L2 device as OpenCV 4.14 behaves, faults included.

    `codes` are the formats of the device, the one it starts with first.  `fault` is None or decides what the
    next read() does: "unplugged" or "starved" of its bus (False at once), "frozen" (False after the select
    time-out), "protocol" (raises cv2.error), "garbage" (bytes that are no JPEG) or "cut" (a third of a JPEG).
    """

    def __init__(
        self,
        clock: Callable[[float], None],
        *,
        codes: Sequence[str] = ("YUYV", "MJPG"),
        opens: bool = True,
        stamp_s: Callable[[], float] = lambda: 0.0,
        offers: tuple[int, int] | None = None,
    ) -> None:
        self._advance, self._codes, self._opens, self._stamp_s, self._offers = (
            clock,
            codes,
            opens,
            stamp_s,
            offers,
        )
        self._code = codes[0]
        self.settings: dict[int, float] = {cv2.CAP_PROP_CONVERT_RGB: 1}
        self.fault: str | None = None
        self.is_released = False
        self._number = 0

    def isOpened(self) -> bool:
        return self._opens and not self.is_released

    def release(self) -> None:
        self.is_released = True

    def set(self, key: int, value: float) -> bool:
        # The setting moves to the end, so that tests see the order.
        self.settings.pop(key, None)
        self.settings[key] = value
        if key == cv2.CAP_PROP_FOURCC:
            code = int(value).to_bytes(4, "little").decode()
            self._code = code if code in self._codes else self._code
            return self._code == code
        return True

    def get(self, key: int) -> float:
        if key == cv2.CAP_PROP_FOURCC:
            return cv2.VideoWriter.fourcc(*self._code)
        if key == cv2.CAP_PROP_POS_MSEC:
            return self._stamp_s() * 1000
        if self._offers and key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT):
            return self._offers[key == cv2.CAP_PROP_FRAME_HEIGHT]
        return self.settings.get(key, 0.0)

    def read(self) -> tuple[bool, Buffer | None]:
        assert not self.is_released, "read after release"
        if self.fault == "protocol":
            raise cv2.error("VIDIOC_DQBUF: Protocol error")
        if self.fault == "frozen":
            self._advance(1.0)
        if self.fault not in (None, "garbage", "cut"):
            return False, None
        self._advance(1 / 30)
        if self.fault == "garbage":
            return True, np.zeros((1, 3000), np.uint8)
        width, height = int(self.get(cv2.CAP_PROP_FRAME_WIDTH)), int(self.get(cv2.CAP_PROP_FRAME_HEIGHT))
        picture = make_picture(self._number, width, height)
        self._number += 1
        buffer = picture if self.settings[cv2.CAP_PROP_CONVERT_RGB] else encode_raw(picture, self._code)
        return True, buffer[:, : buffer.size // 3] if self.fault == "cut" else buffer


def encode_raw(picture: Buffer, code: str) -> Buffer:
    """`picture` as read() returns it with CONVERT_RGB off: the device's own bytes, in the format `code`."""
    height, width, _ = picture.shape
    luma = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    chroma = np.full((height, width), 128, np.uint8)
    match code:
        case "MJPG":
            return np.asarray(cv2.imencode(".jpg", picture)[1], np.uint8).reshape(1, -1)
        case "YUYV":
            return np.dstack([luma, chroma])
        case "UYVY":
            return np.dstack([chroma, luma])
        case "NV12":
            return np.vstack([luma, chroma[: height // 2]])
        case "GREY":
            return luma
    raise AssertionError(f"no such format: {code}")


@dataclass(frozen=True)
class Transform:
    """libcamera.Transform: what the sensor does without cost."""

    hflip: bool = False
    vflip: bool = False

    def apply(self, picture: Buffer) -> Buffer:
        return picture[:: -1 if self.vflip else 1, :: -1 if self.hflip else 1]


class Request:
    """One of picamera2's requests: it holds a buffer of the camera until it is released."""

    def __init__(self, camera: "Picamera2", number: int) -> None:
        self._camera, self._number = camera, number
        self._is_released = False
        camera.open_requests += 1

    def make_array(self, name: str) -> Buffer:
        assert not self._is_released and name == "lores"
        width, height = self._camera.size
        # libcamera pads rows to a multiple of 64 bytes.
        stride = -(-width // 64) * 64
        picture = self._camera.transform.apply(make_picture(self._number, width, height))
        padded = cv2.copyMakeBorder(picture, 0, 0, 0, stride - width, cv2.BORDER_CONSTANT)
        return np.asarray(cv2.cvtColor(padded, cv2.COLOR_BGR2YUV_I420), np.uint8)

    def get_metadata(self) -> dict[str, Any]:
        assert not self._is_released
        return {"SensorTimestamp": self._camera.stamp_ns}

    def release(self) -> None:
        assert not self._is_released
        self._is_released = True
        self._camera.open_requests -= 1


class Picamera2:
    """The part of picamera2.Picamera2 that a camera needs, as its release 0.3.38 behaves.

    A request stays pending when the wait for it times out, and a second one would take a frame of its own: at
    most one may be pending, and none when the camera is closed.
    """

    models = ("imx708",)
    is_busy = False
    is_frozen = False
    is_broken = False
    lores_format = "YUV420"
    camera_controls: ClassVar[dict[str, tuple[object, object, object]]] = {
        "AeFlickerPeriod": (100, 1_000_000, None),
        "AwbMode": (0, 7, 0),
        "Brightness": (-1.0, 1.0, 0.0),
        "ColourGains": (0.0, 32.0, None),
        "FrameDurationLimits": (8_000, 120_000, None),
    }
    stamp_ns = 0
    last: "Picamera2"

    def __init__(self, index: int) -> None:
        if Picamera2.is_busy:
            try:
                raise RuntimeError("Failed to acquire camera: Device or resource busy")
            except RuntimeError as error:
                raise RuntimeError("Camera __init__ sequence did not complete.") from error
        assert index < len(self.models)
        self.state, self.open_requests, self._number = "made", 0, 0
        self.size = 0, 0
        self._pending: Future[Request] | None = None
        Picamera2.last = self

    @staticmethod
    def global_camera_info() -> list[dict[str, Any]]:
        return [{"Model": model, "Num": number} for number, model in enumerate(Picamera2.models)]

    def create_video_configuration(
        self,
        main: dict[str, Any],
        lores: dict[str, Any],
        controls: dict[str, Any],
        transform: "Transform | None" = None,
    ) -> dict[str, Any]:
        assert lores["format"] == "YUV420" and lores["size"] <= main["size"] and controls["FrameRate"] > 0
        return {"main": main, "lores": lores, "transform": transform or Transform(), "controls": controls}

    def configure(self, configuration: dict[str, Any]) -> None:
        assert self.state == "made"
        self.transform, self.controls = configuration["transform"], configuration["controls"]
        width, height = configuration["lores"]["size"]
        if width > 4096:
            raise RuntimeError("Invalid camera configuration")
        # Chroma has half the size: odd sizes are rounded down.
        self.size = width - width % 2, height - height % 2
        self.state = "configured"

    def camera_configuration(self) -> dict[str, Any]:
        assert self.state != "made"
        return {"lores": {"format": Picamera2.lores_format, "size": self.size}}

    def start(self) -> None:
        assert self.state == "configured"
        if Picamera2.is_broken:
            raise RuntimeError("Failed to start camera")
        self.state = "started"

    def capture_request(self, wait: bool) -> "Future[Request]":
        assert self.state == "started" and self.open_requests == 0, "a request was not released"
        assert not wait and self._pending is None, "a second job would take a second frame"
        self._pending = Future()
        return self._pending

    def wait(self, job: "Future[Request]", timeout: float) -> Request:
        assert job is self._pending and timeout > 0
        if Picamera2.is_frozen:
            raise TimeoutError
        if Picamera2.is_broken:
            raise RuntimeError("Camera frontend has timed out")
        self._pending = None
        self._number += 1
        return Request(self, self._number - 1)

    def cancel_all_and_flush(self) -> None:
        self._pending = None
        if Picamera2.is_broken:
            raise RuntimeError("Failed to queue request")

    def close(self) -> None:
        assert self._pending is None, "a job is pending: closing may wait for it for ever"
        self.state = "closed"
        if Picamera2.is_broken:
            raise OSError("Failed to stop camera: No such device")


def make_libcamera_module() -> ModuleType:
    """The module that `import libcamera` imports."""
    module = ModuleType("libcamera")
    module.Transform = Transform  # type: ignore[attr-defined]
    # libcamera's enumerations are pybind11's, which have __members__ as those of Python have.
    modes = {"Auto": 0, "Incandescent": 1, "Daylight": 5}
    focus = {"Manual": 0, "Auto": 1, "Continuous": 2}
    enumerations = {"AwbModeEnum": IntEnum("AwbModeEnum", modes), "AfModeEnum": IntEnum("AfModeEnum", focus)}
    module.controls = SimpleNamespace(**enumerations)  # type: ignore[attr-defined]
    return module


def make_picamera2_module() -> ModuleType:
    """The module that `import picamera2` imports."""
    module = ModuleType("picamera2")
    module.Picamera2 = Picamera2  # type: ignore[attr-defined]
    return module

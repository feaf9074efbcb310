"""A made-up machine into which a USB camera can be plugged."""

import shutil
from pathlib import Path

from edge.cameras.usb import SameUsbCamera, UsbCamera
from tests.cameras.standins import V4l2Capture

BY_ID = "/dev/v4l/by-id/usb-Cheap_Webcam-video-index0"


class Bench:
    """A made-up /dev, /proc and /sys, a clock, and one camera."""

    def __init__(self, root: Path) -> None:
        self.root, self.now_s = root, 1000.0
        (root / "dev/v4l/by-id").mkdir(parents=True)
        (root / "proc").mkdir()
        self.add_device("video0", index=0)
        self.plugged: dict[str, object] = {}
        self.capture = self.make_capture()
        self.node = "video0"
        self.opened: list[str] = []

    def make_capture(self, **options: object) -> V4l2Capture:
        return V4l2Capture(self.advance, **options)  # type: ignore[arg-type]

    def advance(self, seconds: float) -> None:
        self.now_s += seconds

    def add_device(self, name: str, index: int) -> None:
        (self.root / "dev" / name).touch()
        folder = self.root / "sys/class/video4linux" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index").write_text(f"{index}\n")

    def name_stably(self) -> None:
        """What udev does."""
        (self.root / BY_ID.lstrip("/")).symlink_to(self.root / "dev" / self.node)

    def unplug(self) -> None:
        self.capture.fault = "unplugged"
        (self.root / "dev" / self.node).unlink()
        shutil.rmtree(self.root / "sys/class/video4linux" / self.node)
        (self.root / BY_ID.lstrip("/")).unlink(missing_ok=True)

    def plug(self, node: str | None = None, **options: object) -> None:
        """The kernel gives another node while somebody holds the old one, and so does another order at boot."""
        self.node = node or ("video2" if self.opened and not self.capture.is_released else "video0")
        self.plugged = options
        self.capture = self.make_capture(**options)
        self.add_device(self.node, index=0)
        (self.root / BY_ID.lstrip("/")).unlink(missing_ok=True)
        self.name_stably()

    def camera(self, device: int | str = 0, width: int = 640, height: int = 480, fps: int = 30) -> UsbCamera:
        return UsbCamera(device, width, height, fps, root=self.root, clock=lambda: self.now_s,
                         capture=lambda *called: self.open(*called))  # type: ignore[arg-type, return-value]

    def same_camera(self, device: int | str = 0) -> SameUsbCamera:
        return SameUsbCamera(device, 640, 480, 30, root=self.root, clock=lambda: self.now_s,
                             capture=lambda *called: self.open(*called))

    def open(self, name: str, *_: int) -> V4l2Capture:
        """A handle of its own each time; what is wrong with the camera stays wrong."""
        self.opened.append(name)
        if self.capture.is_released:
            fault, self.capture = self.capture.fault, self.make_capture(**self.plugged)
            self.capture.fault = fault
        return self.capture

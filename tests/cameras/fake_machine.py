"""A fake machine into which a USB camera can be plugged."""

import os
import shutil
from pathlib import Path

from edge.cameras.controls import Controls
from edge.cameras.usb import UsbCamera
from tests.cameras.standins import V4l2Capture

PORT = "1-1.2"
BY_ID = "/dev/v4l/by-id/usb-Cheap_Webcam-video-index0"


class FakeMachine:
    """Folders that stand for /dev, /proc and /sys, a clock, and one USB camera."""

    def __init__(self, root: Path) -> None:
        self.root, self.now_s = root, 1000.0
        (root / "dev/v4l/by-id").mkdir(parents=True)
        (root / "proc").mkdir()
        self.node = "video0"
        self.plug_usb(self.node, PORT)
        self.plugged: dict[str, object] = {}
        self.capture = self.make_capture()
        self.opened: list[str] = []

    def make_capture(self, **options: object) -> V4l2Capture:
        return V4l2Capture(self.advance, **options)  # type: ignore[arg-type]

    def advance(self, seconds: float) -> None:
        self.now_s += seconds

    def add_node(self, name: str, index: int) -> None:
        """Add a device node without a USB device behind it."""
        (self.root / "dev" / name).touch()
        folder = self.root / "sys/class/video4linux" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index").write_text(f"{index}\n")

    def plug_usb(
        self,
        node: str,
        port: str,
        *,
        kind: str = "046d:0825",
        serial: str = "",
        interface: str = "1.0",
        index: int = 0,
    ) -> None:
        """Add a node of a USB device at `port`, laid out below /sys as the kernel does."""
        (self.root / "dev" / node).touch()
        device = self.root / "sys/devices/platform/usb1" / port
        function = device / f"{port}:{interface}" / "video4linux" / node
        function.mkdir(parents=True)
        (function / "device").symlink_to(f"../../../{port}:{interface}")
        (function / "index").write_text(f"{index}\n")
        for name, text in zip(("idVendor", "idProduct", "serial"), (*kind.split(":"), serial), strict=True):
            # A device without a serial number has no such file.
            if text:
                (device / name).write_text(f"{text}\n")
        link = self.root / "sys/class/video4linux" / node
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(function, link.parent))

    def unplug_usb(self, node: str) -> None:
        """Remove the device of `node` with all its nodes."""
        device = (self.root / "sys/class/video4linux" / node / "device").resolve().parent
        for link in (self.root / "sys/class/video4linux").iterdir():
            if link.resolve().is_relative_to(device):
                link.unlink()
                (self.root / "dev" / link.name).unlink()
        shutil.rmtree(device)

    def make_by_id_link(self) -> None:
        """Make the link below /dev/v4l/by-id, as udev does."""
        (self.root / BY_ID.lstrip("/")).symlink_to(self.root / "dev" / self.node)

    def unplug(self) -> None:
        self.capture.fault = "unplugged"
        self.unplug_usb(self.node)
        (self.root / BY_ID.lstrip("/")).unlink(missing_ok=True)

    def plug(self, node: str | None = None, **options: object) -> None:
        """Plug the camera in; the kernel gives it another node while a program holds the old one."""
        self.node = node or ("video2" if self.opened and not self.capture.is_released else "video0")
        self.plugged = options
        self.capture = self.make_capture(**options)
        self.plug_usb(self.node, PORT)
        (self.root / BY_ID.lstrip("/")).unlink(missing_ok=True)
        self.make_by_id_link()

    def make_camera(
        self,
        device: int | str = 0,
        width: int = 640,
        height: int = 480,
        fps: int = 30,
        *,
        controls: Controls | None = None,
    ) -> UsbCamera:
        return UsbCamera(
            f"/dev/video{device}" if isinstance(device, int) else device,
            width,
            height,
            fps,
            controls=controls or {},
            root=self.root,
            clock=lambda: self.now_s,
            # A test may replace the method.
            capture=lambda name, api: self.open_capture(name, api),  # type: ignore[arg-type, return-value]
        )

    def open_capture(self, name: str, *_: int) -> V4l2Capture:
        """Open the camera: a new handle each time, with the fault that the camera has."""
        self.opened.append(name)
        if self.capture.is_released:
            fault, self.capture = self.capture.fault, self.make_capture(**self.plugged)
            self.capture.fault = fault
        return self.capture

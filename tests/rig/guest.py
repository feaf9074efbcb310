"""A small virtual computer with a screen, a keyboard and this machine's own files."""

import shlex
import sys
from pathlib import Path

import cv2
import numpy as np

from edge.frames import Image
from tests.conftest import ROOT
from tests.rig.computer import BUILD, Computer

MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay", "evdev", "virtio_gpu")
# The user and groups of the app: 44 is video in Debian; the number of input is not fixed.
USER, VIDEO, INPUT = 1000, 44, 104
SCREEN = 1024, 768
RFB_VERSION, RFB_NO_PASSWORD, RFB_SHARED, RFB_SET_DESKTOP_SIZE = b"RFB 003.008\n", b"\1", b"\1", 251


class Guest(Computer):
    """The computer; tests look at its screen and at its folder `out`."""

    def __init__(self, *modules: str) -> None:
        """Nothing is booted yet; `modules` are loaded besides those that the display needs."""
        super().__init__(
            "init.sh",
            (*MODULES, *modules),
            f"console=tty0 vt.global_cursor_default=0 VIDEO={VIDEO} INPUT={INPUT}",
            "2G",
            {"machine": Path("/")},
            (
                "-device",
                f"virtio-gpu-pci,id=gpu,xres={SCREEN[0]},yres={SCREEN[1]}",
                "-vnc",
                f"unix:{self._socket('vnc')}",
            ),
        )

    def _boot(self) -> None:
        super()._boot()
        self._viewer = self._connect("vnc")
        self._viewer.read(len(RFB_VERSION))
        for message, answer_bytes in ((RFB_VERSION, 2), (RFB_NO_PASSWORD, 4), (RFB_SHARED, 24)):
            self._viewer.write(message)
            self._viewer.flush()
            self._viewer.read(answer_bytes)
        # QEMU reports a change of size only if there was a size before.
        self.set_screen_size(*SCREEN)
        # The app's user must reach the interpreter and the checkout, which may lie in somebody's home.
        for folder in {*Path(sys.base_prefix).parents, *Path(sys.prefix).parents, *ROOT.parents}:
            self.run(f"chmod a+x {folder}")

    def start(
        self, name: str, *arguments: str, groups: tuple[int, ...] = (VIDEO, INPUT), stdin: str = "/dev/null"
    ) -> "Program":
        """Start the app in the background as an ordinary user who is a member of `groups`."""
        with_groups = f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups"
        command = shlex.join(
            [
                "setpriv",
                f"--reuid={USER}",
                f"--regid={USER}",
                with_groups,
                "env",
                "HOME=/tmp",
                sys.executable,
                "-m",
                "edge.run",
                *arguments,
            ]
        )
        inner = f"cd {ROOT} && echo $$ > /mnt/{name}.pid && exec {command}"
        # With --ctty the app is in the foreground of the terminal, as if a shell had started it there.
        controlling = "--ctty" if stdin.startswith("/dev/tty") else ""
        self.run(
            f"(setsid {controlling} --wait sh -c {shlex.quote(inner)} < {stdin} > /mnt/{name}.log 2>&1; "
            f"echo $? > /mnt/{name}.exit) > /dev/null 2>&1 &"
        )
        return Program(self, name)

    def press(self, key: str) -> None:
        """Press and release `key`, by QEMU's name for it."""
        self._monitor.execute("send-key", keys=[{"type": "qcode", "data": key}])

    def take_screenshot(self) -> Image:
        """What the screen shows now, (H, W, 3) uint8, blue first."""
        path = BUILD / "screen.ppm"
        self._monitor.execute("screendump", filename=str(path), device="gpu")
        return np.asarray(cv2.imread(str(path)), np.uint8)

    def set_screen_size(self, width: int, height: int) -> None:
        """Plug in a screen of this size; with 0 and 0 pull its cable."""
        size = width.to_bytes(2, "big") + height.to_bytes(2, "big")
        self._viewer.write(bytes([RFB_SET_DESKTOP_SIZE, 0]) + size + bytes(2))
        self._viewer.flush()


class Program:
    """The app in a guest."""

    def __init__(self, guest: Guest, name: str) -> None:
        """The app was started under `name`."""
        self._guest, self._name = guest, name

    @property
    def output(self) -> str:
        """The output so far."""
        return self._read("log")

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait until the output has `text` so many times."""
        self._guest.wait(repr(text), lambda: self.output.count(text) >= times or self._read("exit"))
        assert self.output.count(text) >= times, self.output

    def wait_for_exit(self) -> int:
        """Wait for the end of the app; returns its exit code."""
        self._guest.wait(f"the end of {self._name}", lambda: self._read("exit").endswith("\n"))
        return int(self._read("exit"))

    def signal(self, name: str) -> None:
        """Send the signal, such as TERM."""
        self._guest.run(f"kill -{name} {self._read('pid').strip()}")

    def _read(self, kind: str) -> str:
        path = self._guest.out / f"{self._name}.{kind}"
        return path.read_text() if path.exists() else ""

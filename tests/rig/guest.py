"""A small virtual computer with a screen and a keyboard: Debian's kernel under QEMU, and this machine's own files."""

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import cv2
import numpy as np

from edge.contracts import Image
from tests.conftest import ROOT

HERE = Path(__file__).parent
# The kernel's package, unpacked there by make test-rig.
BUILD = Path(os.environ.get("FER_EDGE_RIG", ROOT / "build" / "rig"))
MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay", "evdev", "virtio_gpu")
# As Debian numbers video; input has no fixed number.
USER, VIDEO, INPUT = 1000, 44, 104
SCREEN = 1024, 768
# A core of the guest is a thread of the host that translates: some twenty times slower than the host.
BOOT_WITHIN_S, ANSWER_WITHIN_S = 180.0, 120.0
POLL_S = 0.2
RFB_VERSION, RFB_NO_PASSWORD, RFB_SHARED, RFB_SET_DESKTOP_SIZE = b"RFB 003.008\n", b"\1", b"\1", 251


class Guest:
    """Boots on entering and is gone on leaving; its screen and `out` are what a test looks at."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self.out = BUILD / "out"
        self._left_open = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._boot()
        except BaseException:
            self._left_open.close()
            raise
        return self

    def _boot(self) -> None:
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(parents=True)
        self.out.chmod(0o777)
        version, initrd = _initrd()
        display = f"virtio-gpu-pci,id=gpu,xres={SCREEN[0]},yres={SCREEN[1]}"
        self._qemu = subprocess.Popen([
            "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "2G", "-nodefaults",
            "-no-reboot", "-kernel", BUILD / "kernel/boot" / f"vmlinuz-{version}", "-initrd", initrd, "-append",
            f"console=tty0 console=ttyS0 vt.global_cursor_default=0 panic=-1 VIDEO={VIDEO} INPUT={INPUT}",
            "-vga", "none", "-device", display, "-vnc", f"unix:{self._socket('vnc')}",
            "-qmp", f"unix:{self._socket('qmp')},server=on,wait=off", "-serial", f"file:{BUILD / 'console.log'}",
            "-serial", f"unix:{self._socket('shell')},server=on,wait=off",
            "-virtfs", "local,path=/,mount_tag=machine,security_model=none,readonly=on,multidevs=remap",
            "-virtfs", f"local,path={self.out},mount_tag=out,security_model=none"])
        self._left_open.callback(self._qemu.wait)
        self._left_open.callback(self._qemu.kill)
        self._monitor = _Monitor(self._connect("qmp"))
        self._shell = self._connect("shell")
        self.wait("the guest", lambda: self._shell.readline() == b"ready\n", BOOT_WITHIN_S)
        self._viewer = self._connect("vnc")
        self._viewer.read(len(RFB_VERSION))
        for told, answered_bytes in ((RFB_VERSION, 2), (RFB_NO_PASSWORD, 4), (RFB_SHARED, 24)):
            self._viewer.write(told)
            self._viewer.flush()
            self._viewer.read(answered_bytes)
        # Only what differs from the size before is a change to QEMU, and before the first it is none.
        self.plug(*SCREEN)
        # An interpreter in somebody's home, and a checkout there, for a user who is nobody.
        for folder in {*Path(sys.base_prefix).parents, *Path(sys.prefix).parents, *ROOT.parents}:
            self.run(f"chmod a+x {folder}")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._left_open.close()

    def run(self, command: str) -> str:
        """What the line `command` says in a root's shell, and its exit code where that is not 0."""
        self._shell.write(command.encode() + b"\n")
        self._shell.flush()
        said = ""
        for line in iter(self._shell.readline, b""):
            if line.startswith(b"exit "):
                break
            said += line.decode(errors="replace")
        return said if line == b"exit 0\n" else said + line.decode()

    def start(self, name: str, *arguments: str, groups: tuple[int, ...] = (VIDEO, INPUT),
              stdin: str = "/dev/null") -> "Program":
        """Start the app in the background as a user who is nobody but a member of `groups`."""
        with_groups = f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups"
        command = shlex.join(["setpriv", f"--reuid={USER}", f"--regid={USER}", with_groups, "env", "HOME=/tmp",
                              sys.executable, "-m", "edge.run", *arguments])
        inner = f"cd {ROOT} && echo $$ > /mnt/{name}.pid && exec {command}"
        self.run(f"(setsid -w sh -c {shlex.quote(inner)} < {stdin} > /mnt/{name}.log 2>&1; "
                 f"echo $? > /mnt/{name}.exit) > /dev/null 2>&1 &")
        return Program(self, name)

    def press(self, key: str) -> None:
        """Press `key` of its keyboard, as QEMU names it, and let go."""
        self._monitor.ask("send-key", keys=[{"type": "qcode", "data": key}])

    def screen(self) -> Image:
        """What its screen shows now, (H, W, 3) uint8, blue first."""
        path = BUILD / "screen.ppm"
        self._monitor.ask("screendump", filename=str(path), device="gpu")
        return np.asarray(cv2.imread(str(path)), np.uint8)

    def plug(self, width: int, height: int) -> None:
        """Plug a screen of this size in; pull its cable where both are 0."""
        size = width.to_bytes(2, "big") + height.to_bytes(2, "big")
        self._viewer.write(bytes([RFB_SET_DESKTOP_SIZE, 0]) + size + bytes(2))
        self._viewer.flush()

    def wait(self, what: str, is_there: Callable[[], object], within_s: float = ANSWER_WITHIN_S) -> None:
        """Return when `is_there`."""
        until_s = time.monotonic() + within_s
        while not is_there():
            if time.monotonic() > until_s or self._qemu.poll() is not None:
                raise AssertionError(f"expected {what} within {within_s:.0f} s, found nothing; see {BUILD}")
            time.sleep(POLL_S)

    def _socket(self, name: str) -> Path:
        return BUILD / f"{name}.socket"

    def _connect(self, name: str) -> BinaryIO:
        connection = self._left_open.enter_context(socket.socket(socket.AF_UNIX))
        connection.settimeout(BOOT_WITHIN_S)

        def is_connected() -> bool:
            try:
                connection.connect(str(self._socket(name)))
            except (FileNotFoundError, ConnectionRefusedError):
                return False
            return True
        self.wait(f"QEMU's {name}", is_connected)
        return self._left_open.enter_context(connection.makefile("rwb"))


class Program:
    """The app in a guest."""

    def __init__(self, guest: Guest, name: str) -> None:
        """It was started under this `name`."""
        self._guest, self._name = guest, name

    @property
    def said(self) -> str:
        """Its output so far."""
        return self._read("log")

    def wait_for(self, text: str, times: int = 1) -> None:
        """Return when it has said `text` so often."""
        self._guest.wait(repr(text), lambda: self.said.count(text) >= times or self._read("exit"))
        assert self.said.count(text) >= times, self.said

    def ended(self) -> int:
        """Its exit code, once it has ended."""
        self._guest.wait(f"the end of {self._name}", lambda: self._read("exit").endswith("\n"))
        return int(self._read("exit"))

    def signal(self, name: str) -> None:
        """Send it a signal."""
        self._guest.run(f"kill -{name} {self._read('pid').strip()}")

    def _read(self, kind: str) -> str:
        path = self._guest.out / f"{self._name}.{kind}"
        return path.read_text() if path.exists() else ""


class _Monitor:
    """QEMU's own command line."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._stream.readline()
        self.ask("qmp_capabilities")

    def ask(self, command: str, **arguments: Any) -> Any:
        self._stream.write(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        self._stream.flush()
        for line in self._stream:
            answer = json.loads(line)
            if "event" not in answer:
                break
        assert "return" in answer, answer
        return answer["return"]


def _initrd() -> tuple[str, Path]:
    """The kernel's version, and a file system in memory that ends in init.sh."""
    kernel, root = BUILD / "kernel", BUILD / "initrd"
    version = next((kernel / "lib/modules").iterdir()).name
    subprocess.run(["depmod", "--basedir", kernel, version], check=True)
    shutil.rmtree(root, ignore_errors=True)
    for folder in ("bin", "modules"):
        (root / folder).mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin")
    shutil.copy(HERE / "init.sh", root / "init")
    (root / "init").chmod(0o755)
    shown = subprocess.run(["modprobe", "--dirname", kernel, "--set-version", version, "--show-depends", "--all",
                            *MODULES], check=True, capture_output=True, text=True).stdout
    files = dict.fromkeys(line.split()[1] for line in shown.splitlines() if line.startswith("insmod"))
    for file in files:
        shutil.copy(file, root / "modules")
    (root / "modules/order").write_text("".join(f"{Path(file).name}\n" for file in files))
    names = "".join(f"{path.relative_to(root)}\n" for path in sorted(root.rglob("*")))
    image = BUILD / "initrd.cpio"
    with image.open("wb") as written:
        subprocess.run(["/bin/busybox", "cpio", "-o", "-H", "newc"], cwd=root, input=names.encode(), stdout=written,
                       stderr=subprocess.DEVNULL, check=True)
    return version, image

"""A small virtual computer: Debian's kernel in QEMU, with a script as init and a shell on a serial port."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

from tests.conftest import ROOT

HERE = Path(__file__).parent
# The folder in which make test-rig unpacks the kernel's package.
BUILD = Path(os.environ.get("FER_EDGE_RIG", ROOT / "build" / "rig"))
# QEMU emulates the processor, which is some twenty times slower than the host.
BOOT_WITHIN_S, ANSWER_WITHIN_S = 180.0, 120.0
POLL_S = 0.2


class Computer:
    """A computer that runs while it is entered; the host's folder `out` is its /mnt."""

    def __init__(
        self,
        init: str,
        modules: tuple[str, ...],
        boot: str,
        memory: str,
        folders: dict[str, Path],
        devices: tuple[str, ...] = (),
    ) -> None:
        """Nothing is booted yet.

        `init` is the script that runs as init, `modules` are the kernel modules that it loads, `boot` is the
        kernel's command line, `folders` are shared read-only under their tags, `devices` are arguments of
        QEMU.
        """
        self.out = BUILD / "out" / type(self).__name__.lower()
        self._init, self._modules, self._boot_line, self._memory = init, modules, boot, memory
        self._folders, self._devices = folders, devices
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._boot()
        except BaseException:
            self._resources.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    def _boot(self) -> None:
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(parents=True)
        self.out.chmod(0o777)
        version, initrd = _make_initrd(self._init, self._modules)
        shared = [
            f"local,path={path},mount_tag={tag},security_model=none,readonly=on,multidevs=remap"
            for tag, path in self._folders.items()
        ]
        shared.append(f"local,path={self.out},mount_tag=out,security_model=none")
        self._qemu = subprocess.Popen(
            [
                "qemu-system-x86_64",
                "-accel",
                "tcg,thread=multi",
                "-cpu",
                "max",
                "-smp",
                "2",
                "-m",
                self._memory,
                "-nodefaults",
                "-no-reboot",
                "-kernel",
                BUILD / "kernel/boot" / f"vmlinuz-{version}",
                "-initrd",
                initrd,
                "-append",
                f"{self._boot_line} console=ttyS0 panic=-1",
                "-vga",
                "none",
                *(self._devices or ("-display", "none")),
                "-qmp",
                f"unix:{self._socket('qmp')},server=on,wait=off",
                "-serial",
                f"file:{BUILD / 'console.log'}",
                "-serial",
                f"unix:{self._socket('shell')},server=on,wait=off",
                *(argument for folder in shared for argument in ("-virtfs", folder)),
            ]
        )
        self._resources.callback(self._qemu.wait)
        self._resources.callback(self._qemu.kill)
        self._monitor = Monitor(self._connect("qmp"))
        self._shell = self._connect("shell")
        self.wait("the guest", lambda: self._shell.readline() == b"ready\n", BOOT_WITHIN_S)

    def run(self, command: str) -> str:
        """Run the line `command` as root; returns its output, which ends in "exit N" if it failed."""
        self._shell.write(command.encode() + b"\n")
        self._shell.flush()
        output = ""
        for line in iter(self._shell.readline, b""):
            if line.startswith(b"exit "):
                break
            output += line.decode(errors="replace")
        return output if line == b"exit 0\n" else output + line.decode()

    def wait(self, what: str, is_there: Callable[[], object], within_s: float = ANSWER_WITHIN_S) -> None:
        """Wait until `is_there` returns something true."""
        until_s = time.monotonic() + within_s
        while not is_there():
            if time.monotonic() > until_s or self._qemu.poll() is not None:
                raise AssertionError(f"expected {what} within {within_s:.0f} s, found nothing; see {BUILD}")
            time.sleep(POLL_S)

    def _socket(self, name: str) -> Path:
        return BUILD / f"{name}.socket"

    def _connect(self, name: str) -> BinaryIO:
        connection = self._resources.enter_context(socket.socket(socket.AF_UNIX))
        connection.settimeout(BOOT_WITHIN_S)

        def is_connected() -> bool:
            try:
                connection.connect(str(self._socket(name)))
            except (FileNotFoundError, ConnectionRefusedError):
                return False
            return True

        self.wait(f"QEMU's {name}", is_connected)
        return cast(BinaryIO, self._resources.enter_context(connection.makefile("rwb")))


class Monitor:
    """QEMU's machine protocol, QMP."""

    def __init__(self, stream: BinaryIO) -> None:
        """`stream` is connected to QEMU's QMP socket."""
        self._stream = stream
        self._stream.readline()
        self.execute("qmp_capabilities")

    def execute(self, command: str, **arguments: Any) -> Any:
        """Execute `command`; returns QEMU's answer."""
        self._stream.write(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        self._stream.flush()
        for line in self._stream:
            answer = json.loads(line)
            if "event" not in answer:
                break
        assert "return" in answer, answer
        return answer["return"]


def _make_initrd(init: str, modules: tuple[str, ...]) -> tuple[str, Path]:
    """Make an initramfs in which `init` runs first; returns the kernel's version and the file."""
    kernel, root = BUILD / "kernel", BUILD / "initrd"
    version = next((kernel / "lib/modules").iterdir()).name
    subprocess.run(["depmod", "--basedir", kernel, version], check=True)
    shutil.rmtree(root, ignore_errors=True)
    for folder in ("bin", "modules"):
        (root / folder).mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin")
    shutil.copy(HERE / init, root / "init")
    (root / "init").chmod(0o755)
    shown = subprocess.run(
        ["modprobe", "--dirname", kernel, "--set-version", version, "--show-depends", "--all", *modules],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    files = dict.fromkeys(line.split()[1] for line in shown.splitlines() if line.startswith("insmod"))
    for file in files:
        shutil.copy(file, root / "modules")
    (root / "modules/order").write_text("".join(f"{Path(file).name}\n" for file in files))
    names = "".join(f"{path.relative_to(root)}\n" for path in sorted(root.rglob("*")))
    image = BUILD / "initrd.cpio"
    with image.open("wb") as archive:
        subprocess.run(
            ["/bin/busybox", "cpio", "-o", "-H", "newc"],
            cwd=root,
            input=names.encode(),
            stdout=archive,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    return version, image

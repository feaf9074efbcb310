"""Machines made up of a tree of files and of what commands would say, for the doctor to look at."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edge.checks.findings import Finding, State
from edge.checks.machine import CommandResult, Machine

VERSIONS = {
    "numpy": "2.4.6",
    "opencv-python-headless": "4.14.0.94",
    "onnxruntime": "1.32.0",
    "paho-mqtt": "2.1.0",
}
MEGABYTE = 1_000_000


def write(path: Path, text: str) -> Path:
    """A file, and the folders to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def tree(root: Path, model: str = "Raspberry Pi 5 Model B Rev 1.0") -> Path:
    """The files of a Pi that is well, with no camera."""
    write(root / "etc/os-release", 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n')
    write(root / "proc/device-tree/model", f"{model}\0")
    write(root / "proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable:    6000000 kB\n")
    write(root / "sys/class/thermal/thermal_zone0/temp", "48312\n")
    write(root / "sys/devices/platform/soc/soc:firmware/get_throttled", "0\n")
    return root


def plug(
    root: Path, name: str = "video0", stable: str = "usb-046d_HD_Pro_Webcam_C920_ABC123-video-index0"
) -> Path:
    """A camera below /dev, with its name by udev."""
    node = write(root / "dev" / name, "")
    write(root / "sys/class/video4linux" / name / "index", "0\n")
    write(root / "sys/class/video4linux" / name / "name", "HD Pro Webcam C920\n")
    link = root / "dev/v4l/by-id" / stable
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(node)
    return node


def process(root: Path, number: int, name: str, command: str, *descriptors: str | Path) -> None:
    """A process that has `descriptors` open."""
    folder = root / "proc" / str(number)
    write(folder / "comm", f"{name}\n")
    write(folder / "cmdline", command.replace(" ", "\0") + "\0")
    (folder / "fd").mkdir()
    for index, target in enumerate(descriptors):
        (folder / "fd" / str(index)).symlink_to(target)


def listener(root: Path, port: int, inode: int, address: str = "0100007F") -> None:
    """Somebody listens at `port`; the address is written as the kernel does."""
    write(
        root / "proc/net/tcp",
        "  sl  local_address rem_address   st\n"
        f"   0: {address}:{port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000  0 "
        f"{inode} 1\n",
    )


def commands(answers: Mapping[str, CommandResult]) -> Callable[[Sequence[str], float], CommandResult | None]:
    """Runs nothing; a command answers by the first key that is part of it, and is not there without one."""

    def run(command: Sequence[str], within_s: float) -> CommandResult | None:
        return next((ran for key, ran in answers.items() if key in " ".join(command)), None)

    return run


IMPORTS = CommandResult(0, "numpy\ncv2\nonnxruntime\nmsgspec\naiohttp\nall\n", "")
TRIAL = CommandResult(
    0,
    '{"detector": "yunet", "file": "/opt/fer-edge/models/fer.int8.onnx", "sha256": "' + 64 * "a" + '", '
    '"labels": ["angry", "happy"], "input": "48×48 grey", "precision": "int8", '
    '"detectors": ["haar", "yunet"], "expected": "happy", "label": "happy", "took_ms": 0.4}\n',
    "",
)
WELL = {"import edge": IMPORTS, "edge.checks.trial": TRIAL}


def refusing(host: str, port: int) -> Any:
    """A network on which nobody answers."""
    raise ConnectionRefusedError(111, "Connection refused")


def machine(
    root: Path,
    answers: Mapping[str, CommandResult] | None = None,
    versions: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    free_mb: int = 20_000,
    **other: Any,
) -> Machine:
    """The machine of a user in all groups, well but for what is said."""
    return Machine(
        **{
            "root": root,
            "environment": {"PATH": os.environ["PATH"], **(environment or {})},
            "architecture": "aarch64",
            "bits": 64,
            "groups": frozenset(("video", "render", "input")),
            "find_version": {**VERSIONS, **(versions or {})}.get,
            "run": commands({**WELL, **(answers or {})}),
            "measure_free_bytes": lambda _: free_mb * MEGABYTE,
            "connect": refusing,
            **other,
        }
    )


def states_of(findings: Iterable[Finding]) -> list[tuple[State, str]]:
    return [(finding.state, finding.found) for finding in findings]


def remedies_of(findings: Iterable[Finding]) -> list[str]:
    return [finding.remedy for finding in findings if finding.remedy]

"""Makes machines for the doctor, of a folder of files and of the answers of commands."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edge.checks.check_result import CheckResult, CheckState
from edge.checks.machine import CommandResult, Machine

VERSIONS = {
    "numpy": "2.4.6",
    "opencv-python-headless": "4.14.0.94",
    "onnxruntime": "1.32.0",
    "paho-mqtt": "2.1.0",
}
MEGABYTE = 1_000_000


def write_file(path: Path, text: str) -> Path:
    """Write a file, and make its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def make_files(root: Path, model: str = "Raspberry Pi 5 Model B Rev 1.0") -> Path:
    """Write the files of a healthy Pi without a camera."""
    write_file(
        root / "etc/os-release", 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n'
    )
    write_file(root / "proc/device-tree/model", f"{model}\0")
    write_file(root / "proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable:    6000000 kB\n")
    write_file(root / "sys/class/thermal/thermal_zone0/temp", "48312\n")
    write_file(root / "sys/devices/platform/soc/soc:firmware/get_throttled", "0\n")
    return root


def plug_camera(
    root: Path, name: str = "video0", stable: str = "usb-046d_HD_Pro_Webcam_C920_ABC123-video-index0"
) -> Path:
    """Add a camera to /dev, with its name in udev."""
    node = write_file(root / "dev" / name, "")
    write_file(root / "sys/class/video4linux" / name / "index", "0\n")
    write_file(root / "sys/class/video4linux" / name / "name", "HD Pro Webcam C920\n")
    link = root / "dev/v4l/by-id" / stable
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(node)
    return node


def add_process(root: Path, number: int, name: str, command: str, *descriptors: str | Path) -> None:
    """Add a process that has `descriptors` open."""
    folder = root / "proc" / str(number)
    write_file(folder / "comm", f"{name}\n")
    write_file(folder / "cmdline", command.replace(" ", "\0") + "\0")
    (folder / "fd").mkdir()
    for index, target in enumerate(descriptors):
        (folder / "fd" / str(index)).symlink_to(target)


def add_listener(root: Path, port: int, inode: int, address: str = "0100007F") -> None:
    """Add a process that listens at `port`; the address is in the kernel's notation."""
    write_file(
        root / "proc/net/tcp",
        "  sl  local_address rem_address   st\n"
        f"   0: {address}:{port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000  0 "
        f"{inode} 1\n",
    )


def make_runner(
    answers: Mapping[str, CommandResult],
) -> Callable[[Sequence[str], float], CommandResult | None]:
    """A fake of run(): the first key that is in a command gives its answer; other commands do not exist."""

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
HEALTHY = {"import edge": IMPORTS, "edge.checks.trial": TRIAL}


def refuse(host: str, port: int) -> Any:
    """A fake of connect() on a network where nobody answers."""
    raise ConnectionRefusedError(111, "Connection refused")


def make_machine(
    root: Path,
    answers: Mapping[str, CommandResult] | None = None,
    versions: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    free_mb: int = 20_000,
    **other: Any,
) -> Machine:
    """A healthy machine of a user in all groups, except for the arguments."""
    return Machine(
        **{
            "root": root,
            "environment": {"PATH": os.environ["PATH"], **(environment or {})},
            "architecture": "aarch64",
            "bits": 64,
            "groups": frozenset(("video", "render", "input")),
            "find_version": {**VERSIONS, **(versions or {})}.get,
            "run": make_runner({**HEALTHY, **(answers or {})}),
            "measure_free_bytes": lambda _: free_mb * MEGABYTE,
            "connect": refuse,
            **other,
        }
    )


def states_of(findings: Iterable[CheckResult]) -> list[tuple[CheckState, str]]:
    return [(finding.state, finding.found) for finding in findings]


def remedies_of(findings: Iterable[CheckResult]) -> list[str]:
    return [finding.remedy for finding in findings if finding.remedy]

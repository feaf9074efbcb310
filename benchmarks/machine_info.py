"""Where a benchmark ran and in which condition the machine was: board, system, versions, commit, load."""

import os
import platform
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge import board, files
from edge.board import Board

_ROOT = Path(__file__).parent.parent
_LIBRARIES = ("numpy", "opencv-python-headless", "onnxruntime")
# When other programs want more than this share of the cores, the benchmark's stats are doubtful.
BUSY_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Condition:
    """The board before and after a benchmark, and how busy other programs kept the machine before it."""

    before: Board
    after: Board
    load: float
    """How many programs wanted to run in the minute before, on average, as a share of the cores."""

    @property
    def throttled(self) -> tuple[str, ...]:
        """Why the firmware slowed the processor down before or after the benchmark, each reason once."""
        return tuple(dict.fromkeys(self.before.throttled + self.after.throttled))

    def list_warnings(self) -> list[str]:
        """List what makes the stats doubtful, a line each."""
        lines = []
        if self.throttled:
            lines.append(
                f"the firmware slowed this machine down ({', '.join(self.throttled)}); "
                "check its power supply and its cooling, and run this again"
            )
        if self.load > BUSY_SHARE:
            lines.append(
                f"other programs kept {self.load:.0%} of the cores busy before; stop them, and run this again"
            )
        return lines


class ConditionRecorder:
    """A context manager around a benchmark; read its `condition` after leaving it."""

    def __init__(self, read_board: Callable[[], Board] = board.read) -> None:
        self._read_board = read_board
        self._before, self._load = Board(None, None), 0.0
        self.condition = Condition(self._before, self._before, self._load)

    def __enter__(self) -> Self:
        self._before, self._load = self._read_board(), os.getloadavg()[0] / (os.cpu_count() or 1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.condition = Condition(self._before, self._read_board(), self._load)


def describe_machine(model: Path) -> dict[str, Any]:
    """Describe board, system, library versions, the file `model` and this checkout's commit, for the JSON."""
    return {
        "board": board.read().model,
        "processor": _read_processor(),
        "cores": os.cpu_count(),
        "architecture": platform.machine(),
        "os": _read_system(),
        "kernel": platform.release(),
        "governor": _read_text(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _LIBRARIES},
        "model": model.name,
        "model_sha256": files.sha256(model),
        "commit": _read_commit(),
    }


def describe_condition(condition: Condition) -> dict[str, Any]:
    """Describe the condition, for the JSON."""
    return {
        "temperature_c_before": condition.before.temperature_c,
        "temperature_c_after": condition.after.temperature_c,
        "throttled": list(condition.throttled),
        "was_throttled_since_boot": list(condition.after.was_throttled),
        "load_before": round(condition.load, 2),
        "is_doubtful": bool(condition.list_warnings()),
    }


def format_machine(machine: dict[str, Any]) -> str:
    """Format what `describe_machine` returned as one line."""
    name = machine["board"] or machine["processor"] or machine["architecture"]
    return (
        f"{name}, {machine['cores']} cores, {machine['os']}, governor {machine['governor'] or 'unknown'}; "
        f"{machine['model']} {machine['model_sha256'][:12]}, commit {machine['commit'] or 'unknown'}"
    )


def _read_system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def _read_processor() -> str | None:
    """Read the first core's name, which the kernel gives on x86 but not on ARM."""
    for line in (_read_text(Path("/proc/cpuinfo")) or "").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return None


def _read_commit() -> str | None:
    """Read the checkout's commit, with a plus when files differ from it; None outside a checkout."""
    try:
        commit, changes = (
            subprocess.run(
                ["git", "--no-optional-locks", "-C", str(_ROOT), *arguments],
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            # Unlike describe --dirty, status without locks leaves the index alone.
            for arguments in (
                ["rev-parse", "--short", "HEAD"],
                ["status", "--porcelain", "--untracked-files=no"],
            )
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{commit}+" if changes else commit


def _read_text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None

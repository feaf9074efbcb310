"""Where figures were taken: board, system, versions, model, commit, and whether the machine was slowed down."""

import os
import platform
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from edge import board, files
from edge.board import Board

_ROOT = Path(__file__).parent.parent
_LIBRARIES = ("numpy", "opencv-python-headless", "onnxruntime")
# Of all cores together: more work than this by other programs spoils the figures.
BUSY_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Condition:
    """The machine before and after the figures were taken, and how busy others kept it before."""

    before: Board
    after: Board
    load: float
    """Of the last minute: programs that wanted a core, as a share of the cores."""

    @property
    def throttled(self) -> tuple[str, ...]:
        """Why the firmware slowed the processor down before or after, without repetition."""
        return tuple(dict.fromkeys(self.before.throttled + self.after.throttled))

    def warnings(self) -> list[str]:
        """What makes the figures doubtful, a line each."""
        lines = []
        if self.throttled:
            lines.append(
                f"the firmware slowed this machine down ({', '.join(self.throttled)}): figures of a cool, "
                "well-fed Pi are better; mind its power supply and its cooling, and run this again"
            )
        if self.load > BUSY_SHARE:
            lines.append(
                f"other programs kept {self.load:.0%} of the cores busy before: stop them, and run this again"
            )
        return lines


class Watched:
    """Notes the machine's condition around the taking of figures: a context manager, read after it is left."""

    def __init__(self, read: Callable[[], Board] = board.read) -> None:
        self._read = read

    def __enter__(self) -> "Watched":
        self._before, self._load = self._read(), os.getloadavg()[0] / (os.cpu_count() or 1)
        return self

    def __exit__(self, *_: object) -> None:
        self.condition = Condition(self._before, self._read(), self._load)


def described(model: Path) -> dict[str, Any]:
    """Board, system, versions, the sha256 of `model` and the commit, for the JSON."""
    return {
        "board": board.read().model,
        "processor": _processor(),
        "cores": os.cpu_count(),
        "architecture": platform.machine(),
        "os": _system(),
        "kernel": platform.release(),
        "governor": _text(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _LIBRARIES},
        "model": model.name,
        "model_sha256": files.sha256(model),
        "commit": _commit(),
    }


def condition(found: Condition) -> dict[str, Any]:
    """The condition, for the JSON."""
    return {
        "temperature_c_before": found.before.temperature_c,
        "temperature_c_after": found.after.temperature_c,
        "throttled": list(found.throttled),
        "was_throttled_since_boot": list(found.after.was_throttled),
        "load_before": round(found.load, 2),
        "is_doubtful": bool(found.warnings()),
    }


def headline(machine: dict[str, Any]) -> str:
    """The machine in a line."""
    name = machine["board"] or machine["processor"] or machine["architecture"]
    return (
        f"{name}, {machine['cores']} cores, {machine['os']}, governor {machine['governor'] or 'unknown'}; "
        f"{machine['model']} {machine['model_sha256'][:12]}, commit {machine['commit'] or 'unknown'}"
    )


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def _processor() -> str | None:
    """The first core's name, where the kernel tells one (it does on x86)."""
    for line in (_text(Path("/proc/cpuinfo")) or "").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return None


def _commit() -> str | None:
    """That of the checkout, with a plus when files in it differ; None where this is no checkout."""
    try:
        commit, changes = (
            subprocess.run(
                ["git", "--no-optional-locks", "-C", str(_ROOT), *asked],
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            # Unlike describe --dirty, status without locks leaves the index alone.
            for asked in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{commit}+" if changes else commit


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None

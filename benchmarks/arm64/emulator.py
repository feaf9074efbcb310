"""Runs the workload as arm64 code, as on a Raspberry Pi, with QEMU's user-mode emulator."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.arm64.emulated_boards import EmulatedBoard
from edge import files
from edge.errors import ConfigError

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
EMULATOR = "qemu-aarch64"


def find_root_folder() -> Path:
    """Find the folder of the arm64 system."""
    return files.locate_cache_folder() / "arm64"


def prepare(root: Path) -> None:
    """Make the arm64 system at `root`, unless one from the same sources is there; raises ConfigError."""
    if shutil.which(EMULATOR) is None:
        raise ConfigError(
            f"expected {EMULATOR}, found none; apt install qemu-user (Debian 12's 7.2 takes plugins)"
        )
    usage = subprocess.run([EMULATOR, "-help"], capture_output=True, text=True, check=False)
    if "-plugin" not in usage.stdout:
        raise ConfigError(
            f"expected a {EMULATOR} that takes plugins, found one that does not; "
            "install Debian 12's qemu-user"
        )
    recipe, stamp = _hash_recipe(), root / "recipe"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == recipe:
        return
    root.parent.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(
        ["sh", str(HERE / "root.sh"), str(root), sys.executable], capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise ConfigError(
            f"expected to make an arm64 system in {root}, found: {_get_last_line(made.stderr)}; "
            "correct that, and run this again"
        )
    stamp.write_text(recipe, encoding="utf-8")


def run_emulated(board: EmulatedBoard, root: Path, arguments: Sequence[str], marks: Path) -> str:
    """Run the workload as arm64 code on `board` and return its output; the counts are written to `marks`."""
    (root / "proc/cpuinfo").write_text(board.make_cpuinfo(), encoding="utf-8")
    command = [
        EMULATOR,
        "-cpu",
        board.processor,
        "-plugin",
        f"{root / 'count.so'},out={marks}",
        "-L",
        str(root),
        str(root / "usr/bin/python3.13"),
    ]
    return _run_workload(command, arguments, f"{root / 'opt/wheels'}:{ROOT}")


def run_native(arguments: Sequence[str]) -> str:
    """Run the workload as this machine's own code and return its output."""
    return _run_workload([sys.executable], arguments, str(ROOT))


def _run_workload(command: Sequence[str], arguments: Sequence[str], path: str) -> str:
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(
        [*command, "-m", "benchmarks.arm64.workload", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise ConfigError(
            f"expected the workload to end without an error under {command[0]}, found: "
            f"{_get_last_line(ended.stderr)}; correct that, and run this again"
        )
    return ended.stdout


def _hash_recipe() -> str:
    """Hash all files from which the system is made."""
    parts = HERE / "root.sh", HERE / "count.c", ROOT / "constraints.txt"
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()


def _get_last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it printed nothing"

"""Runs Python as arm64 code, as if on a Raspberry Pi, with QEMU's user-mode emulator."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.arm64.boards import Board
from edge import files
from edge.errors import ConfigError

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
EMULATOR = "qemu-aarch64"


def folder() -> Path:
    """The folder of the arm64 system."""
    return files.cache_folder() / "arm64"


def prepare(root: Path) -> None:
    """Make the arm64 system at `root`, unless one of these very recipes is there; raises ConfigError."""
    if shutil.which(EMULATOR) is None:
        raise ConfigError(
            f"expected {EMULATOR}, found none; apt install qemu-user (Debian 12's 7.2 takes plugins)"
        )
    told = subprocess.run([EMULATOR, "-help"], capture_output=True, text=True, check=False)
    if "-plugin" not in told.stdout:
        raise ConfigError(
            f"expected a {EMULATOR} that takes plugins, found one that does not; "
            "install Debian 12's qemu-user"
        )
    recipe, stamp = _recipe(), root / "recipe"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == recipe:
        return
    root.parent.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(
        ["sh", str(HERE / "root.sh"), str(root), sys.executable], capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise ConfigError(
            f"expected to make an arm64 system in {root}, found: {_end(made.stderr)}; mend that"
        )
    stamp.write_text(recipe, encoding="utf-8")


def emulated(board: Board, root: Path, arguments: Sequence[str], marks: Path) -> str:
    """What the work prints as arm64 code on `board`; `marks` gets the counts."""
    (root / "proc/cpuinfo").write_text(board.cpuinfo(), encoding="utf-8")
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
    return _worked(command, arguments, f"{root / 'opt/wheels'}:{ROOT}")


def native(arguments: Sequence[str]) -> str:
    """What the same work prints as this machine's own code."""
    return _worked([sys.executable], arguments, str(ROOT))


def _worked(command: Sequence[str], arguments: Sequence[str], path: str) -> str:
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(
        [*command, "-m", "benchmarks.arm64.work", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise ConfigError(
            f"expected the work of {command[0]} to end well, found: {_end(ended.stderr)}; mend that"
        )
    return ended.stdout


def _recipe() -> str:
    """A hash of all that the system is made from."""
    parts = HERE / "root.sh", HERE / "count.c", ROOT / "constraints.txt"
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()


def _end(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "nothing was said"

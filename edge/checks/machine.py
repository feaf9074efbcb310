"""Everything that the checks examine: this machine, or one that a test made up."""

import grp
import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

# The exit code of a command that took too long, which timeout(1) uses, too.
TIMED_OUT = 124
CONNECT_WITHIN_S = 3.0


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended; a negative `code` is the signal that killed it."""

    code: int
    stdout: str
    stderr: str

    @property
    def last_error(self) -> str:
        """The last line of stderr; "no reason" if there is none."""
        return (self.stderr.strip().splitlines() or ["no reason"])[-1]


def run(command: Sequence[str], within_s: float) -> CommandResult | None:
    """Run `command`, for `within_s` at most; None if there is no such command."""
    try:
        completed = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=within_s,
        )
    except subprocess.TimeoutExpired:
        return CommandResult(TIMED_OUT, "", f"no answer within {within_s:g} s")
    except OSError:
        return None
    return CommandResult(completed.returncode, completed.stdout, completed.stderr)


def find_version(distribution: str) -> str | None:
    """The installed version of a Python distribution, or None.  Nothing is imported for it."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def list_groups() -> frozenset[str]:
    """The names of this process's groups."""
    names = set()
    for number in {os.getegid(), *os.getgroups()}:
        try:
            names.add(grp.getgrgid(number).gr_name)
        except KeyError:
            continue  # In a container a group may have no name.
    return frozenset(names)


def measure_free_bytes(folder: Path) -> int:
    """The free bytes on the disk of `folder`; OSError if there is no such folder."""
    return shutil.disk_usage(folder).free


def connect(host: str, port: int) -> socket.socket:
    """A TCP connection; OSError if nobody accepts it."""
    return socket.create_connection((host, port), CONNECT_WITHIN_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine; `root` holds the folders dev, etc, proc and sys."""

    root: Path = Path("/")
    environment: Mapping[str, str]
    arguments: Sequence[str] = ()
    """The arguments of the doctor that are those of edge.run, too."""
    architecture: str = platform.machine()
    bits: int = 64 if sys.maxsize > 2**32 else 32
    groups: frozenset[str] = frozenset()
    is_root: bool = False
    find_version: Callable[[str], str | None] = find_version
    run: Callable[[Sequence[str], float], CommandResult | None] = run
    measure_free_bytes: Callable[[Path], int] = measure_free_bytes
    connect: Callable[[str, int], socket.socket] = connect

    def read_text(self, path: str) -> str:
        """The content of the file at `path` below the root; "" if it cannot be read."""
        try:
            return (self.root / path).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""

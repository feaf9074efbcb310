"""What the checks may look at: this machine, or one that a test made up."""

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

# The exit code of a command that took too long, as timeout(1) has it.
TIMED_OUT = 124
CONNECT_WITHIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended; a negative `code` is the signal that killed it."""

    code: int
    out: str
    err: str


def run(command: Sequence[str], within_s: float) -> Ran | None:
    """What `command` said; None where there is no such command."""
    try:
        ended = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=within_s,
        )
    except subprocess.TimeoutExpired:
        return Ran(TIMED_OUT, "", f"no answer within {within_s:g} s")
    except OSError:
        return None
    return Ran(ended.returncode, ended.stdout, ended.stderr)


def version(distribution: str) -> str | None:
    """The installed version of a Python distribution; None without it.  Nothing is imported for it."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def groups() -> frozenset[str]:
    """The names of this process's groups."""
    names = set()
    for number in {os.getegid(), *os.getgroups()}:
        try:
            names.add(grp.getgrgid(number).gr_name)
        except KeyError:
            continue  # A number without a name, as in a container.
    return frozenset(names)


def free_bytes(folder: Path) -> int:
    """Room on the disk of `folder`; OSError where there is none."""
    return shutil.disk_usage(folder).free


def connect(host: str, port: int) -> socket.socket:
    """A connection over TCP; OSError without one."""
    return socket.create_connection((host, port), CONNECT_WITHIN_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`root` holds dev, etc, proc and sys; the rest is what cannot be read from files."""

    root: Path = Path("/")
    environment: Mapping[str, str]
    arguments: Sequence[str] = ()
    """Those of the doctor, which are the program's too."""
    architecture: str = platform.machine()
    bits: int = 64 if sys.maxsize > 2**32 else 32
    groups: frozenset[str] = frozenset()
    is_root: bool = False
    version: Callable[[str], str | None] = version
    run: Callable[[Sequence[str], float], Ran | None] = run
    free_bytes: Callable[[Path], int] = free_bytes
    connect: Callable[[str, int], socket.socket] = connect

    def text(self, path: str) -> str:
        """What the file at `path` below the root says; "" where it cannot be read."""
        try:
            return (self.root / path).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""

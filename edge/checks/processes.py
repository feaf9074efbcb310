"""Reads from /proc which process listens at a port, as far as this user may see it."""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# TCP_LISTEN of the kernel's include/net/tcp_states.h, as /proc/net/tcp writes it.
_LISTENING = "0A"


@dataclass(frozen=True, slots=True)
class Process:
    """A process by number and name."""

    id: int
    name: str
    is_ours: bool
    """Whether it is a fer-edge."""

    def __str__(self) -> str:
        """The number, with the name for people."""
        return f"{self.id} ({self.name})"


def read_process(number: int, proc: Path) -> Process:
    """The process of that number; OSError if it has ended."""
    folder = proc / str(number)
    command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
    return Process(
        number,
        (folder / "comm").read_text(errors="replace").strip(),
        bool(re.search(rb"\bedge\.run\b|\bedge/run\.py|/fer-edge ", command)),
    )


def find_listeners(port: int, proc: Path) -> Iterator[tuple[str, Process | None]]:
    """Each address at whose `port` a process listens, and that process: None if it is another user's."""
    for table in ("net/tcp", "net/tcp6"):
        try:
            lines = (proc / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            address, _, at = fields[1].partition(":")
            if fields[3] == _LISTENING and int(at, 16) == port:
                yield _decode_address(address), _find_owner(fields[9], proc)


def _decode_address(text: str) -> str:
    """The address that the kernel writes as words of four bytes, each in the processor's order."""
    raw = bytes.fromhex(text)
    return str(
        ipaddress.ip_address(b"".join(raw[start : start + 4][::-1] for start in range(0, len(raw), 4)))
    )


def _find_owner(inode: str, proc: Path) -> Process | None:
    for folder in proc.glob("[0-9]*"):
        try:
            if any(
                str(descriptor.readlink()) == f"socket:[{inode}]" for descriptor in (folder / "fd").iterdir()
            ):
                return read_process(int(folder.name), proc)
        except OSError:
            continue  # The process has ended, or belongs to another user.
    return None

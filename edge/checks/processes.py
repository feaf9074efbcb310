"""Who has what open, as far as this user may see: /proc tells."""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LISTENS = "0A"


@dataclass(frozen=True, slots=True)
class Process:
    """A process by number and name."""

    id: int
    name: str
    is_ours: bool
    """It is a fer-edge."""

    def __str__(self) -> str:
        """As a person looks for it."""
        return f"{self.id} ({self.name})"


def process(number: int, proc: Path) -> Process:
    """The process of that number; OSError when it has ended."""
    folder = proc / str(number)
    command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
    return Process(
        number,
        (folder / "comm").read_text(errors="replace").strip(),
        bool(re.search(rb"\bedge\.run\b|\bedge/run\.py|/fer-edge ", command)),
    )


def listeners(port: int, proc: Path) -> Iterator[tuple[str, Process | None]]:
    """Each address with somebody who listens at `port`, and who: None where another user's."""
    for table in ("net/tcp", "net/tcp6"):
        try:
            lines = (proc / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            address, _, at = fields[1].partition(":")
            if fields[3] == _LISTENS and int(at, 16) == port:
                yield _address(address), _owner(fields[9], proc)


def _address(text: str) -> str:
    """The kernel writes words of four bytes, each the wrong way round."""
    raw = bytes.fromhex(text)
    return str(
        ipaddress.ip_address(b"".join(raw[start : start + 4][::-1] for start in range(0, len(raw), 4)))
    )


def _owner(inode: str, proc: Path) -> Process | None:
    for folder in proc.glob("[0-9]*"):
        try:
            if any(
                str(descriptor.readlink()) == f"socket:[{inode}]" for descriptor in (folder / "fd").iterdir()
            ):
                return process(int(folder.name), proc)
        except OSError:
            continue  # It has ended, or belongs to another user.
    return None

"""The files of one output: the newest under the output's own name, those before it numbered beside it."""

import re
from dataclasses import dataclass
from pathlib import Path

BYTES_PER_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Rotation:
    """When a file is full, and how many there may be, the newest included; None is without limit."""

    mb: float | None = None
    seconds: float | None = None
    keep: int | None = None


class Series:
    """Makes room for the next file of an output: out.csv becomes out-0001.csv, then out-0002.csv and so on.

    A file keeps its number; the highest is the latest, and those of the lowest numbers are removed.
    """

    def __init__(self, path: Path, rotation: Rotation = Rotation(), *, replaces: bool = False) -> None:
        """With `replaces` the first `begin` gives up the file of an earlier run; else it is kept like every other."""
        self.path, self._rotation, self._replaces = path, rotation, replaces
        self._began_s: float | None = None

    def begin(self, elapsed_s: float | None = None) -> None:
        """Move the file that is there out of the way of the next, which begins with the frame of `elapsed_s`.

        OSError when the folder does not let it.
        """
        self._began_s = elapsed_s
        if not self._replaces and self.path.is_file() and self.path.stat().st_size:
            older = _numbered(self.path)
            number = older[-1][0] + 1 if older else 1
            self.path.rename(self.path.with_name(f"{self.path.stem}-{number:04}{self.path.suffix}"))
        self._replaces = False
        if self._rotation.keep is not None:
            older = _numbered(self.path)
            for _, surplus in older[: max(0, len(older) - self._rotation.keep + 1)]:
                surplus.unlink(missing_ok=True)

    def is_full(self, elapsed_s: float, size: int) -> bool:
        """Whether the frame of `elapsed_s` belongs into another file than this one of `size` bytes."""
        if self._began_s is None:
            self._began_s = elapsed_s
        mb, seconds = self._rotation.mb, self._rotation.seconds
        is_old = seconds is not None and elapsed_s - self._began_s >= seconds
        return is_old or (mb is not None and size >= mb * BYTES_PER_MB)


def files_of(path: Path) -> list[Path]:
    """The files of the output `path`, the earliest first."""
    return [*(older for _, older in _numbered(path)), *([path] if path.exists() else [])]


def _numbered(path: Path) -> list[tuple[int, Path]]:
    name = re.compile(rf"{re.escape(path.stem)}-(\d{{4,}}){re.escape(path.suffix)}")
    return sorted(
        (int(found[1]), other) for other in path.parent.iterdir() if (found := name.fullmatch(other.name))
    )

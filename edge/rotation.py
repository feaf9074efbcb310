"""The files of one output: the newest has the output's own name, the earlier ones have numbers as well."""

import re
from dataclasses import dataclass
from pathlib import Path

BYTES_PER_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class RotationLimits:
    """When a file is full, and how many files are kept, the newest included; None means no limit."""

    mb: float | None = None
    seconds: float | None = None
    keep: int | None = None


NO_LIMITS = RotationLimits()


class FileSeries:
    """Moves an output's full files aside: out.csv becomes out-0001.csv, the next one out-0002.csv, and so on.

    A file keeps its number.  The highest number is the latest; files with the lowest numbers are removed.
    """

    def __init__(self, path: Path, limits: RotationLimits = NO_LIMITS, *, replaces: bool = False) -> None:
        """With `replaces` the first `rotate` leaves the file of an earlier run to be overwritten."""
        self.path, self._limits, self._replaces = path, limits, replaces
        self._began_s: float | None = None

    def rotate(self, elapsed_s: float | None = None) -> None:
        """Move the present file aside for a new one, which begins with the frame of `elapsed_s`.

        Raises OSError when the folder does not allow it.
        """
        self._began_s = elapsed_s
        if not self._replaces and self.path.is_file() and self.path.stat().st_size:
            older = _list_numbered(self.path)
            number = older[-1][0] + 1 if older else 1
            self.path.rename(self.path.with_name(f"{self.path.stem}-{number:04}{self.path.suffix}"))
        self._replaces = False
        if self._limits.keep is not None:
            older = _list_numbered(self.path)
            for _, surplus in older[: max(0, len(older) - self._limits.keep + 1)]:
                surplus.unlink(missing_ok=True)

    def is_full(self, elapsed_s: float, size: int) -> bool:
        """Whether the frame of `elapsed_s` must go to a new file, the present one being `size` bytes long."""
        if self._began_s is None:
            self._began_s = elapsed_s
        mb, seconds = self._limits.mb, self._limits.seconds
        is_old = seconds is not None and elapsed_s - self._began_s >= seconds
        return is_old or (mb is not None and size >= mb * BYTES_PER_MB)


def list_series(path: Path) -> list[Path]:
    """The files of the output `path`, the earliest first."""
    return [*(older for _, older in _list_numbered(path)), *([path] if path.exists() else [])]


def _list_numbered(path: Path) -> list[tuple[int, Path]]:
    """The earlier files of the output `path`, each with its number, the lowest number first."""
    name = re.compile(rf"{re.escape(path.stem)}-(\d{{4,}}){re.escape(path.suffix)}")
    return sorted(
        (int(found[1]), other) for other in path.parent.iterdir() if (found := name.fullmatch(other.name))
    )

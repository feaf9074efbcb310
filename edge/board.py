"""What the machine says of itself: its model, its temperature, and whether its firmware slows it down."""

import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# Neither changes fast enough to be asked for more often.
READ_EVERY_S = 5.0
# vcgencmd answers in milliseconds, or its firmware hangs.
VCGENCMD_WITHIN_S = 1.0
# The bits of the firmware's answer to get_throttled, as Raspberry Pi documents them.
_REASONS = ("under-voltage", "frequency capped", "throttled", "temperature limit")
_SINCE_BOOT_SHIFT = 16
# The first is that of a Pi 4 and older, the others those of a Pi 5, by the age of the kernel.
_FLAGS = ("soc/soc:firmware", "soc@*/*firmware*", "*firmware*")


@dataclass(frozen=True, slots=True)
class Board:
    """The machine at one moment; None or () for what it does not tell.

    `throttled` says why the firmware slows the processor down or would like to, in plain words,
    most telling first; `was_throttled` the same since the machine started.
    """

    model: str | None
    temperature_c: float | None
    throttled: tuple[str, ...] = ()
    was_throttled: tuple[str, ...] = ()


def read(root: Path = Path("/"), vcgencmd: str = "vcgencmd") -> Board:
    """The board as it is now: three small files under `root`, or the process `vcgencmd` in place of the third."""
    flags = _flags(root, vcgencmd)
    return Board(_model(root), _temperature_c(root), _reasons(flags), _reasons(flags >> _SINCE_BOOT_SHIFT))


class Watch:
    """Reads the board at most every READ_EVERY_S; any thread may call it."""

    def __init__(self, read: Callable[[], Board] = read, clock: Callable[[], float] = time.monotonic) -> None:
        self._read, self._clock = read, clock
        self._board, self._read_at_s = read(), clock()

    def __call__(self) -> Board:
        """The board as it was READ_EVERY_S ago or later."""
        now_s = self._clock()
        if now_s - self._read_at_s >= READ_EVERY_S:
            # First the time: a second thread that comes meanwhile takes the old board.
            self._read_at_s = now_s
            self._board = self._read()
        return self._board


def _model(root: Path) -> str | None:
    return _text(root / "proc/device-tree/model").rstrip("\0") or None


def _temperature_c(root: Path) -> float | None:
    """That of the first zone, which is the processor's on every Pi."""
    text = _text(root / "sys/class/thermal/thermal_zone0/temp")
    return int(text) / 1000 if re.fullmatch(r"-?\d+", text) else None


def _flags(root: Path, vcgencmd: str) -> int:
    for firmware in _FLAGS:
        for path in sorted((root / "sys/devices/platform").glob(f"{firmware}/get_throttled")):
            if re.fullmatch(r"[0-9a-f]+", text := _text(path)):
                return int(text, 16)
    try:
        answer = subprocess.run(
            [vcgencmd, "get_throttled"],
            capture_output=True,
            text=True,
            check=False,
            timeout=VCGENCMD_WITHIN_S,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0  # No such command, as everywhere but on a Pi, or no answer.
    flags = re.fullmatch(r"throttled=0x([0-9a-f]+)\s*", answer)
    return int(flags[1], 16) if flags else 0


def _reasons(flags: int) -> tuple[str, ...]:
    return tuple(reason for bit, reason in enumerate(_REASONS) if flags >> bit & 1)


def _text(path: Path) -> str:
    """What `path` says, or nothing where it is not there or cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""

"""The state of the machine: its model, its temperature, and whether its firmware slows it down."""

import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# Temperature and throttling do not change fast enough to be read more often.
READ_EVERY_S = 5.0
# vcgencmd answers within milliseconds; if it takes longer, the firmware hangs.
VCGENCMD_WITHIN_S = 1.0
# The bits of the firmware's answer to get_throttled, as Raspberry Pi documents them.
_REASONS = ("under-voltage", "frequency capped", "throttled", "temperature limit")
_SINCE_BOOT_SHIFT = 16
# Folders of get_throttled below /sys/devices/platform: the first on a Pi 4 and older, the others on a Pi 5,
# depending on the age of the kernel.
_FIRMWARE_FOLDERS = ("soc/soc:firmware", "soc@*/*firmware*", "*firmware*")


@dataclass(frozen=True, slots=True)
class Board:
    """The machine at one moment; None or () where the machine does not report it.

    `throttled` holds the reasons, in plain words and the gravest first, for which the firmware slows the
    processor down now or wants to; `was_throttled` holds those since the machine started.
    """

    model: str | None
    temperature_c: float | None
    throttled: tuple[str, ...] = ()
    was_throttled: tuple[str, ...] = ()


def read(root: Path = Path("/"), vcgencmd: str = "vcgencmd") -> Board:
    """Read the board's state from three small files below `root`.

    If the third file is missing, the command `vcgencmd` is run instead.
    """
    flags = _read_throttling_flags(root, vcgencmd)
    return Board(
        _read_model(root),
        _read_temperature_c(root),
        _list_reasons(flags),
        _list_reasons(flags >> _SINCE_BOOT_SHIFT),
    )


class CachedBoard:
    """Reads the board at most every READ_EVERY_S; any thread may call it."""

    def __init__(self, read: Callable[[], Board] = read, clock: Callable[[], float] = time.monotonic) -> None:
        self._read, self._clock = read, clock
        self._board, self._read_at_s = read(), clock()

    def __call__(self) -> Board:
        """The board, read again if the last reading is READ_EVERY_S old."""
        now_s = self._clock()
        if now_s - self._read_at_s >= READ_EVERY_S:
            # The time is set first, so that another thread that calls meanwhile gets the old board.
            self._read_at_s = now_s
            self._board = self._read()
        return self._board


def _read_model(root: Path) -> str | None:
    return _read_text(root / "proc/device-tree/model").rstrip("\0") or None


def _read_temperature_c(root: Path) -> float | None:
    """The temperature of the first thermal zone, which is the processor on every Pi."""
    text = _read_text(root / "sys/class/thermal/thermal_zone0/temp")
    return int(text) / 1000 if re.fullmatch(r"-?\d+", text) else None


def _read_throttling_flags(root: Path, vcgencmd: str) -> int:
    for folder in _FIRMWARE_FOLDERS:
        for path in sorted((root / "sys/devices/platform").glob(f"{folder}/get_throttled")):
            if re.fullmatch(r"[0-9a-f]+", text := _read_text(path)):
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
        return 0  # There is no such command, as on every machine but a Pi, or it does not answer.
    flags = re.fullmatch(r"throttled=0x([0-9a-f]+)\s*", answer)
    return int(flags[1], 16) if flags else 0


def _list_reasons(flags: int) -> tuple[str, ...]:
    return tuple(reason for bit, reason in enumerate(_REASONS) if flags >> bit & 1)


def _read_text(path: Path) -> str:
    """The text in `path`; "" where it does not exist or cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""

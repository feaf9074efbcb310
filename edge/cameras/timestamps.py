"""Numbers a device's frames, and gives them times by its driver's time stamps."""

from typing import NamedTuple

# A time stamp that is older than this, s, is on another clock than time.monotonic().
MAX_STAMP_AGE_S = 10.0


class Timestamp(NamedTuple):
    """What edge.frames.Frame calls by the same names."""

    number: int
    captured_at_s: float
    elapsed_s: float


class FrameStamper:
    """Counts the frames since the device was opened, and gives each its times."""

    def __init__(self) -> None:
        self._next_number = 0
        self._started_s: float | None = None

    def stamp(self, driver_stamp_s: float, now_s: float) -> Timestamp:
        """Number and times of the next frame; `now_s` replaces a time stamp that is not on its clock."""
        captured_at_s = driver_stamp_s if 0 <= now_s - driver_stamp_s < MAX_STAMP_AGE_S else now_s
        if self._started_s is None:
            self._started_s = captured_at_s
        number = self._next_number
        self._next_number += 1
        return Timestamp(number, captured_at_s, max(0.0, captured_at_s - self._started_s))

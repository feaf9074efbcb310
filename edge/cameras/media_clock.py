"""The time in a recording or a stream, from the time stamps of its pictures."""

import math

# The rate of a recording that states none; FFmpeg assumes the same.
DEFAULT_FPS = 25.0
# A time stamp that goes back by more than this is the start of another clock, as where recordings were
# joined; one that goes back by less is an error in the file.
MAX_STEP_BACK_S = 1.0
# Where a format's clock may begin again, a longer step forward is a jump, too, as it is for ffmpeg.
MAX_STEP_FORWARD_S = 10.0
# So far the clock of a live stream may be from ours before it counts as another clock.  A server may send the
# last seconds before the connection at once, and a network that paused delivers late.
MAX_APART_S = 10.0


class MediaClock:
    """The time since the first picture, which never goes back whatever the time stamps do."""

    def __init__(self, *, max_step_s: float = math.inf) -> None:
        """A time stamp that goes forward by more than `max_step_s` is the start of another clock, too."""
        self.elapsed_s, self._max_step_s = 0.0, max_step_s
        # The time stamp at which the elapsed time would be 0; None before the first time stamp.
        self._origin_s: float | None = None
        self._has_started = False

    def advance(self, stamp_s: float | None, period_s: float) -> float:
        """The elapsed time of the next picture, in seconds.

        `stamp_s` is its time stamp, if it has one.  Where that is missing, or does not go forward, the
        picture follows the one before it after `period_s`.
        """
        before_s = self.elapsed_s
        if self._has_started:
            self.elapsed_s = before_s + period_s
        if stamp_s is None:
            self._has_started = True
            return self.elapsed_s
        if self._origin_s is None:
            self._origin_s = stamp_s - self.elapsed_s
        since_s = stamp_s - self._origin_s
        step_s = since_s - before_s
        if not self._has_started or 0 < step_s <= self._max_step_s:
            self.elapsed_s = since_s
        elif step_s < -MAX_STEP_BACK_S or step_s > 0:
            self._origin_s = stamp_s - self.elapsed_s
        self._has_started = True
        return self.elapsed_s


class StreamClock:
    """The time since a stream's first picture, by the stream's clock while that keeps up with ours.

    The clock of a recording has nothing to keep up with.
    """

    def __init__(self, *, is_live: bool = True) -> None:
        self._media, self._is_live = MediaClock(), is_live
        # What is added to the time stamps, and how far they are then ahead of the arrivals.
        self._shift_s = 0.0
        self._ahead_s: float | None = None
        self._last_s = self._arrived_s = 0.0

    def advance(self, stamp_s: float | None, arrived_s: float, period_s: float) -> float:
        """The elapsed time of a picture that arrived at `arrived_s`, with the time stamp `stamp_s` if any."""
        if stamp_s is None:
            return self._media.advance(arrived_s, period_s)
        shifted_s = stamp_s + self._shift_s
        if self._ahead_s is None:
            self._ahead_s = shifted_s - arrived_s
        elif self._is_live and abs(shifted_s - arrived_s - self._ahead_s) > MAX_APART_S:
            shifted_s = self._last_s + max(period_s, arrived_s - self._arrived_s)
            self._shift_s = shifted_s - stamp_s
            self._ahead_s = shifted_s - arrived_s
        self._last_s, self._arrived_s = shifted_s, arrived_s
        return self._media.advance(shifted_s, period_s)

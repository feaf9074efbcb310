"""Reports a camera's outages on its picture, and in the log without flooding it."""

import logging
from collections import deque
from dataclasses import dataclass, field

log = logging.getLogger(__name__)

# The picture shows another reason when it was found this many times in a row: after a camera was plugged in,
# its device node appears before it can be opened and before it gives pictures.
CONFIRMATIONS = 2
# How long another reason must last until it is logged.
LASTING_S = 5.0
# The first MAX_LOGGED outages within PERIOD_S are logged one by one.  Further ones are counted, and one line
# per PERIOD_S gives their number.
MAX_LOGGED, PERIOD_S = 3, 60.0


@dataclass(slots=True)
class _Outage:
    """One outage, and what was shown and logged about it; times in s."""

    began_s: float
    shown_reason: str
    """The reason that the picture shows."""
    newest_reason: str
    newest_since_s: float
    """Since when the newest reason was found every time."""
    newest_count: int = 1
    """How often the newest reason was found in a row."""
    is_logged: bool = False
    logged_reasons: set[str] = field(default_factory=set)

    def count_reason(self, reason: str, now_s: float) -> None:
        """The reason was found once more."""
        if reason != self.newest_reason:
            self.newest_reason, self.newest_since_s, self.newest_count = reason, now_s, 0
        self.newest_count += 1


class OutageLog:
    """The outages of one camera; all times are of one clock, in seconds.

    The log gets the reason when an outage begins, and a further reason of the same outage only if it is news
    and has lasted for LASTING_S.  Outages that follow each other quickly, as with a loose plug, are only
    counted; every PERIOD_S a line gives their number and the last reason.
    """

    def __init__(self) -> None:
        self.is_away = False
        self.notice = ""
        """Why the camera is away, or was away last: the newest confirmed reason."""
        # The present outage, or the last one.
        self._outage = _Outage(0.0, "", "", 0.0)
        self._recent_begins_s: deque[float] = deque(maxlen=MAX_LOGGED)
        # When a line was logged last, and the number of outages since then that were only counted.
        self._logged_at_s, self._unlogged = 0.0, 0

    def report(self, notice: str, reason: str, now_s: float, *, is_news: bool = True) -> None:
        """The camera is away, and `notice` says why; to be called for every failed try.

        Two notices with the same `reason` have the same cause.  Without `is_news`, another reason than before
        is shown on the picture and not logged.
        """
        if not self.is_away:
            self._begin(notice, reason, now_s)
            return
        outage = self._outage
        outage.count_reason(reason, now_s)
        if reason != outage.shown_reason and outage.newest_count >= CONFIRMATIONS:
            self.notice, outage.shown_reason = notice, reason
        is_lasting = now_s - outage.newest_since_s >= LASTING_S
        if is_news and is_lasting and reason not in outage.logged_reasons and not self._unlogged:
            self._log_notice(now_s)

    def end(self, name: str, size: tuple[int, int], now_s: float) -> None:
        """The camera `name` is back and delivers pictures of `size`, width and height in px."""
        self.is_away = False
        log.log(
            logging.INFO if self._outage.is_logged else logging.DEBUG,
            "%s is back after %.1f s, with %d×%d",
            name,
            now_s - self._outage.began_s,
            *size,
        )

    def log_summary(self, now_s: float) -> None:
        """Log the number of outages that were only counted, if PERIOD_S is over; to be called often."""
        if self._unlogged and now_s - self._logged_at_s >= PERIOD_S:
            log.warning(
                "the camera went away again, %d × in %.0f s, and is %s now; the last time: %s",
                self._unlogged,
                now_s - self._logged_at_s,
                "away" if self.is_away else "back",
                self.notice,
            )
            self._mark_logged(now_s)

    def _begin(self, notice: str, reason: str, now_s: float) -> None:
        is_full = len(self._recent_begins_s) == MAX_LOGGED
        is_frequent = is_full and now_s - self._recent_begins_s[0] < PERIOD_S
        self._recent_begins_s.append(now_s)
        self.is_away, self.notice = True, notice
        self._outage = _Outage(now_s, shown_reason=reason, newest_reason=reason, newest_since_s=now_s)
        # Outages that were only counted are logged, as a sum, before a single one is logged again.
        if is_frequent or self._unlogged:
            self._unlogged += 1
        else:
            self._log_notice(now_s)

    def _log_notice(self, now_s: float) -> None:
        log.warning("%s", self.notice)
        self._mark_logged(now_s)

    def _mark_logged(self, now_s: float) -> None:
        """A line was logged that covers the present outage and all those before it."""
        self._outage.logged_reasons.add(self._outage.shown_reason)
        self._outage.is_logged = True
        self._logged_at_s, self._unlogged = now_s, 0

"""Reports a camera's outages on its picture, and in the log without flooding it."""

import logging
from collections import deque

log = logging.getLogger(__name__)

# The picture shows another reason once it was found so often in a row: after a camera was plugged in, its
# device node appears before it can be opened and before it gives pictures.
CONFIRMATIONS = 2
# A new reason is logged once it has lasted so long.
LASTING_S = 5.0
# So many outages within so many seconds are logged one by one; further ones are counted in a line per period.
MAX_LOGGED, PERIOD_S = 3, 60.0


class OutageLog:
    """The outages of one camera; all times are of one clock, in seconds.

    The log gets the reason when an outage begins, and a further reason of the same outage only if it is news
    and has lasted for LASTING_S.  Outages that follow each other quickly, as with a loose plug, are only
    counted; every PERIOD_S a line gives their number and the last reason.
    """

    def __init__(self) -> None:
        self.is_away = False
        self.notice = ""
        """Why the camera is away, or was last: the newest reason that was confirmed."""
        # Of the outage that is on, or was last: when it began, and whether the log has a line about it.
        self._began_s = 0.0
        self._is_logged = False
        # The reason that the picture shows, the reason found last, since when, and how often in a row.
        self._shown_reason = self._newest_reason = ""
        self._newest_since_s, self._times_in_row = 0.0, 0
        self._logged_reasons: set[str] = set()
        # When the log had its last line, and how many outages began since then without a line.
        self._last_line_s, self._unlogged = 0.0, 0
        self._recent_begins_s: deque[float] = deque(maxlen=MAX_LOGGED)

    def report(self, notice: str, reason: str, now_s: float, *, is_news: bool = True) -> None:
        """The camera is away for the reason that `notice` gives; to be called for every failed try.

        Two notices with the same `reason` mean the same.  Without `is_news` a further reason is shown on the
        picture and not logged.
        """
        if not self.is_away:
            self._begin(notice, reason, now_s)
            return
        if reason != self._newest_reason:
            self._newest_reason, self._newest_since_s, self._times_in_row = reason, now_s, 0
        self._times_in_row += 1
        if reason != self._shown_reason and self._times_in_row >= CONFIRMATIONS:
            self.notice, self._shown_reason = notice, reason
        is_lasting = now_s - self._newest_since_s >= LASTING_S
        if is_news and is_lasting and reason not in self._logged_reasons and not self._unlogged:
            self._log_notice(now_s)

    def end(self, name: str, size: tuple[int, int], now_s: float) -> None:
        """The camera `name` is back and delivers pictures of `size`, width and height in px."""
        self.is_away = False
        log.log(
            logging.INFO if self._is_logged else logging.DEBUG,
            "%s is back after %.1f s, with %d×%d",
            name,
            now_s - self._began_s,
            *size,
        )

    def log_summary(self, now_s: float) -> None:
        """Log the number of outages that were only counted, if PERIOD_S is over; to be called often."""
        if self._unlogged and now_s - self._last_line_s >= PERIOD_S:
            log.warning(
                "the camera went away again, %d × in %.0f s, and is %s now; the last time: %s",
                self._unlogged,
                now_s - self._last_line_s,
                "away" if self.is_away else "back",
                self.notice,
            )
            self._note_line(now_s)

    def _begin(self, notice: str, reason: str, now_s: float) -> None:
        is_full = len(self._recent_begins_s) == MAX_LOGGED
        is_frequent = is_full and now_s - self._recent_begins_s[0] < PERIOD_S
        self._recent_begins_s.append(now_s)
        self.is_away, self._began_s, self._is_logged = True, now_s, False
        self.notice, self._shown_reason, self._logged_reasons = notice, reason, set()
        self._newest_reason, self._newest_since_s, self._times_in_row = reason, now_s, 1
        # Outages that were only counted are logged, as a sum, before a single one is logged again.
        if is_frequent or self._unlogged:
            self._unlogged += 1
        else:
            self._log_notice(now_s)

    def _log_notice(self, now_s: float) -> None:
        log.warning("%s", self.notice)
        self._note_line(now_s)

    def _note_line(self, now_s: float) -> None:
        """The log has a line that covers the present outage and all those before it."""
        self._logged_reasons.add(self._shown_reason)
        self._last_line_s, self._unlogged, self._is_logged = now_s, 0, True

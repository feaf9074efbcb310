"""What people are told of a camera's outages: on its picture, and in the log without filling it."""

import logging
from collections import deque

log = logging.getLogger(__name__)

# The picture shows another reason that was found so often in a row: a node is there before its owner and its picture.
CONFIRMATIONS = 2
# The log is told another reason that has lasted so long.
LASTING_S = 5.0
# So many outages in so many seconds are told one by one; of more the log has a line in that time.
MOST_TOLD, PERIOD_S = 3, 60.0


class OutageLog:
    """The outages of one camera; times are of one clock, s.

    The log is told why when an outage begins, and another reason only where it is news and has lasted for LASTING_S.
    OutageLog that crowd, as with a loose plug, are counted, and every PERIOD_S the log has a line for them with the
    last reason.
    """

    def __init__(self) -> None:
        self.is_on = False
        self.notice = ""
        """Why the camera is away, or was last: the newest reason that was confirmed."""
        self._shown = self._newest = ""
        # Of this outage; then when the log had its last line, and how many outages it knows nothing of since.
        self._told: set[str] = set()
        self._told_s, self._untold = 0.0, 0
        self._begun_s: deque[float] = deque(maxlen=MOST_TOLD)

    def found(self, notice: str, reason: str, now_s: float, *, is_news: bool = True) -> None:
        """The camera is away, as `notice` says; another notice with the same `reason` says nothing new.

        Without `is_news` it is for the picture alone, unless the outage begins with it.
        """
        if not self.is_on:
            self._begin(notice, reason, now_s)
            return
        if reason != self._newest:
            self._newest, self._newest_s, self._times = reason, now_s, 0
        self._times += 1
        if reason != self._shown and self._times >= CONFIRMATIONS:
            self.notice, self._shown = notice, reason
        if is_news and reason not in self._told and now_s - self._newest_s >= LASTING_S and not self._untold:
            self._tell(now_s)

    def end(self, name: str, size: tuple[int, int], now_s: float) -> None:
        """The camera is back under that name, with pictures of `size`, px."""
        self.is_on = False
        log.log(
            logging.INFO if self._is_told else logging.DEBUG,
            "%s is back after %.1f s, with %d×%d",
            name,
            now_s - self._since_s,
            *size,
        )

    def sum_up(self, now_s: float) -> None:
        """Tell of the outages that were but counted, if it is time to; to be called often."""
        if self._untold and now_s - self._told_s >= PERIOD_S:
            log.warning(
                "the camera went away again, %d × in %.0f s, and is %s now; the last time: %s",
                self._untold,
                now_s - self._told_s,
                "away" if self.is_on else "back",
                self.notice,
            )
            self._note(now_s)

    def _begin(self, notice: str, reason: str, now_s: float) -> None:
        crowds = len(self._begun_s) == MOST_TOLD and now_s - self._begun_s[0] < PERIOD_S
        self._begun_s.append(now_s)
        self.is_on, self._since_s = True, now_s
        self.notice, self._shown, self._told, self._is_told = notice, reason, set(), False
        self._newest, self._newest_s, self._times = reason, now_s, 1
        # What is only counted is told before anything else is.
        if crowds or self._untold:
            self._untold += 1
        else:
            self._tell(now_s)

    def _tell(self, now_s: float) -> None:
        log.warning("%s", self.notice)
        self._note(now_s)

    def _note(self, now_s: float) -> None:
        """The log knows of the outage that is on, and of those before it."""
        self._told.add(self._shown)
        self._told_s, self._untold, self._is_told = now_s, 0, True

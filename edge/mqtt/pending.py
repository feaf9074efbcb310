"""What has not been published yet: the state, when it is due, and the state changes in a queue."""

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from edge.contracts import Result
from edge.mqtt.outbox import Outbox
from edge.mqtt.state_changes import ChangeDetector, make_state

# How often the state is published while nothing changes, for the stats in it.
STATE_EVERY_S = 30.0
# How many state changes, of about 150 bytes each, may wait while the broker is unavailable.
OUTBOX_LIMIT = 1000


class PendingMessages:
    """Checks the results for state changes, whether there is a connection or not.

    One thread calls it; another may set `newest`.
    """

    def __init__(self, *, every_s: float, clock: Callable[[], float]) -> None:
        """`every_s` is the shortest time between two reports of changes; `clock` is that of the results."""
        self.every_s, self._clock = every_s, clock
        self.newest: Result | None = None
        self.changes = Outbox(OUTBOX_LIMIT)
        self.is_state_due = False
        self._detector = ChangeDetector()
        self._changed_s = self._state_taken_s = -math.inf

    def check(self, *, is_last: bool = False) -> None:
        """Queue a message for each change, unless the last change was less than every_s ago.

        `is_last` queues them in any case.
        """
        result, now_s = self.newest, self._clock()
        if result is None or (now_s - self._changed_s < self.every_s and not is_last):
            return
        changes = self._detector.detect(result, now_s, _format_now())
        for change in changes:
            self.changes.add(json.dumps(change))
        if changes:
            self._changed_s = now_s
        self.is_state_due |= bool(changes) or now_s - self._state_taken_s >= STATE_EVERY_S

    def take_state(self, read_stats: Callable[[], Mapping[str, float]]) -> str | None:
        """The payload of the state, which is then no longer due; None when it is not due."""
        if self.newest is None or not self.is_state_due:
            return None
        self.is_state_due, self._state_taken_s = False, self._clock()
        return json.dumps(make_state(self.newest, read_stats(), self._state_taken_s, _format_now()))


def _format_now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")

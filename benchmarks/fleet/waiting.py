"""Waits for a state of the fleet, but not for ever."""

import time
from collections.abc import Callable

from edge.errors import ConfigError

MAX_WAIT_S = 120.0


def wait_until(is_true: Callable[[], bool], what: str) -> None:
    """Wait until `is_true` returns True; raises ConfigError, with the clause `what`, after MAX_WAIT_S."""
    deadline_s = time.monotonic() + MAX_WAIT_S
    while not is_true():
        if time.monotonic() > deadline_s:
            raise ConfigError(f"expected that {what} within {MAX_WAIT_S:g} s; try fewer devices")
        time.sleep(0.05)

"""Waiting for what another thread brings about."""

import threading
from collections.abc import Callable

TIMEOUT_S = 30


def until(condition: Callable[[], object]) -> None:
    """Return once `condition` holds; AssertionError when it does not within TIMEOUT_S."""
    waited = threading.Event()
    for _ in range(TIMEOUT_S * 100):
        if condition():
            return
        waited.wait(0.01)
    raise AssertionError("it did not come about")

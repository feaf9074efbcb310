"""When the state is due, and when changes are queued."""

import numpy as np
import pytest

from edge.contracts import Box
from edge.mqtt.pending import STATE_EVERY_S, PendingMessages
from tests.clocks import Clock
from tests.results import reading_of, result_of

PICTURE = np.zeros((48, 64, 3), np.uint8)
STATS = {"analysed_fps": 29.9, "latency_p50_ms": 11.8, "dropped": 3.0, "throttled": 0.0}


def test_state_is_due_no_faster_than_set_and_now_and_then_without_a_change() -> None:
    clock = Clock(1000.0)
    pending = PendingMessages(every_s=2.0, clock=clock)
    taken_s: list[float] = []
    for step in range(1200):
        clock.sleep(0.1)
        # The label changes all the time for a minute, and then never again.
        label = "sad" if step < 600 and step % 2 else "happy"
        reading = reading_of(Box(1, 2, 30, 30), 1, label)
        pending.newest = result_of(PICTURE, reading, captured_at_s=clock())
        pending.check()
        if pending.take_state(lambda: STATS) is not None:
            taken_s.append(clock())
    apart_s = np.diff(taken_s)
    assert apart_s.min() > 1.99 and len(taken_s) >= 15
    assert apart_s[-1] == pytest.approx(STATE_EVERY_S, abs=0.2)


def test_last_check_queues_a_change_at_once() -> None:
    clock = Clock(1000.0)
    pending = PendingMessages(every_s=3600.0, clock=clock)
    for label in ("happy", "sad"):
        reading = reading_of(Box(1, 2, 30, 30), 1, label)
        pending.newest = result_of(PICTURE, reading, captured_at_s=clock())
        pending.check()
    assert len(pending.changes) == 1
    pending.check(is_last=True)
    assert len(pending.changes) == 2

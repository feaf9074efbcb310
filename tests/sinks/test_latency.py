"""The rate and the latency of the results that the other sinks have taken."""

import numpy as np
import pytest

from edge.sinks.latency import LatencySink
from edge.telemetry import Telemetry
from tests.clocks import Clock
from tests.results import result_of


def test_result_is_counted_as_shown_with_its_age() -> None:
    clock = Clock(10.0)
    telemetry = Telemetry(clock)
    with LatencySink(telemetry) as sink:
        clock.sleep(1.0)
        sink.show(result_of(np.zeros((4, 4, 3), np.uint8), captured_at_s=clock() - 0.1))
    stats = telemetry.read_stats()
    assert stats.shown_fps == pytest.approx(1.0)
    assert stats.latency_p50_ms == pytest.approx(100.0)

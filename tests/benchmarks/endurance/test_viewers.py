"""Viewers at a real server."""

import time

from benchmarks.endurance import viewers
from edge.sinks.mjpeg import MjpegSink
from tests.results import result_of
from tests.waiting import until
from tests.web.test_connections import NOISE


def test_viewers_come_and_go_until_they_are_stopped() -> None:
    with MjpegSink("127.0.0.1", 0, lambda: {"shown_fps": 30.0}) as sink:
        with viewers.Viewers(sink.url, 6) as crowd:

            def is_busy() -> bool:
                sink.show(result_of(NOISE))
                time.sleep(0.02)
                return sum(crowd.visits.values()) > 12 and sink.needs_picture

            until(is_busy)
        until(lambda: not sink.needs_picture)
        assert not crowd.refused


def test_same_seed_brings_the_same_viewers() -> None:
    one, other = (viewers.Viewers("", 1, seed=7) for _ in range(2))
    choices = [[each._random.random() for _ in range(5)] for each in (one, other)]
    assert choices[0] == choices[1]


def test_visit_that_fails_is_counted() -> None:
    with MjpegSink("127.0.0.1", 0, dict) as sink:
        url = sink.url
    with viewers.Viewers(url, 3) as crowd:
        until(lambda: sum(crowd.refused.values()) >= 3)
    assert all(key.endswith("ClientConnectorError") for key in crowd.refused)

"""Rates, drops and latency on a clock that the test turns."""

import numpy as np

from edge.board import Board
from edge.contracts import Result
from edge.frames import Frame, PixelFormat
from edge.telemetry import WINDOW_S, Telemetry
from tests.clocks import Clock


def result_of(number: int, captured_at_s: float) -> Result:
    frame = Frame(np.zeros((4, 4), np.uint8), PixelFormat.GREY, 4, 4, number, captured_at_s, 0.0)
    return Result(frame, (), captured_at_s, captured_at_s)


def play(telemetry: Telemetry, clock: Clock, numbers: list[int], *, step_s: float, latency_s: float) -> None:
    for number in numbers:
        result = result_of(number, clock.now_s)
        telemetry.count_captured(result.frame)
        clock.now_s += latency_s
        telemetry.count_analysed(result)
        telemetry.count_delivered(result)
        telemetry.count_shown(result)
        clock.now_s += step_s - latency_s


def test_rates_and_latency_are_those_of_the_window() -> None:
    clock = Clock(100.0)
    telemetry = Telemetry(clock)
    play(telemetry, clock, list(range(300)), step_s=0.1, latency_s=0.02)
    stats = telemetry.read_stats()
    assert abs(stats.captured_fps - 10) <= 1 / WINDOW_S
    assert abs(stats.shown_fps - 10) <= 1 / WINDOW_S
    assert round(stats.latency_p50_ms, 6) == round(stats.latency_p95_ms, 6) == 20
    assert (stats.analysed, stats.dropped) == (300, 0)


def test_rates_before_the_first_window_is_full_are_not_diluted() -> None:
    clock = Clock(100.0)
    telemetry = Telemetry(clock)
    play(telemetry, clock, list(range(10)), step_s=0.1, latency_s=0.01)
    assert round(telemetry.read_stats().analysed_fps, 6) == 10


def test_gap_in_the_numbers_is_counted_as_dropped() -> None:
    clock = Clock(100.0)
    telemetry = Telemetry(clock)
    play(telemetry, clock, [0, 1, 4, 5, 9], step_s=0.1, latency_s=0.01)
    assert telemetry.read_stats().dropped == 5


def test_old_frames_are_forgotten() -> None:
    clock = Clock(100.0)
    telemetry = Telemetry(clock)
    play(telemetry, clock, [0, 1], step_s=0.1, latency_s=0.01)
    clock.now_s += 2 * WINDOW_S
    stats = telemetry.read_stats()
    assert stats.captured_fps == stats.analysed_fps == stats.shown_fps == stats.latency_p95_ms == 0


def test_log_line_names_every_stat_that_people_watch() -> None:
    line = Telemetry(Clock(100.0)).read_stats().to_log_line()
    for word in ("captured", "analysed", "shown", "dropped", "p50", "p95", "faces"):
        assert word in line


def test_log_line_and_stats_hold_the_state_of_the_board() -> None:
    stats = Telemetry(Clock(100.0), lambda: Board("a Pi", 71.26, ("under-voltage", "throttled"))).read_stats()
    assert stats.to_log_line().endswith(", 71 °C, THROTTLED: under-voltage, throttled")
    assert stats.to_dict()["temperature_c"] == 71.26 and stats.to_dict()["throttled"] == 1


def test_board_that_tells_nothing_is_not_spoken_of() -> None:
    stats = Telemetry(Clock(100.0)).read_stats()
    assert "°C" not in stats.to_log_line() and "THROTTLED" not in stats.to_log_line()
    assert "temperature_c" not in stats.to_dict() and stats.to_dict()["throttled"] == 0


def test_reconnects_are_counted_and_in_the_log_line_from_the_first_one_on() -> None:
    telemetry = Telemetry()
    assert "reconnects" not in telemetry.read_stats().to_log_line()
    telemetry.count_reconnect()
    assert (
        telemetry.read_stats().to_dict()["reconnects"] == 1
        and "reconnects 1" in telemetry.read_stats().to_log_line()
    )

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
    figures = telemetry.figures()
    assert abs(figures.captured_fps - 10) <= 1 / WINDOW_S
    assert abs(figures.shown_fps - 10) <= 1 / WINDOW_S
    assert round(figures.latency_p50_ms, 6) == round(figures.latency_p95_ms, 6) == 20
    assert (figures.analysed, figures.dropped) == (300, 0)


def test_rates_before_the_first_window_is_full_are_not_diluted() -> None:
    clock = Clock(100.0)
    telemetry = Telemetry(clock)
    play(telemetry, clock, list(range(10)), step_s=0.1, latency_s=0.01)
    assert round(telemetry.figures().analysed_fps, 6) == 10


def test_gap_in_the_numbers_is_counted_as_dropped() -> None:
    clock = Clock(100.0)
    telemetry = Telemetry(clock)
    play(telemetry, clock, [0, 1, 4, 5, 9], step_s=0.1, latency_s=0.01)
    assert telemetry.figures().dropped == 5


def test_old_frames_are_forgotten() -> None:
    clock = Clock(100.0)
    telemetry = Telemetry(clock)
    play(telemetry, clock, [0, 1], step_s=0.1, latency_s=0.01)
    clock.now_s += 2 * WINDOW_S
    figures = telemetry.figures()
    assert figures.captured_fps == figures.analysed_fps == figures.shown_fps == figures.latency_p95_ms == 0


def test_line_names_every_figure_that_people_watch() -> None:
    line = Telemetry(Clock(100.0)).figures().line()
    for word in ("captured", "analysed", "shown", "dropped", "p50", "p95", "faces"):
        assert word in line


def test_board_is_told_in_line_and_figures() -> None:
    figures = Telemetry(Clock(100.0), lambda: Board("a Pi", 71.26, ("under-voltage", "throttled"))).figures()
    assert figures.line().endswith(", 71 °C, THROTTLED: under-voltage, throttled")
    assert figures.by_name()["temperature_c"] == 71.26 and figures.by_name()["throttled"] == 1


def test_board_that_tells_nothing_is_not_spoken_of() -> None:
    figures = Telemetry(Clock(100.0)).figures()
    assert "°C" not in figures.line() and "THROTTLED" not in figures.line()
    assert "temperature_c" not in figures.by_name() and figures.by_name()["throttled"] == 0


def test_returns_of_the_camera_are_counted_and_told_in_the_line_once_there_is_one() -> None:
    telemetry = Telemetry()
    assert "reconnects" not in telemetry.figures().line()
    telemetry.reconnected()
    assert telemetry.figures().by_name()["reconnects"] == 1 and "reconnects 1" in telemetry.figures().line()

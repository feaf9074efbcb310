"""An output that fails: logged once, counted, closed, opened again; and the others go on."""

import logging
from types import TracebackType
from typing import Self

import numpy as np
import pytest

from edge.contracts import Result
from edge.errors import SinkError
from edge.sinks.fault_tolerant import REOPEN_AFTER_S, FaultTolerantSink
from tests.clocks import Clock
from tests.results import result_of

RESULT = result_of(np.zeros((48, 64, 3), np.uint8))


class BreakableSink:
    """A sink that fails while `fault` is set."""

    name = "breakable"
    needs_picture = True

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.shown = self.entered = self.left = 0

    def __enter__(self) -> Self:
        if self.fault is not None:
            raise self.fault
        self.entered += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.left += 1

    def show(self, result: Result) -> None:
        if self.fault is not None:
            raise self.fault
        self.shown += 1


@pytest.fixture
def inner() -> BreakableSink:
    return BreakableSink()


@pytest.fixture
def clock() -> Clock:
    return Clock(100.0)


@pytest.fixture
def losses() -> list[str]:
    return []


@pytest.fixture
def live(inner: BreakableSink, clock: Clock, losses: list[str]) -> FaultTolerantSink:
    return FaultTolerantSink(inner, lambda: losses.append("lost"), is_live=True, clock=clock)


@pytest.fixture
def finite(inner: BreakableSink, clock: Clock, losses: list[str]) -> FaultTolerantSink:
    return FaultTolerantSink(inner, lambda: losses.append("lost"), is_live=False, clock=clock)


def test_loss_is_logged_and_counted_once_and_the_output_is_closed(
    live: FaultTolerantSink, inner: BreakableSink, losses: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with live:
        live.show(RESULT)
        inner.fault = SinkError("the disk is full")
        for _ in range(3):
            live.show(RESULT)
        assert not live.needs_picture
    assert (inner.shown, inner.entered, inner.left, losses) == (1, 1, 1, ["lost"])
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.message == "breakable ended (trying again in 60 s): the disk is full"


def test_live_run_opens_it_again_when_it_can(
    live: FaultTolerantSink, inner: BreakableSink, clock: Clock
) -> None:
    with live:
        inner.fault = SinkError("the disk is full")
        live.show(RESULT)
        clock.now_s += REOPEN_AFTER_S
        live.show(RESULT)
        inner.fault = None
        live.show(RESULT)
        assert (inner.entered, inner.shown) == (1, 0)
        clock.now_s += REOPEN_AFTER_S
        live.show(RESULT)
        assert (inner.entered, inner.shown) == (2, 1)
        assert live.needs_picture
    assert inner.left == 2


def test_run_over_a_file_ends_with_the_error(
    finite: FaultTolerantSink, inner: BreakableSink, clock: Clock
) -> None:
    with pytest.raises(SinkError, match="the disk is full"), finite:
        inner.fault = SinkError("the disk is full")
        finite.show(RESULT)
        inner.fault = None
        clock.now_s += 2 * REOPEN_AFTER_S
        finite.show(RESULT)
    assert (inner.entered, inner.shown, inner.left) == (1, 0, 1)


def test_error_of_another_part_is_not_replaced(finite: FaultTolerantSink, inner: BreakableSink) -> None:
    with pytest.raises(KeyError), finite:
        inner.fault = SinkError("the disk is full")
        finite.show(RESULT)
        raise KeyError


def test_output_that_cannot_be_had_at_the_start_is_an_error(
    live: FaultTolerantSink, inner: BreakableSink
) -> None:
    inner.fault = SinkError("no such folder")
    with pytest.raises(SinkError, match="no such folder"), live:
        pass


def test_bug_is_not_tolerated(live: FaultTolerantSink, inner: BreakableSink) -> None:
    with pytest.raises(ZeroDivisionError), live:
        inner.fault = ZeroDivisionError()
        live.show(RESULT)

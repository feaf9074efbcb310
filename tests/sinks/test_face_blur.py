"""The sinks behind the blur see every result, its faces hidden, and nothing else."""

from typing import Self

import numpy as np
import pytest

from edge.contracts import Box, Result
from edge.drawing.blur import LOOK_AHEAD_S, BlurredFrame
from edge.errors import SinkError
from edge.sinks.face_blur import FaceBlurSink
from tests.fakes import FakeSink
from tests.results import reading_of, result_of

FPS = 30
PICTURE = np.zeros((48, 64, 3), np.uint8)


def result_at(number: int) -> Result:
    return result_of(PICTURE, reading_of(Box(1, 2, 30, 30)), number=number, elapsed_s=number / FPS)


def test_sinks_see_every_result_blurred_and_the_last_ones_on_leaving() -> None:
    sinks = [FakeSink(), FakeSink()]
    with FaceBlurSink(sinks) as blur:
        for number in range(60):
            blur.show(result_at(number))
        waiting = 60 - len(sinks[0].results)
        assert LOOK_AHEAD_S * FPS <= waiting <= LOOK_AHEAD_S * FPS + 1
    for sink in sinks:
        assert [result.frame.number for result in sink.results] == list(range(60))
        assert all(isinstance(result.frame, BlurredFrame) for result in sink.results)
        assert sink.was_opened and not sink.is_open


def test_results_that_wait_are_shown_also_after_an_error_elsewhere() -> None:
    sink = FakeSink()
    with pytest.raises(KeyError), FaceBlurSink([sink]) as blur:
        blur.show(result_at(0))
        raise KeyError
    assert len(sink.results) == 1 and not sink.is_open


def test_sink_that_has_failed_is_shown_nothing_more_and_all_are_left() -> None:
    good, bad = FakeSink(), FakeSink()
    bad.error = SinkError("expected room, found none; make some")
    with pytest.raises(SinkError), FaceBlurSink([good, bad]) as blur:
        for number in range(60):
            blur.show(result_at(number))
    assert len(good.results) == 1 and not good.is_open and not bad.is_open


def test_sink_that_fails_on_the_last_results_is_reported_and_all_are_left() -> None:
    good, bad = FakeSink(), FakeSink()
    bad.error = SinkError("expected room, found none; make some")
    with pytest.raises(SinkError), FaceBlurSink([good, bad]) as blur:
        blur.show(result_at(0))
    assert not good.is_open and not bad.is_open


def test_first_error_is_raised_although_a_sink_fails_on_the_last_results() -> None:
    sink = FakeSink()
    sink.error = SinkError("expected room, found none; make some")
    with pytest.raises(KeyError), FaceBlurSink([sink]) as blur:
        blur.show(result_at(0))
        raise KeyError
    assert not sink.is_open


def test_sink_that_cannot_open_leaves_none_open() -> None:
    class Closed(FakeSink):
        def __enter__(self) -> Self:
            raise SinkError("expected a free port, found none; name another")

    first = FakeSink()
    with pytest.raises(SinkError), FaceBlurSink([first, Closed()]):
        pass
    assert first.was_opened and not first.is_open


@pytest.mark.parametrize("needs_picture", [True, False])
def test_needs_a_picture_while_one_of_the_sinks_does(needs_picture: bool) -> None:
    sinks = [FakeSink(), FakeSink()]
    sinks[1].needs_picture = needs_picture
    assert FaceBlurSink(sinks).needs_picture is needs_picture

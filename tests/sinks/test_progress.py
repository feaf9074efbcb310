"""The progress bar on stderr."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from edge.sinks.progress import ProgressSink
from tests.fakes import FakeCamera
from tests.results import result_of

RESULT = result_of(np.zeros((48, 64, 3), np.uint8))


@pytest.mark.parametrize(
    ("frame_count", "limit", "expected"),
    [(4, None, "4/4"), (4, 3, "3/3"), (2, 9, "2/2"), (None, None, "2frame")],
)
def test_bar_ends_at_the_length_of_the_file_or_at_the_limit(
    frame_count: int | None, limit: int | None, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with ProgressSink(FakeCamera(frame_count, is_live=False), frames=limit) as sink:
        for _ in range(min(filter(None, (frame_count, limit)), default=2)):
            sink.show(RESULT)
    assert expected in capsys.readouterr().err


def test_log_line_goes_above_the_bar_and_the_handlers_are_restored(
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = logging.getLogger()
    handler = logging.StreamHandler()
    root.addHandler(handler)
    try:
        with ProgressSink(FakeCamera(2, is_live=False)) as sink:
            sink.show(RESULT)
            logging.getLogger("test").warning("a line of the log")
            assert handler not in root.handlers
        assert handler in root.handlers
    finally:
        root.removeHandler(handler)
    lines = capsys.readouterr().err.replace("\r", "\n").splitlines()
    assert "a line of the log" in lines


class FakeRecording(FakeCamera):
    """A file that states its length."""

    duration_s: float | None = 5.0


def test_bar_follows_the_time_and_ends_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    camera = FakeRecording(9, is_live=False)
    with ProgressSink(camera) as sink:
        for elapsed_s in (0.0, 2.5, 4.0):
            sink.show(replace(RESULT, frame=replace(RESULT.frame, elapsed_s=elapsed_s)))
        # The file has ended, earlier than it states.
        camera.duration_s, camera.frame_count = 4.0, 3
    assert "100%" in capsys.readouterr().err


def test_bar_of_a_run_that_was_stopped_does_not_end(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressSink(FakeRecording(9, is_live=False)) as sink:
        sink.show(replace(RESULT, frame=replace(RESULT.frame, elapsed_s=2.5)))
    shown = capsys.readouterr().err
    assert "50%" in shown and "100%" not in shown

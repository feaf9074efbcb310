"""The pipeline with fakes that raise, block and count; no test waits for a clock."""

import math
import threading
from collections.abc import Sequence
from typing import Self

import pytest

from edge.contracts import Sink
from edge.errors import CameraTimeout
from edge.faces.finder import TrackingFaceFinder
from edge.faces.reader import SmoothingExpressionReader
from edge.frames import Frame
from edge.pipeline import Pipeline
from edge.telemetry import Telemetry
from edge.threads import SignalWaiter
from tests.fakes import FakeCamera, FakeClassifier, FakeDetector, FakeSink, FakeSmoother, FakeTracker


class Boom(Exception):
    """Raised by the part under test."""


class PipelineOfFakes:
    """A pipeline with all its fakes."""

    def __init__(self, camera: FakeCamera, taken: int = 0, first_frame_within_s: float = 30.0) -> None:
        self.camera, self.detector, self.tracker = camera, FakeDetector(), FakeTracker()
        self.classifier, self.smoother, self.sink = FakeClassifier(), FakeSmoother(), FakeSink(taken)
        self.telemetry = Telemetry()
        self.pipeline = self.make_pipeline([self.sink], first_frame_within_s)

    def make_pipeline(self, sinks: Sequence[Sink], first_frame_within_s: float = 30.0) -> Pipeline:
        return Pipeline(
            self.camera,
            TrackingFaceFinder(self.tracker, self.detector),
            SmoothingExpressionReader(self.classifier, self.smoother),
            sinks,
            self.telemetry,
            first_frame_within_s=first_frame_within_s,
        )

    def run(self, **limits: float | None) -> None:
        with SignalWaiter() as waiter:
            self.pipeline.run(waiter, **limits)  # type: ignore[arg-type]


def test_file_is_analysed_whole_and_in_order() -> None:
    setup = PipelineOfFakes(FakeCamera(200, is_live=False))
    setup.run()
    assert [result.frame.number for result in setup.sink.results] == list(range(200))
    stats = setup.telemetry.read_stats()
    assert (stats.analysed, stats.dropped) == (200, 0)


def test_file_is_analysed_whole_also_by_a_stage_that_blocks() -> None:
    setup = PipelineOfFakes(FakeCamera(5, is_live=False))
    setup.classifier.gate = threading.Event()
    release = threading.Thread(target=setup.classifier.gate.set)
    release.start()
    setup.run()
    release.join()
    assert len(setup.sink.results) == 5


def test_frame_that_stands_for_an_absent_camera_is_shown_and_not_searched() -> None:
    setup = PipelineOfFakes(FakeCamera(3, is_live=False))
    setup.camera.notice = "no camera"
    setup.detector.error = Boom("searched")
    setup.run()
    assert [(result.frame.notice, result.readings) for result in setup.sink.results] == [
        ("no camera", ())
    ] * 3


@pytest.mark.parametrize("needs_picture", [True, False])
def test_colour_is_expected_only_while_a_sink_is_watched(
    needs_picture: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected: list[int] = []
    monkeypatch.setattr(Frame, "decode_colour_first", lambda frame: expected.append(frame.number))
    setup = PipelineOfFakes(FakeCamera(3, is_live=False))
    setup.sink.needs_picture = needs_picture
    setup.run()
    assert expected == ([0, 1, 2] if needs_picture else [])


def test_so_many_frames_are_captured_and_no_more() -> None:
    setup = PipelineOfFakes(FakeCamera(None, is_live=False))
    setup.run(frames=7)
    assert setup.camera.delivered == 7
    assert len(setup.sink.results) == 7


def test_duration_ends_a_camera_that_does_not() -> None:
    setup = PipelineOfFakes(FakeCamera(None, is_live=True))
    setup.run(duration_s=0.01)
    assert not setup.camera.is_open


@pytest.mark.parametrize("is_live", [True, False])
@pytest.mark.parametrize("part", ["camera", "detector", "tracker", "classifier", "smoother", "sink"])
def test_error_in_any_part_is_raised_unchanged_with_everything_closed(part: str, is_live: bool) -> None:
    setup = PipelineOfFakes(FakeCamera(None, is_live=is_live))
    error = Boom(part)
    getattr(setup, part).error = error
    with pytest.raises(Boom) as raised:
        setup.run()
    assert raised.value is error
    assert not setup.camera.is_open and not setup.sink.is_open


def test_slow_stage_drops_frames_instead_of_queueing_them() -> None:
    setup = PipelineOfFakes(FakeCamera(None, is_live=True), taken=1)
    gate = setup.classifier.gate = threading.Event()
    reached = threading.Event()

    def open_gate_after_a_thousand_frames() -> None:
        while setup.camera.delivered < 1000:
            reached.wait(0.001)
        gate.set()

    opener = threading.Thread(target=open_gate_after_a_thousand_frames)
    opener.start()
    with SignalWaiter() as waiter:
        stopper = stop_after(setup.sink.taken_enough, waiter)
        setup.pipeline.run(waiter)
    opener.join()
    stopper.join()
    # One result waited in the gate and one value in each slot before it: nothing older comes after.
    behind = [result.frame.number for result in setup.sink.results]
    assert sum(number < 900 for number in behind) <= 3
    assert setup.telemetry.read_stats().dropped > 900 - 3


@pytest.mark.parametrize(
    ("slow", "before"), [("detector", "camera"), ("classifier", "detector"), ("sink", "classifier")]
)
def test_every_captured_frame_is_either_shown_or_counted_as_dropped(slow: str, before: str) -> None:
    setup = PipelineOfFakes(FakeCamera(100, is_live=True))
    slow_part, part_before = getattr(setup, slow), getattr(setup, before)
    gate = slow_part.gate = threading.Event()

    def wait_for_the_part_before() -> None:
        """Deliver a frame once the last one has reached the slow part, so that frames are lost only there."""
        setup.camera.calls += 1
        while part_before.calls < setup.camera.delivered:
            threading.Event().wait(0.0001)
        if setup.camera.delivered == 100:
            gate.set()

    setup.camera.work = wait_for_the_part_before  # type: ignore[method-assign]
    setup.run()
    stats, shown = setup.telemetry.read_stats(), len(setup.sink.results)
    assert (stats.captured, setup.sink.results[-1].frame.number) == (100, 99)
    assert shown + stats.dropped == 100 and stats.dropped > 90


def stop_after(event: threading.Event, waiter: SignalWaiter) -> threading.Thread:
    """A thread, started, that asks `waiter` to stop once `event` is set."""

    def wait_and_stop() -> None:
        event.wait(30)
        waiter.stop()

    thread = threading.Thread(target=wait_and_stop)
    thread.start()
    return thread


def test_stop_ends_a_pipeline_whose_camera_is_a_file_that_waits() -> None:
    setup = PipelineOfFakes(FakeCamera(None, is_live=False), taken=3)
    with SignalWaiter() as waiter:
        stopper = stop_after(setup.sink.taken_enough, waiter)
        setup.pipeline.run(waiter)
        stopper.join()
    assert not setup.camera.is_open and not setup.sink.is_open


class SlowCamera(FakeCamera):
    """Times out before its first frame, `timeouts` times."""

    def __init__(self, timeouts: float) -> None:
        super().__init__(3, is_live=False)
        self.timeouts = timeouts
        self.has_timed_out = threading.Event()

    def __next__(self) -> Frame:
        if self.timeouts > 0:
            self.timeouts -= 1
            self.has_timed_out.set()
            raise CameraTimeout("no frame")
        return super().__next__()


def test_slow_first_frame_is_waited_for() -> None:
    setup = PipelineOfFakes(SlowCamera(timeouts=5))
    setup.run()
    assert len(setup.sink.results) == 3


def test_first_frame_is_not_waited_for_for_ever() -> None:
    setup = PipelineOfFakes(SlowCamera(timeouts=math.inf), first_frame_within_s=0.0)
    with pytest.raises(CameraTimeout):
        setup.run()


def test_time_out_after_the_first_frame_is_a_fault() -> None:
    setup = PipelineOfFakes(FakeCamera(None, is_live=False), taken=1)
    camera = setup.camera
    setup.sink.work = lambda: setattr(camera, "error", CameraTimeout("frozen"))  # type: ignore[method-assign]
    with pytest.raises(CameraTimeout, match="frozen"):
        setup.run()


def test_stop_ends_the_wait_for_the_first_frame() -> None:
    camera = SlowCamera(timeouts=math.inf)
    setup = PipelineOfFakes(camera)
    with SignalWaiter() as waiter:
        stopper = stop_after(camera.has_timed_out, waiter)
        setup.pipeline.run(waiter)
        stopper.join()
    assert not camera.is_open


def test_camera_that_cannot_open_leaves_the_sinks_alone() -> None:
    class Missing(FakeCamera):
        def __enter__(self) -> Self:
            raise Boom

    setup = PipelineOfFakes(Missing(None, is_live=True))
    with pytest.raises(Boom):
        setup.run()
    assert not setup.sink.was_opened


def test_camera_that_freezes_while_the_pipeline_is_stopped_is_no_fault() -> None:
    setup = PipelineOfFakes(FakeCamera(None, is_live=True), taken=1)
    camera = setup.camera
    with SignalWaiter() as waiter:

        def stop_then_freeze() -> None:
            assert setup.sink.taken_enough.wait(30)
            waiter.stop()
            while not setup.pipeline._frames.is_closed:
                threading.Event().wait(0.001)
            camera.error = CameraTimeout("frozen")

        stopper = threading.Thread(target=stop_then_freeze)
        stopper.start()
        setup.pipeline.run(waiter)
        stopper.join()
    assert not camera.is_open


def test_sink_that_cannot_open_closes_the_camera() -> None:
    class Closed(FakeSink):
        def __enter__(self) -> Self:
            raise Boom

    setup = PipelineOfFakes(FakeCamera(None, is_live=True))
    pipeline = setup.make_pipeline([setup.sink, Closed()])
    with SignalWaiter() as waiter, pytest.raises(Boom):
        pipeline.run(waiter)
    assert setup.camera.delivered == 0 and not setup.camera.is_open and not setup.sink.is_open


def test_result_carries_its_frame_and_the_times_of_the_stages() -> None:
    setup = PipelineOfFakes(FakeCamera(3, is_live=False))
    setup.run()
    for result in setup.sink.results:
        assert result.detected_at_s <= result.inferred_at_s
        assert [reading.raw.label for reading in result.readings] == ["happy"]


def test_last_log_line_holds_the_stats(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        PipelineOfFakes(FakeCamera(3, is_live=False)).run()
    assert "dropped 0" in caplog.messages[-1]

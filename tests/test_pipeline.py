"""The stages together: fakes raise, block and count; no clock is waited for."""

import math
import threading
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

import numpy as np
import pytest

from edge.contracts import Box, Expression, Face, FaceDetector, Reading, Result, Search, Sink
from edge.errors import CameraTimeout
from edge.faces.finder import TrackingFaceFinder
from edge.faces.reader import SmoothingExpressionReader
from edge.frames import Frame, Image, PixelFormat
from edge.pipeline import Pipeline
from edge.telemetry import Telemetry
from edge.threads import SignalWaiter

LABELS = ("happy", "sad")


class Boom(Exception):
    """Raised by the part under test."""


class Part:
    """A context manager that remembers whether it is open, and may raise or block in its one method."""

    name = "fake"

    def __init__(self) -> None:
        self.is_open = self.was_opened = False
        self.error: Exception | None = None
        self.gate: threading.Event | None = None
        self.calls = 0

    def __enter__(self) -> Self:
        self.is_open = self.was_opened = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.is_open = False

    def work(self) -> None:
        self.calls += 1
        if self.error is not None:
            raise self.error
        if self.gate is not None:
            assert self.gate.wait(30)


class FakeCamera(Part):
    """Gives `length` frames, or frames for ever where that is None."""

    def __init__(self, length: int | None, *, live: bool) -> None:
        super().__init__()
        self.frame_count, self.is_live = length, live
        self.delivered = 0
        self.notice: str | None = None

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        self.work()
        if self.delivered == self.frame_count:
            raise StopIteration
        number = self.delivered
        self.delivered += 1
        return Frame(
            np.zeros((48, 48), np.uint8), PixelFormat.GREY, 48, 48, number, 0.0, number / 30, self.notice
        )


class FakeDetector(Part):
    def plan_searches(self, width: int, height: int, min_face_px: int) -> Sequence[Search]:
        return ()

    def detect(self, frame: Frame, search: Search) -> list[Face]:
        self.work()
        return [Face(Box(0, 0, 48, 48), 1.0)]


class FakeTracker(Part):
    def track(self, frame: Frame, detector: FaceDetector) -> tuple[Face, ...]:
        self.work()
        return tuple(detector.detect(frame, Search(Box(0, 0, 48, 48), 10, 48)))


class FakeClassifier(Part):
    labels = LABELS

    def crop(self, frame: Frame, face: Face) -> Image:
        return frame.grey

    def classify(self, crops: Sequence[Image]) -> list[Expression]:
        self.work()
        return [Expression(np.array([0.9, 0.1], np.float32), LABELS) for _ in crops]


class FakeSmoother(Part):
    def smooth(
        self, faces: Sequence[Face], crops: Sequence[Image], expressions: Sequence[Expression], frame: Frame
    ) -> tuple[Reading, ...]:
        self.work()
        return tuple(Reading(face, raw, raw) for face, raw in zip(faces, expressions, strict=True))


class FakeSink(Part):
    needs_picture = False

    def __init__(self, taken: int = 0) -> None:
        """`taken_enough` is set at the `taken`th result."""
        super().__init__()
        self.results: list[Result] = []
        self.taken = taken
        self.taken_enough = threading.Event()

    def show(self, result: Result) -> None:
        self.work()
        self.results.append(result)
        if len(self.results) == self.taken:
            self.taken_enough.set()


class Line:
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
    line = Line(FakeCamera(200, live=False))
    line.run()
    assert [result.frame.number for result in line.sink.results] == list(range(200))
    stats = line.telemetry.read_stats()
    assert (stats.analysed, stats.dropped) == (200, 0)


def test_file_is_analysed_whole_also_by_a_stage_that_blocks() -> None:
    line = Line(FakeCamera(5, live=False))
    line.classifier.gate = threading.Event()
    release = threading.Thread(target=line.classifier.gate.set)
    release.start()
    line.run()
    release.join()
    assert len(line.sink.results) == 5


def test_frame_that_stands_for_an_absent_camera_is_shown_and_not_searched() -> None:
    line = Line(FakeCamera(3, live=False))
    line.camera.notice = "no camera"
    line.detector.error = Boom("searched")
    line.run()
    assert [(result.frame.notice, result.readings) for result in line.sink.results] == [("no camera", ())] * 3


@pytest.mark.parametrize("needs_picture", [True, False])
def test_colour_is_expected_only_while_a_sink_is_watched(
    needs_picture: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected: list[int] = []
    monkeypatch.setattr(Frame, "decode_colour_first", lambda frame: expected.append(frame.number))
    line = Line(FakeCamera(3, live=False))
    line.sink.needs_picture = needs_picture
    line.run()
    assert expected == ([0, 1, 2] if needs_picture else [])


def test_so_many_frames_are_captured_and_no_more() -> None:
    line = Line(FakeCamera(None, live=False))
    line.run(frames=7)
    assert line.camera.delivered == 7
    assert len(line.sink.results) == 7


def test_duration_ends_a_camera_that_does_not() -> None:
    line = Line(FakeCamera(None, live=True))
    line.run(duration_s=0.01)
    assert not line.camera.is_open


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("part", ["camera", "detector", "tracker", "classifier", "smoother", "sink"])
def test_error_in_any_part_is_raised_unchanged_with_everything_closed(part: str, live: bool) -> None:
    line = Line(FakeCamera(None, live=live))
    error = Boom(part)
    getattr(line, part).error = error
    with pytest.raises(Boom) as raised:
        line.run()
    assert raised.value is error
    assert not line.camera.is_open and not line.sink.is_open


def test_slow_stage_drops_frames_instead_of_queueing_them() -> None:
    line = Line(FakeCamera(None, live=True), taken=1)
    gate = line.classifier.gate = threading.Event()
    reached = threading.Event()

    def open_gate_after_a_thousand_frames() -> None:
        while line.camera.delivered < 1000:
            reached.wait(0.001)
        gate.set()

    opener = threading.Thread(target=open_gate_after_a_thousand_frames)
    opener.start()
    with SignalWaiter() as waiter:
        stopper = threading.Thread(target=lambda: (line.sink.taken_enough.wait(30), stop(waiter)))
        stopper.start()
        line.pipeline.run(waiter)
    opener.join()
    stopper.join()
    # One result waited in the gate and one value in each slot before it: nothing older comes after.
    behind = [result.frame.number for result in line.sink.results]
    assert sum(number < 900 for number in behind) <= 3
    assert line.telemetry.read_stats().dropped > 900 - 3


@pytest.mark.parametrize(
    ("slow", "before"), [("detector", "camera"), ("classifier", "detector"), ("sink", "classifier")]
)
def test_every_captured_frame_is_either_shown_or_counted_as_dropped(slow: str, before: str) -> None:
    line = Line(FakeCamera(100, live=True))
    slow_part, part_before = getattr(line, slow), getattr(line, before)
    gate = slow_part.gate = threading.Event()

    def wait_for_the_part_before() -> None:
        """Deliver a frame once the last one has got as far as the slow part, so that only that part loses any."""
        line.camera.calls += 1
        while part_before.calls < line.camera.delivered:
            threading.Event().wait(0.0001)
        if line.camera.delivered == 100:
            gate.set()

    line.camera.work = wait_for_the_part_before  # type: ignore[method-assign]
    line.run()
    stats, shown = line.telemetry.read_stats(), len(line.sink.results)
    assert (stats.captured, line.sink.results[-1].frame.number) == (100, 99)
    assert shown + stats.dropped == 100 and stats.dropped > 90


def stop(waiter: SignalWaiter) -> None:
    waiter.is_asked_to_stop = True
    waiter.wake()


def test_stop_ends_a_line_whose_camera_is_a_file_that_waits() -> None:
    line = Line(FakeCamera(None, live=False), taken=3)
    with SignalWaiter() as waiter:
        stopper = threading.Thread(target=lambda: (line.sink.taken_enough.wait(30), stop(waiter)))
        stopper.start()
        line.pipeline.run(waiter)
        stopper.join()
    assert not line.camera.is_open and not line.sink.is_open


class SlowCamera(FakeCamera):
    """Times out before its first frame, `timeouts` times."""

    def __init__(self, timeouts: float) -> None:
        super().__init__(3, live=False)
        self.timeouts = timeouts
        self.has_timed_out = threading.Event()

    def __next__(self) -> Frame:
        if self.timeouts > 0:
            self.timeouts -= 1
            self.has_timed_out.set()
            raise CameraTimeout("no frame")
        return super().__next__()


def test_slow_first_frame_is_waited_for() -> None:
    line = Line(SlowCamera(timeouts=5))
    line.run()
    assert len(line.sink.results) == 3


def test_first_frame_is_not_waited_for_for_ever() -> None:
    line = Line(SlowCamera(timeouts=math.inf), first_frame_within_s=0.0)
    with pytest.raises(CameraTimeout):
        line.run()


def test_time_out_after_the_first_frame_is_a_fault() -> None:
    line = Line(FakeCamera(None, live=False), taken=1)
    camera = line.camera
    line.sink.work = lambda: setattr(camera, "error", CameraTimeout("frozen"))  # type: ignore[method-assign]
    with pytest.raises(CameraTimeout, match="frozen"):
        line.run()


def test_stop_ends_the_wait_for_the_first_frame() -> None:
    camera = SlowCamera(timeouts=math.inf)
    line = Line(camera)
    with SignalWaiter() as waiter:
        stopper = threading.Thread(target=lambda: (camera.has_timed_out.wait(30), stop(waiter)))
        stopper.start()
        line.pipeline.run(waiter)
        stopper.join()
    assert not camera.is_open


def test_camera_that_cannot_open_leaves_the_sinks_alone() -> None:
    class Missing(FakeCamera):
        def __enter__(self) -> Self:
            raise Boom

    line = Line(Missing(None, live=True))
    with pytest.raises(Boom):
        line.run()
    assert not line.sink.was_opened


def test_camera_that_freezes_while_the_line_is_stopped_is_no_fault() -> None:
    line = Line(FakeCamera(None, live=True), taken=1)
    camera = line.camera
    with SignalWaiter() as waiter:

        def stop_then_freeze() -> None:
            assert line.sink.taken_enough.wait(30)
            stop(waiter)
            while not line.pipeline._frames.is_closed:
                threading.Event().wait(0.001)
            camera.error = CameraTimeout("frozen")

        stopper = threading.Thread(target=stop_then_freeze)
        stopper.start()
        line.pipeline.run(waiter)
        stopper.join()
    assert not camera.is_open


def test_sink_that_cannot_open_closes_the_camera() -> None:
    class Closed(FakeSink):
        def __enter__(self) -> Self:
            raise Boom

    line = Line(FakeCamera(None, live=True))
    pipeline = line.make_pipeline([line.sink, Closed()])
    with SignalWaiter() as waiter, pytest.raises(Boom):
        pipeline.run(waiter)
    assert line.camera.delivered == 0 and not line.camera.is_open and not line.sink.is_open


def test_result_carries_its_frame_and_the_times_of_the_stages() -> None:
    line = Line(FakeCamera(3, live=False))
    line.run()
    for result in line.sink.results:
        assert result.detected_at_s <= result.inferred_at_s
        assert [reading.raw.label for reading in result.readings] == ["happy"]


def test_last_log_line_tells_the_figures(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        Line(FakeCamera(3, live=False)).run()
    assert "dropped 0" in caplog.messages[-1]

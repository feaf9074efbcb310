"""Runs the stages capture → detect → infer → deliver, each in its own thread, with slots between them."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice

from edge.contracts import Camera, ExpressionReader, Face, FaceFinder, Result, Sink
from edge.errors import CameraError, CameraTimeout
from edge.frames import Frame
from edge.telemetry import Telemetry
from edge.threads import LatestSlot, SignalWaiter, WorkerGroup

log = logging.getLogger(__name__)

# How long a camera may take for its first frame: some take seconds to adjust their exposure.
FIRST_FRAME_WITHIN_S = 10.0
# How long the stages may take to end: each finishes its current frame, and the capturing stage may first wait
# for the camera's time-out.
STOP_WITHIN_S = 5.0
LOG_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class _Detection:
    """What the detecting stage hands to the inferring stage."""

    frame: Frame
    faces: tuple[Face, ...]
    detected_at_s: float


class Pipeline:
    """Passes a camera's frames through a face finder and an expression reader to the sinks.

    If a stage is slow, frames of a live camera are dropped; the frames of any other camera are all analysed.
    A stage that ends closes the slots before and behind it.  So the end of the camera, a stop and an error
    all reach every stage, in both directions.
    """

    def __init__(
        self,
        camera: Camera,
        face_finder: FaceFinder,
        expression_reader: ExpressionReader,
        sinks: Sequence[Sink],
        telemetry: Telemetry,
        *,
        first_frame_within_s: float = FIRST_FRAME_WITHIN_S,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        """Only one thread uses each of the parts; all threads use `telemetry`.

        `first_frame_within_s` is how long the camera may take for its first frame after it was opened.
        `on_end` is called when the stages are about to end: a camera that waits for a frame need not go on.
        """
        self._on_end = on_end
        self._camera, self._face_finder = camera, face_finder
        self._expression_reader, self._sinks = expression_reader, sinks
        self._telemetry, self._first_frame_within_s = telemetry, first_frame_within_s
        self.log_every_s = LOG_EVERY_S
        self._frames: LatestSlot[Frame] = LatestSlot(wait=not camera.is_live)
        self._detections: LatestSlot[_Detection] = LatestSlot(wait=not camera.is_live)
        self._results: LatestSlot[Result] = LatestSlot(wait=not camera.is_live)

    def run(
        self,
        waiter: SignalWaiter,
        *,
        frames: int | None = None,
        duration_s: float | None = None,
        on_reload: Callable[[], None] = lambda: None,
    ) -> None:
        """Run until the camera ends, `frames` are captured, `duration_s` is over or `waiter` must stop.

        `on_reload` is called in this thread when `waiter` is asked to reload; it may change `log_every_s`.
        The camera and the sinks are closed in every case.  The first error of any part is raised unchanged.
        """
        with ExitStack() as opened:
            # The camera is opened first: if there is none, no sink replaces a file of the last run.
            try:
                opened.enter_context(self._camera)
            except CameraError:
                if waiter.is_asked_to_stop:
                    return
                raise
            for sink in self._sinks:
                opened.enter_context(sink)
            workers = WorkerGroup(on_end=waiter.wake)
            try:
                workers.start("capture", lambda: self._capture(frames))
                workers.start("detect", self._detect)
                workers.start("infer", self._infer)
                workers.start("deliver", self._deliver)
                self._wait_for_end(workers, waiter, duration_s, on_reload)
            finally:
                self._frames.close()
                self._on_end()
                workers.join(STOP_WITHIN_S)
            stats = self._telemetry.read_stats()
        log.info("%s", stats.to_log_line())

    def _wait_for_end(
        self,
        workers: WorkerGroup,
        waiter: SignalWaiter,
        duration_s: float | None,
        on_reload: Callable[[], None],
    ) -> None:
        """Log the stats every `log_every_s`, and reload when asked, until it is time to stop."""
        now_s = time.monotonic()
        end_s = now_s + duration_s if duration_s is not None else float("inf")
        log_s = now_s + self.log_every_s
        while workers.is_running and not waiter.is_asked_to_stop and now_s < end_s:
            waiter.wait(min(log_s, end_s) - now_s)
            now_s = time.monotonic()
            if waiter.take_reload():
                on_reload()
                log_s = min(log_s, now_s + self.log_every_s)
            if now_s >= log_s:
                log.info("%s", self._telemetry.read_stats().to_log_line())
                log_s += self.log_every_s

    def _capture(self, frames: int | None) -> None:
        try:
            for frame in islice(self._read_frames(), frames):
                self._telemetry.count_captured(frame)
                if not self._frames.publish(frame):
                    return
        except CameraError:
            # While the pipeline stops, a camera's failure does not matter any more.
            if not self._frames.is_closed:
                raise
        finally:
            self._frames.close()

    def _read_frames(self) -> Iterator[Frame]:
        """Yields the camera's frames; ignores time-outs while the first one may still come, until a stop."""
        opened_s = time.monotonic()
        frames = iter(self._camera)
        while not self._frames.is_closed:
            try:
                first = next(frames)
            except StopIteration:
                return
            except CameraTimeout:
                if time.monotonic() - opened_s > self._first_frame_within_s:
                    raise
            else:
                yield first
                yield from frames
                return

    def _detect(self) -> None:
        try:
            for frame in self._frames.follow():
                if any(sink.needs_picture for sink in self._sinks):
                    frame.decode_colour_first()
                # A frame with a notice stands in for a camera that is away: there is no picture to search.
                faces = () if frame.notice else self._face_finder.find(frame)
                if not self._detections.publish(_Detection(frame, faces, time.monotonic())):
                    return
        finally:
            self._frames.close()
            self._detections.close()

    def _infer(self) -> None:
        try:
            for detection in self._detections.follow():
                readings = self._expression_reader.read(detection.frame, detection.faces)
                result = Result(detection.frame, readings, detection.detected_at_s, time.monotonic())
                self._telemetry.count_analysed(result)
                if not self._results.publish(result):
                    return
        finally:
            self._detections.close()
            self._results.close()

    def _deliver(self) -> None:
        try:
            for result in self._results.follow():
                self._telemetry.count_delivered(result)
                for sink in self._sinks:
                    sink.show(result)
        finally:
            self._results.close()

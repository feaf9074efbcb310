"""The four stages, capture → detect → infer → deliver, each a thread, joined by slots."""

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

# A camera that was just opened settles its exposure, which takes seconds for some.
FIRST_FRAME_WITHIN_S = 10.0
# A stage is at most one frame and a camera's time-out away from its end.
STOP_WITHIN_S = 5.0
LOG_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class _Detected:
    frame: Frame
    faces: tuple[Face, ...]
    at_s: float


class Pipeline:
    """Runs a camera's frames through the face finder and the expression reader to the sinks, until one end or the other.

    A live camera's frames are dropped where a stage is slow; every other camera's are all
    analysed.  Each stage closes the slots on both its sides when it ends, so an end, a stop
    and an error run through all stages in both directions.
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
    ) -> None:
        """The parts are used by one thread each; `telemetry` by all."""
        self._camera, self._face_finder = camera, face_finder
        self._expression_reader, self._sinks = expression_reader, sinks
        self._telemetry, self._first_frame_within_s = telemetry, first_frame_within_s
        self.log_every_s = LOG_EVERY_S
        self._frames: LatestSlot[Frame] = LatestSlot(wait=not camera.is_live)
        self._detected: LatestSlot[_Detected] = LatestSlot(wait=not camera.is_live)
        self._results: LatestSlot[Result] = LatestSlot(wait=not camera.is_live)

    def run(
        self,
        waiter: SignalWaiter,
        *,
        frames: int | None = None,
        duration_s: float | None = None,
        on_reload: Callable[[], None] = lambda: None,
    ) -> None:
        """Run to the camera's end, for `frames` captured frames, `duration_s`, or until `waiter` is asked to stop.

        `on_reload` is called in this thread when `waiter` is asked to reload; it may change `log_every_s`.
        Everything is closed in the end.  Raises the first error of any stage, camera or sink, unchanged.
        """
        with ExitStack() as opened:
            # The camera first: where there is none, no sink has replaced a file of the last run.
            opened.enter_context(self._camera)
            for sink in self._sinks:
                opened.enter_context(sink)
            workers = WorkerGroup(on_end=waiter.wake)
            try:
                workers.start("capture", lambda: self._capture(frames))
                workers.start("detect", self._detect)
                workers.start("infer", self._infer)
                workers.start("deliver", self._deliver)
                self._watch(workers, waiter, duration_s, on_reload)
            finally:
                self._frames.close()
                workers.join(STOP_WITHIN_S)
            stats = self._telemetry.read_stats()
        log.info("%s", stats.to_log_line())

    def _watch(
        self,
        workers: WorkerGroup,
        waiter: SignalWaiter,
        duration_s: float | None,
        on_reload: Callable[[], None],
    ) -> None:
        """Log the stats now and then, and reload where that is asked for, until it is time to stop."""
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
            for frame in islice(self._camera_frames(), frames):
                self._telemetry.count_captured(frame)
                if not self._frames.publish(frame):
                    return
        except CameraError:
            # A camera that fails while the line is being stopped is no fault any more.
            if not self._frames.is_closed:
                raise
        finally:
            self._frames.close()

    def _camera_frames(self) -> Iterator[Frame]:
        """The camera's frames; only before the first is a time-out no fault, and a stop ends the wait for it."""
        opened_s = time.monotonic()
        delivered = iter(self._camera)
        while not self._frames.is_closed:
            try:
                first = next(delivered)
            except StopIteration:
                return
            except CameraTimeout:
                if time.monotonic() - opened_s > self._first_frame_within_s:
                    raise
            else:
                yield first
                yield from delivered
                return

    def _detect(self) -> None:
        try:
            for frame in self._frames.follow():
                if any(sink.needs_picture for sink in self._sinks):
                    frame.decode_colour_first()
                faces = () if frame.notice else self._face_finder.find(frame)
                if not self._detected.publish(_Detected(frame, faces, time.monotonic())):
                    return
        finally:
            self._frames.close()
            self._detected.close()

    def _infer(self) -> None:
        try:
            for detected in self._detected.follow():
                frame, faces = detected.frame, detected.faces
                readings = self._expression_reader.read(frame, faces)
                result = Result(frame, readings, detected.at_s, time.monotonic())
                self._telemetry.count_analysed(result)
                if not self._results.publish(result):
                    return
        finally:
            self._detected.close()
            self._results.close()

    def _deliver(self) -> None:
        try:
            for result in self._results.follow():
                self._telemetry.count_delivered(result)
                for sink in self._sinks:
                    sink.show(result)
        finally:
            self._results.close()

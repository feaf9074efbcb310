"""The process of a pass: takes a PassRequest as its argument, runs the pipeline, prints a PassResult.

    python -m benchmarks.passes.worker REQUEST

With a viewer it first prints the address of its stream, {"url": …}.
"""

import json
import signal
import sys
import time
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from benchmarks.clip import ClipCamera, open_clip
from benchmarks.passes.library_timing import CallTimer, measure_timer_s, time_libraries
from benchmarks.passes.protocol import PassRequest, PassResult
from benchmarks.process_usage import MB, ProcessUsage, read_rss_mb, read_usage
from edge.build import build, make_camera
from edge.command import command, make_parser
from edge.contracts import Camera, Result, Sink
from edge.drawing import overlay
from edge.errors import SinkError
from edge.telemetry import Telemetry
from edge.threads import SignalWaiter

VIEWER_WITHIN_S = 10.0


class TimingSink:
    """A Sink that draws every frame, unless a sink before it does, and records when that was done."""

    name = "timing"

    def __init__(self, timer: CallTimer, kept: int | None, *, is_drawn: bool = True) -> None:
        """`timer` is cleared at the first frame; only the newest `kept` results are kept, all for None.

        With `is_drawn` False it draws nothing and needs no pictures.
        """
        self._timer = timer
        self.needs_picture = is_drawn
        self._drawing_sink: Sink | None = None
        self._results: deque[tuple[int, float, float, int]] = deque(maxlen=kept)
        self._is_first = True
        self._cpu_start_s = self._cpu_end_s = 0.0
        self._rss_mb, self._usage = 0.0, ProcessUsage(0, 0, 0.0)

    def add_to(self, sinks: Sequence[Sink]) -> list[Sink]:
        """Return `sinks` without a progress bar, and this one after them; the first of them then draws."""
        others = [sink for sink in sinks if sink.name != "progress"]
        self._drawing_sink = others[0] if others else None
        return [*others, self]

    def __enter__(self) -> Self:
        if self._drawing_sink is not None:
            print(json.dumps({"url": _get_url(self._drawing_sink)}), flush=True)
            deadline_s = time.monotonic() + VIEWER_WITHIN_S
            while not self._drawing_sink.needs_picture:
                if time.monotonic() > deadline_s:
                    raise SinkError(
                        f"expected a viewer within {VIEWER_WITHIN_S:g} s, found none; run this again"
                    )
                time.sleep(0.001)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rss_mb = read_rss_mb()
        self._usage = read_usage()

    def show(self, result: Result) -> None:
        """Draw the result if no other sink has, and record the time."""
        if self._drawing_sink is None and self.needs_picture:
            latency_ms = (time.monotonic() - result.frame.captured_at_s) * 1000
            overlay.draw(result, corner=f"{latency_ms:.0f} ms")
        self._results.append(
            (result.frame.number, result.frame.captured_at_s, time.monotonic(), len(result.readings))
        )
        self._cpu_end_s = time.process_time()
        if self._is_first:
            self._is_first = False
            self._cpu_start_s = self._cpu_end_s
            self._timer.clear()

    def make_result(self, timer_s: float) -> PassResult:
        """Make the result of the pass; raises SinkError when no frame came."""
        if not self._results:
            raise SinkError("expected frames, found none; check the camera or the clip")
        numbers, captured_at_s, drawn_at_s, faces = (
            list(column) for column in zip(*self._results, strict=True)
        )
        return PassResult(
            numbers=numbers,
            captured_at_s=captured_at_s,
            drawn_at_s=drawn_at_s,
            faces=faces,
            cpu_s=self._cpu_end_s - self._cpu_start_s,
            rss_bytes=round(self._rss_mb * MB),
            threads=self._usage.threads,
            calls_s={name: times for name, times in self._timer.times_s.items() if times},
            timer_s=timer_s,
        )


def _get_url(sink: Sink) -> str:
    # Only the sink that serves the stream, which is the first one, has an address.
    return str(getattr(sink, "url", ""))


def run_pass(request: PassRequest) -> PassResult:
    """Run the pipeline as `request` asks, built as the app builds it."""
    config = request.config
    with ExitStack() as opened:
        timer = opened.enter_context(time_libraries()) if request.time_libraries else CallTimer()
        timing_sink = TimingSink(timer, request.kept, is_drawn=request.is_drawn)
        with SignalWaiter(signals=(signal.SIGTERM,)) as waiter:
            pipeline = build(
                config,
                camera=_open_camera(request, opened),
                telemetry=Telemetry(),
                has_stream=request.viewer,
                change_outputs=timing_sink.add_to,
                on_quit=waiter.stop,
            )
            pipeline.run(waiter, frames=request.frames, duration_s=config.duration_s)
    return timing_sink.make_result(measure_timer_s() if request.time_libraries else 0.0)


def _open_camera(request: PassRequest, opened: ExitStack) -> Camera:
    if request.clip is None:
        return make_camera(request.config, is_paced=False)
    assert request.frames is not None, "a clip has no end of its own"
    clip = opened.enter_context(open_clip(Path(request.clip)))
    return ClipCamera(clip, request.frames, live_fps=request.live_fps)


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the pass that the command line asks for."""
    parser = make_parser("python -m benchmarks.passes.worker", (__doc__ or "").partition("\n")[0])
    parser.add_argument("request", metavar="REQUEST", help="a PassRequest as JSON")
    request = msgspec.json.decode(parser.parse_args(arguments).request, type=PassRequest)
    print(msgspec.json.encode(run_pass(request)).decode())


if __name__ == "__main__":
    sys.exit(main())

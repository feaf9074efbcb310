"""One pass of the line, in a process of its own: reads what to do from its argument, writes what it saw to stdout.

python -m benchmarks.passes.worker ORDER
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

from benchmarks import clip
from benchmarks.clip import ClipCamera
from benchmarks.passes import library_timing
from edge.build import build, make_camera
from edge.command import command, make_parser
from edge.contracts import Camera, Result, Sink
from edge.drawing import overlay
from edge.errors import SinkError
from edge.settings.config import Config
from edge.telemetry import Telemetry
from edge.threads import SignalWaiter

VIEWER_WITHIN_S = 10.0


class PassRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a pass is to do."""

    config: Config
    clip: str | None
    """A file that `clip.store` wrote; None: the camera of `config`."""
    frames: int | None
    live_fps: float | None
    """The rate at which the clip is played; None: each frame comes when the last is taken."""
    viewer: bool
    """Show the frames over HTTP, and wait for a viewer first."""
    time_libraries: bool
    """Time every call into a library: it costs time by itself."""
    kept: int | None = None
    """So many of the newest results are told; None: all."""


class PassResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a pass was like, from its first drawn frame to its last; times on the clock of time.monotonic(), s."""

    numbers: list[int]
    captured_at_s: list[float]
    drawn_at_s: list[float]
    faces: list[int]
    cpu_s: float
    rss_bytes: int
    threads: int
    calls_s: dict[str, list[float]]
    """Of library functions, the CPU time of each call, where they were timed."""
    timer_s: float


class TimingSink:
    """A Sink that draws every frame, or follows one that does, and notes when."""

    name = "watching"
    needs_picture = True

    def __init__(self, calls: library_timing.Calls, kept: int | None) -> None:
        self._calls = calls
        self._shown_by: Sink | None = None
        self._results: deque[tuple[int, float, float, int]] = deque(maxlen=kept)
        self._is_first = True

    def add_to(self, sinks: Sequence[Sink]) -> list[Sink]:
        """`sinks` without a progress bar, and this one behind them; the first of them draws in its place."""
        others = [sink for sink in sinks if sink.name != "progress"]
        self._shown_by = others[0] if others else None
        return [*others, self]

    def __enter__(self) -> Self:
        if self._shown_by is not None:
            print(json.dumps({"url": getattr(self._shown_by, "url")}), flush=True)
            until_s = time.monotonic() + VIEWER_WITHIN_S
            while not self._shown_by.needs_picture:
                if time.monotonic() > until_s:
                    raise SinkError(
                        f"expected a viewer within {VIEWER_WITHIN_S:g} s, found none; run this again"
                    )
                time.sleep(0.001)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        status = Path("/proc/self/status").read_text()
        fields = dict(row.split(":\t", 1) for row in status.splitlines() if ":\t" in row)
        self.rss_bytes, self.threads = int(fields["VmRSS"].split()[0]) * 1024, int(fields["Threads"])

    def show(self, result: Result) -> None:
        """Draw the result where nobody has yet."""
        if self._shown_by is None:
            latency_ms = (time.monotonic() - result.frame.captured_at_s) * 1000
            overlay.draw(result, corner=f"{latency_ms:.0f} ms")
        self._results.append(
            (result.frame.number, result.frame.captured_at_s, time.monotonic(), len(result.readings))
        )
        self._cpu_end_s = time.process_time()
        if self._is_first:
            self._is_first = False
            self._cpu_start_s = self._cpu_end_s
            self._calls.clear()

    def passed(self, timer_s: float) -> PassResult:
        """The pass as it was seen; SinkError when no frame came."""
        if not self._results:
            raise SinkError("expected frames, found none; look at the camera or the clip")
        numbers, captured_at_s, drawn_at_s, faces = (
            list(column) for column in zip(*self._results, strict=True)
        )
        return PassResult(
            numbers=numbers,
            captured_at_s=captured_at_s,
            drawn_at_s=drawn_at_s,
            faces=faces,
            cpu_s=self._cpu_end_s - self._cpu_start_s,
            rss_bytes=self.rss_bytes,
            threads=self.threads,
            calls_s={name: times for name, times in self._calls.times_s.items() if times},
            timer_s=timer_s,
        )


def run(order: PassRequest) -> PassResult:
    """The pass, by the parts that the app itself is made of."""
    config = order.config
    with ExitStack() as opened:
        calls = (
            opened.enter_context(library_timing.timed_libraries())
            if order.time_libraries
            else library_timing.Calls()
        )
        watching = TimingSink(calls, order.kept)
        with SignalWaiter(signals=(signal.SIGTERM,)) as waiter:
            pipeline = build(
                config,
                camera=_camera(order, opened),
                telemetry=Telemetry(),
                streams=order.viewer,
                change_sinks=watching.add_to,
                on_quit=waiter.stop,
            )
            pipeline.run(waiter, frames=order.frames, duration_s=config.duration_s)
    return watching.passed(library_timing.timer_s() if order.time_libraries else 0.0)


def _camera(order: PassRequest, opened: ExitStack) -> Camera:
    if order.clip is None:
        return make_camera(order.config, paced=False)
    assert order.frames is not None, "a clip has no end of its own"
    return ClipCamera(
        opened.enter_context(clip.stored(Path(order.clip))), order.frames, live_fps=order.live_fps
    )


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The pass."""
    parser = make_parser("python -m benchmarks.passes.worker", (__doc__ or "").partition("\n")[0])
    parser.add_argument("order", metavar="ORDER", help="a PassRequest as JSON")
    request = msgspec.json.decode(parser.parse_args(arguments).order, type=PassRequest)
    print(msgspec.json.encode(run(request)).decode())


if __name__ == "__main__":
    sys.exit(main())

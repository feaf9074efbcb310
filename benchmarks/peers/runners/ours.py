"""Our pipeline, built as the app builds it, over the same frames, with a sink that draws each of them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.peers.runners import shared_loop
from edge.build import build
from edge.cameras.media_clock import DEFAULT_FPS
from edge.cameras.video import VideoCamera
from edge.contracts import Result
from edge.drawing import overlay
from edge.frames import Frame
from edge.settings.config import Config
from edge.telemetry import Telemetry
from edge.threads import SignalWaiter


class RepeatingCamera:
    """A Camera that delivers `frames` frames of a file, which starts again at its end.

    The media time goes on.
    """

    is_live = False

    def __init__(self, path: Path, frames: int) -> None:
        self.name = str(path)
        self.frame_count: int | None = frames
        self._frames = _repeat(self.name, frames)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def __iter__(self) -> Iterator[Frame]:
        return self._frames

    def __next__(self) -> Frame:
        return next(self._frames)


def _repeat(path: str, frames: int) -> Iterator[Frame]:
    count, start_s = 0, 0.0
    while count < frames:
        before, elapsed_s = count, 0.0
        with VideoCamera(path) as camera:
            for frame in camera:
                elapsed_s = start_s + frame.elapsed_s
                yield replace(frame, number=count, elapsed_s=elapsed_s)
                count += 1
                if count == frames:
                    return
        if count == before:
            return
        start_s = elapsed_s + 1 / DEFAULT_FPS


class DrawingSink:
    """A Sink that draws every result, and keeps none."""

    name = "drawing"
    needs_picture = True

    def __init__(self, stopwatch: shared_loop.Stopwatch) -> None:
        self._stopwatch = stopwatch

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def show(self, result: Result) -> None:
        """Draw the result as viewers of the stream see it."""
        overlay.draw(result, corner="ours")
        self._stopwatch.record_frame(len(result.readings))


def main() -> None:
    """Run it over the clip with one detector or the other."""
    options = shared_loop.make_parser()
    options.add_argument("--detector", choices=("haar", "yunet"), required=True)
    options.add_argument("--yunet")
    chosen = options.parse_args()
    config = Config(camera=str(chosen.clip), detector=chosen.detector, yunet=chosen.yunet)
    stopwatch = shared_loop.Stopwatch(chosen.started)
    pipeline = build(
        config,
        camera=RepeatingCamera(chosen.clip, chosen.frames),
        telemetry=Telemetry(),
        change_outputs=lambda _: [DrawingSink(stopwatch)],
    )
    with SignalWaiter() as waiter:
        pipeline.run(waiter)
    shared_loop.print_stats(stopwatch)


if __name__ == "__main__":
    main()

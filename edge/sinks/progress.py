"""Shows a progress bar for the frames of a file."""

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from edge.contracts import Camera, Result


class ProgressSink:
    """A Sink that counts the frames on stderr."""

    name = "progress"
    needs_picture = False

    def __init__(self, camera: Camera, *, frames: int | None = None) -> None:
        """The bar ends at the camera's frame count, or at `frames` if that is less.

        The sink is entered after `camera`, whose frame count is then known.
        """
        self._camera, self._frames = camera, frames
        self._bar: tqdm | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        limits = [count for count in (self._frames, self._camera.frame_count) if count is not None]
        self._bar = tqdm(total=min(limits, default=None), unit="frame", desc=self._camera.name)
        self._open.callback(self._bar.close)
        # Log lines go above the bar, not into it.
        self._open.enter_context(logging_redirect_tqdm())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def show(self, result: Result) -> None:
        """Count one more frame."""
        if self._bar is not None:
            self._bar.update()

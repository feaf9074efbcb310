"""A progress bar over the frames of a file."""

from types import TracebackType
from typing import Self

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from edge.contracts import Camera, Result


class ProgressSink:
    """A Sink that counts frames on stderr; it takes no pictures."""

    name = "progress"
    needs_picture = False

    def __init__(self, camera: Camera, *, frames: int | None = None) -> None:
        """The bar ends at the camera's length, or after `frames` where that is less; `camera` is open before it."""
        self._camera, self._frames = camera, frames

    def __enter__(self) -> Self:
        limits = [count for count in (self._frames, self._camera.frame_count) if count is not None]
        self._bar = tqdm(total=min(limits, default=None), unit="frame", desc=self._camera.name)
        # Log lines go above the bar, not into it.
        self._redirection = logging_redirect_tqdm()
        self._redirection.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._redirection.__exit__(kind, error, trace)
        self._bar.close()

    def show(self, result: Result) -> None:
        """One frame more."""
        self._bar.update()

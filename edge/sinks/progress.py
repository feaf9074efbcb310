"""A progress bar over the frames of a file."""

from types import TracebackType
from typing import Self

from tqdm import tqdm

from edge.contracts import Camera, Result


class ProgressSink:
    """A Sink that counts frames on stderr; it takes no pictures."""

    name = "progress"
    wanted = False

    def __init__(self, camera: Camera, *, frames: int | None = None) -> None:
        """The end of the bar is `frames`, or else the camera's length once that is known."""
        self._camera, self._frames = camera, frames

    def __enter__(self) -> Self:
        self._bar = tqdm(total=self._frames, unit="frame", desc=self._camera.name)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._bar.close()

    def show(self, result: Result) -> None:
        """One frame more."""
        if self._bar.total is None:
            self._bar.total = self._camera.length
        self._bar.update()

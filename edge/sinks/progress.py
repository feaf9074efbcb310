"""Shows how much of a file is done."""

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from edge.contracts import Camera, Recording, Result

# In place of tqdm's own, which shows all the digits of a number of seconds.
_SECONDS = "{desc}: {percentage:3.0f}%|{bar}| {n:.1f}/{total:.1f} s [{elapsed}<{remaining}]"


class ProgressSink:
    """A Sink with a bar on stderr that follows the time in the file, or counts frames if that is unknown."""

    name = "progress"
    needs_picture = False

    def __init__(self, camera: Camera, *, frames: int | None = None) -> None:
        """The bar ends with the file, or after `frames` if they are fewer.

        The sink is entered after `camera`, whose length is then known.
        """
        self._camera, self._frames = camera, frames
        self._bar: tqdm | None = None
        self._duration_s: float | None = None
        self._shown, self._last_s = 0, 0.0
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._shown, self._last_s = 0, 0.0
        count = self._camera.frame_count
        is_whole = self._frames is None or (count is not None and count <= self._frames)
        self._duration_s = get_duration_s(self._camera) if is_whole else None
        if self._duration_s:
            self._bar = tqdm(total=self._duration_s, bar_format=_SECONDS, desc=self._camera.name)
        else:
            limits = [limit for limit in (self._frames, count) if limit is not None]
            self._bar = tqdm(total=min(limits, default=None), unit="frame", desc=self._camera.name)
        self._open.callback(self._bar.close)
        # Log lines go above the bar, not into it.
        self._open.enter_context(logging_redirect_tqdm())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None and self._bar.total and self._has_ended():
            # The last frame is shown for a while, and a file may state another length than it has.
            self._bar.update(self._bar.total - self._bar.n)
        self._open.close()

    def show(self, result: Result) -> None:
        """Move the bar to this frame."""
        self._shown, self._last_s = self._shown + 1, result.frame.elapsed_s
        if self._bar is None:
            return
        if self._duration_s is None:
            self._bar.update()
        else:
            self._bar.update(min(self._last_s, self._duration_s) - self._bar.n)

    def _has_ended(self) -> bool:
        """Whether the last frame shown was the file's last."""
        duration_s = get_duration_s(self._camera)
        return duration_s is not None and self._shown == self._camera.frame_count


def get_duration_s(camera: Camera) -> float | None:
    """How long the file lasts that `camera` reads, if it reads one and that is known."""
    return camera.duration_s if isinstance(camera, Recording) else None

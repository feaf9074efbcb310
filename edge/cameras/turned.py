"""A camera whose pictures are turned, mirrored or flipped."""

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from edge.contracts import Camera
from edge.frames import Frame
from edge.orientation import Orientation


class TurnedCamera:
    """A Camera around another one: it sets the orientation of frames, whose decoding turns the picture."""

    def __init__(self, camera: Camera, orientation: Orientation) -> None:
        self._camera, self._orientation = camera, orientation
        self.name, self.is_live = camera.name, camera.is_live
        self.frame_count = camera.frame_count

    def __enter__(self) -> Self:
        self._camera.__enter__()
        self.name, self.frame_count = self._camera.name, self._camera.frame_count
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._camera.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        return next(self._camera).turn(self._orientation)

"""A camera whose pictures are turned, mirrored or flipped."""

from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType
from typing import Self

from edge.contracts import Camera
from edge.frames import Frame
from edge.orientation import Orientation


class TurnedCamera:
    """A Camera around another one: it sets the orientation of frames, whose decoding turns the picture."""

    def __init__(self, camera: Camera, orientation: Orientation) -> None:
        """`orientation` is an attribute that any thread may replace: the next frame has the new one."""
        self._camera, self.orientation = camera, orientation
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
        return turn(next(self._camera), self.orientation)


def turn(frame: Frame, orientation: Orientation) -> Frame:
    """The frame, turned further by `orientation`; what was decoded from it already is not kept."""
    width, height = frame.width, frame.height
    if orientation.swaps_sides:
        width, height = height, width
    return replace(frame, width=width, height=height, orientation=frame.orientation.then(orientation))

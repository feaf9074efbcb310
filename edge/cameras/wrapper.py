"""What cameras have in common that change the frames of another one."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from edge.contracts import Camera, Recording
from edge.frames import Frame


class CameraWrapper(ABC):
    """A Camera around another one, which it describes itself as; a subclass changes its frames."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._copy_description()

    def _copy_description(self) -> None:
        """Take over what the other camera says of itself, which it may say only once it is open or ended."""
        self.name, self.is_live = self._camera.name, self._camera.is_live
        self.frame_count = self._camera.frame_count
        self.duration_s = self._camera.duration_s if isinstance(self._camera, Recording) else None

    def __enter__(self) -> Self:
        self._camera.__enter__()
        self._copy_description()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._camera.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        try:
            frame = next(self._camera)
        except StopIteration:
            self._copy_description()
            raise
        return self._change(frame)

    @abstractmethod
    def _change(self, frame: Frame) -> Frame:
        """The frame to deliver in place of `frame`."""

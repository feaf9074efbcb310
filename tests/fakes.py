"""Parts of a pipeline that a test can make raise, block and count."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

import numpy as np

from edge.contracts import Box, Expression, Face, FaceDetector, Reading, RegionGrid, Result, Search
from edge.frames import Frame, Image, PixelFormat

LABELS = ("happy", "sad")


class Part:
    """A context manager that knows whether it is open.

    Its one method counts its calls and may raise or block.
    """

    name = "fake"

    def __init__(self) -> None:
        self.is_open = self.was_opened = False
        self.error: Exception | None = None
        self.gate: threading.Event | None = None
        self.calls = 0

    def __enter__(self) -> Self:
        self.is_open = self.was_opened = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.is_open = False

    def work(self) -> None:
        self.calls += 1
        if self.error is not None:
            raise self.error
        if self.gate is not None:
            assert self.gate.wait(30)


class FakeCamera(Part):
    """Gives `length` frames, or frames for ever where that is None."""

    def __init__(self, length: int | None, *, is_live: bool) -> None:
        super().__init__()
        self.frame_count, self.is_live = length, is_live
        self.delivered = 0
        self.notice: str | None = None

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        self.work()
        if self.delivered == self.frame_count:
            raise StopIteration
        number = self.delivered
        self.delivered += 1
        return Frame(
            np.zeros((48, 48), np.uint8), PixelFormat.GREY, 48, 48, number, 0.0, number / 30, self.notice
        )


class FakeDetector(Part):
    region_grid = RegionGrid(face_px=64, picture_px=128, wide_picture_px=160, cell_px=32)

    def plan_searches(self, width: int, height: int, min_face_px: int) -> Sequence[Search]:
        return ()

    def detect(self, frame: Frame, search: Search) -> list[Face]:
        self.work()
        return [Face(Box(0, 0, 48, 48), 1.0)]


class FakeTracker(Part):
    def track(self, frame: Frame, detector: FaceDetector) -> tuple[Face, ...]:
        self.work()
        faces = detector.detect(frame, Search(Box(0, 0, frame.width, frame.height), 10, frame.height))
        return tuple(replace(face, track_id=number) for number, face in enumerate(faces))


class FakeClassifier(Part):
    labels: tuple[str, ...] = LABELS

    def crop(self, frame: Frame, face: Face) -> Image:
        return frame.grey

    def classify(self, crops: Sequence[Image]) -> list[Expression]:
        self.work()
        return [Expression(np.array([0.9, 0.1], np.float32), LABELS) for _ in crops]


class FakeSmoother(Part):
    def smooth(
        self, faces: Sequence[Face], crops: Sequence[Image], expressions: Sequence[Expression], frame: Frame
    ) -> tuple[Reading, ...]:
        self.work()
        return tuple(Reading(face, raw, raw) for face, raw in zip(faces, expressions, strict=True))


class FakeSink(Part):
    needs_picture = False

    def __init__(self, taken: int = 0) -> None:
        """`taken_enough` is set at the `taken`th result."""
        super().__init__()
        self.results: list[Result] = []
        self.taken = taken
        self.taken_enough = threading.Event()

    def show(self, result: Result) -> None:
        self.work()
        self.results.append(result)
        if len(self.results) == self.taken:
            self.taken_enough.set()

"""What flows through fer-edge, and the protocols of the parts that can be swapped.  Read this first.

Frames flow from a Camera through a FaceDetector and a Classifier to the Sinks.  Whoever
writes a new one of these needs this file and nothing else of the package but `errors`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from edge.frames import Frame, Image

UNCERTAIN = "uncertain"
# By how much the likeliest class must be ahead of the next before it is named.
LEAST_LEAD = 0.1


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in integer pixels of the frame."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column to the right of the box."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """The first row below the box."""
        return self.top + self.height

    @property
    def area(self) -> int:
        """Pixels in the box."""
        return self.width * self.height

    def clip_to(self, frame: Frame) -> "Box":
        """The part that lies within the frame; of area 0 when none does."""
        left, top = max(0, min(self.left, frame.width)), max(0, min(self.top, frame.height))
        right, bottom = max(left, min(self.right, frame.width)), max(top, min(self.bottom, frame.height))
        return Box(left, top, right - left, bottom - top)

    def iou(self, other: "Box") -> float:
        """Intersection over union, 0 to 1."""
        shared = self.intersection_area(other)
        return shared / (self.area + other.area - shared) if shared else 0.0

    def intersection_area(self, other: "Box") -> int:
        """How many pixels the two have in common."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0, width) * max(0, height)


@dataclass(frozen=True, slots=True)
class Search:
    """Where a detector looks, and for faces of which height.

    `is_tracking`: a face of about the middle size was here a moment ago, so that a weaker sign of it is enough.
    """

    region: Box
    min_face_px: int
    max_face_px: int
    is_tracking: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face in one frame.

    `track_id` says that it is the same face as in the last frame, never who it is; None until
    a tracker has given it.  `landmarks` are (5, 2) float32 pixels of the frame (right eye, left
    eye, nose, right and left corner of the mouth, as the person has them) where the detector
    finds them.
    """

    box: Box
    score: float
    track_id: int | None = None
    landmarks: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """Probabilities, float32 (classes,) with sum 1, and the labels in the same order.

    `kept_label` is the label that a smoother lets stand although the probabilities alone might say another.
    """

    probabilities: NDArray[np.float32]
    labels: tuple[str, ...]
    kept_label: str | None = None

    @property
    def top_label(self) -> str:
        """The likeliest class, however slightly it is ahead."""
        return self.labels[int(self.probabilities.argmax())]

    @property
    def confidence(self) -> float:
        """The probability of the label; of the likeliest class where that is uncertain."""
        label = self.label
        return float(
            self.probabilities[self.labels.index(label)] if label in self.labels else self.probabilities.max()
        )

    def to_dict(self) -> dict[str, float]:
        """Each label's probability, rounded for people and files to four decimals."""
        return {
            label: round(float(probability), 4)
            for label, probability in zip(self.labels, self.probabilities, strict=True)
        }

    @property
    def label(self) -> str:
        """The label held; else the likeliest class, or "uncertain" when it leads the next by less than LEAST_LEAD."""
        if self.kept_label is not None:
            return self.kept_label
        second, first = np.sort(self.probabilities)[-2:]
        return self.top_label if first - second >= LEAST_LEAD else UNCERTAIN


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A face with what its expression looks like: in this frame alone, and over the last few."""

    face: Face
    raw: Expression
    smoothed: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A frame, its readings, and when each stage was done with it (time.monotonic(), s)."""

    frame: Frame
    readings: tuple[Reading, ...]
    detected_at_s: float
    inferred_at_s: float


class Camera(Protocol):
    """A source of frames: a context manager that is an iterator.

    Entering opens the device and raises CameraNotFound, CameraBusy or CameraError; leaving
    releases it, also after a fault.  One thread iterates.  `__next__` blocks no longer than
    the camera's time-out and then raises CameraTimeout; any other fault raises CameraError; the
    end of a file is the end of the iteration.
    """

    name: str
    """What the log calls it."""
    is_live: bool
    """Frames are lost when nobody takes them; a file waits."""
    frame_count: int | None
    """How many frames there will be, where that is known once the camera is open."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def __iter__(self) -> Iterator[Frame]: ...

    def __next__(self) -> Frame: ...


class FaceDetector(Protocol):
    """Finds faces.  One thread calls it."""

    name: str
    """The key of this detector's framing in the model's metadata."""

    def plan_searches(self, width: int, height: int, min_face_px: int, /) -> Sequence[Search]:
        """Searches that together find the faces from `min_face_px` in a frame of that size, px, none of them long."""
        ...

    def detect(self, frame: Frame, search: Search, /) -> list[Face]:
        """The faces of `search.min_face_px` to `max_face_px` in `search.region`, best first.

        Boxes and landmarks are in pixels of the whole frame, boxes clipped to it.
        """
        ...


class Tracker(Protocol):
    """Knows where to look next and which face is which.  The detecting thread calls it."""

    def track(self, frame: Frame, detector: FaceDetector, /) -> tuple[Face, ...]:
        """The faces of `frame` that `detector` finds where it is sent to look, each with its track_id."""
        ...


class FaceFinder(Protocol):
    """Finds the faces of each frame and follows them.  The detecting thread calls it."""

    def find(self, frame: Frame, /) -> tuple[Face, ...]:
        """The faces of `frame`, each with its track_id."""
        ...


class Smoother(Protocol):
    """Steadies the expressions of each track.  The inferring thread calls it, once per frame."""

    def smooth(
        self,
        faces: Sequence[Face],
        crops: Sequence[Image],
        expressions: Sequence[Expression],
        frame: Frame,
        /,
    ) -> tuple[Reading, ...]:
        """A reading for each face of `frame`, in the order given; `crops` are what the expressions were read from.

        Tracks not seen for a while are forgotten.
        """
        ...


class Classifier(Protocol):
    """Tells expressions from faces.  One thread calls it."""

    labels: tuple[str, ...]

    def crop(self, frame: Frame, face: Face, /) -> Image:
        """The part of `frame` around `face` that the model reads, grey uint8, framed and sized for it."""
        ...

    def classify(self, crops: Sequence[Image], /) -> list[Expression]:
        """An expression for each crop, from one run of the model; [] for []."""
        ...


class ExpressionReader(Protocol):
    """Reads the expression of each face.  The inferring thread calls it, once per frame."""

    def read(self, frame: Frame, faces: Sequence[Face], /) -> tuple[Reading, ...]:
        """A reading for each of the `faces` of `frame`, in the order given."""
        ...


class Sink(Protocol):
    """A place where results go: a context manager whose `show` one thread calls.

    Entering claims the output and raises SinkError when it cannot be had.  A viewer that goes
    away is no error; an output that is lost raises SinkError from `show` or on leaving.  It is left then and
    may be entered again: who puts the sink to use decides whether the program ends or goes on without it.
    """

    name: str

    @property
    def needs_picture(self) -> bool:
        """Somebody looks at drawn pictures right now, so that the frame's `bgr` will be asked for; any thread asks."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def show(self, result: Result, /) -> None:
        """Take a result.  Draws and encodes nothing that nobody wants; never waits for a viewer."""
        ...

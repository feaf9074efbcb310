"""The values that flow through fer-edge, and the protocols of its exchangeable parts.  Read this first.

A Camera delivers Frames.  A FaceFinder finds the faces of each frame: a Tracker chooses where a FaceDetector
looks.  An ExpressionReader reads the expression of each face: a Classifier reads it from the one frame, a
Smoother steadies it over time.  A frame with its readings is a Result.  Every Sink is shown the Results in
their order; of a live camera, some are dropped before they reach the sinks.

An implementation of a protocol does not inherit from it: it has these members, as `typing.Protocol` says.
To write one, read this file, edge/frames.py for Frame, and edge/errors.py for the exceptions to raise.
Names that end in _s are in seconds, those that end in _px in pixels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from edge.frames import Frame, Image

# The label of an expression in which no class is clearly ahead.
UNCERTAIN = "uncertain"
# The likeliest class is named only where its probability exceeds that of the next class by this.
MIN_LEAD = 0.1


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
        """The number of pixels in the box."""
        return self.width * self.height

    def clip_to(self, frame: Frame) -> "Box":
        """The part of the box that lies within the frame; its area is 0 where they do not overlap."""
        left, top = max(0, min(self.left, frame.width)), max(0, min(self.top, frame.height))
        right, bottom = max(left, min(self.right, frame.width)), max(top, min(self.bottom, frame.height))
        return Box(left, top, right - left, bottom - top)

    def iou(self, other: "Box") -> float:
        """Intersection over union, 0 to 1."""
        shared = self.intersection_area(other)
        return shared / (self.area + other.area - shared) if shared else 0.0

    def intersection_area(self, other: "Box") -> int:
        """The number of pixels that lie in both boxes."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0, width) * max(0, height)


@dataclass(frozen=True, slots=True)
class Search:
    """One task for a detector: look in `region` for faces from `min_face_px` to `max_face_px` high.

    With `is_tracking`, a face was in the region a moment ago, and its height was near the middle of that
    range: the detector may then accept a face with a lower score.
    `scale` is the factor by which the detector resizes the region, both its sides; None lets it choose.
    """

    region: Box
    min_face_px: int
    max_face_px: int
    is_tracking: bool = False
    scale: float | None = None


@dataclass(frozen=True, slots=True)
class RegionGrid:
    """The pictures in which a detector finds a tracked face most steadily.

    The face is about `face_px` high in a square picture of `picture_px`, or of `wide_picture_px` after it was
    missed.  If the picture is shifted by `cell_px`, the detector's boxes shift with it and stay the same
    otherwise.
    """

    face_px: int
    picture_px: int
    wide_picture_px: int
    cell_px: int


@dataclass(frozen=True, slots=True)
class Square:
    """A square whose centre and side are given to fractions of a pixel of the frame."""

    centre_x_px: float
    centre_y_px: float
    side_px: float


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face in one frame, as a detector found it.

    `score` rises with the detector's certainty; scores of different detectors cannot be compared.
    `track_id` is the same number for the same face from frame to frame, and says nothing about who it is.  A
    detector leaves it None; the tracker sets it.
    `landmarks` are (5, 2) float32, x and y in pixels of the frame, or None where the detector finds none:
    right eye, left eye, nose, right and left corner of the mouth, where right and left are the person's own,
    or, in a mirrored picture, those of the mirror image.
    `square` has the centre of the box and the mean of its sides, to a fraction of a pixel and steadied over
    time; a detector leaves it None; the tracker may set it.
    """

    box: Box
    score: float
    track_id: int | None = None
    landmarks: NDArray[np.float32] | None = None
    square: Square | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """The probability of each class, float32 (classes,) with sum 1, and the labels in the same order.

    A smoother sets `kept_label` to the label that it goes on showing, so that the label does not flicker
    between two classes that are about as likely; None means that the probabilities alone decide.
    """

    probabilities: NDArray[np.float32]
    labels: tuple[str, ...]
    kept_label: str | None = None

    @property
    def top_label(self) -> str:
        """The label of the likeliest class, however little it is ahead."""
        return self.labels[int(self.probabilities.argmax())]

    @property
    def label(self) -> str:
        """The label to show: `kept_label`; else the likeliest class, or "uncertain" if it leads by little."""
        if self.kept_label is not None:
            return self.kept_label
        second, first = np.sort(self.probabilities)[-2:]
        return self.top_label if first - second >= MIN_LEAD else UNCERTAIN

    @property
    def confidence(self) -> float:
        """The probability of `label`, 0 to 1; that of the likeliest class where the label is "uncertain"."""
        label = self.label
        return float(
            self.probabilities[self.labels.index(label)] if label in self.labels else self.probabilities.max()
        )

    def to_dict(self) -> dict[str, float]:
        """The probability of each label, rounded to four decimals for people and files."""
        return {
            label: round(float(probability), 4)
            for label, probability in zip(self.labels, self.probabilities, strict=True)
        }


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A face and its expression: `raw` as read from one frame alone, `smoothed` over the last frames.

    `raw` is of this frame, or of one a moment ago where many faces take turns.
    """

    face: Face
    raw: Expression
    smoothed: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A frame, a reading for each of its faces, and when each stage was done (time.monotonic(), s)."""

    frame: Frame
    readings: tuple[Reading, ...]
    detected_at_s: float
    inferred_at_s: float


class Camera(Protocol):
    """A source of frames: a context manager that is an iterator.

    Entering opens the device, and raises CameraNotFound, CameraBusy or CameraError if it cannot be opened;
    leaving releases the device, also after a fault.  A camera that was left can be entered again.  Iterating
    over a camera that is not open raises RuntimeError.

    One thread iterates.  `__next__` blocks until there is a frame, but no longer than the camera's time-out
    of about a second: then it raises CameraTimeout, and may be called again.  Every other fault raises
    CameraError.  The end of a file ends the iteration.
    """

    name: str
    """What the log calls the camera; it holds no password."""
    is_live: bool
    """Whether frames are dropped when the program is too slow, as with a device; if not, the camera waits."""
    frame_count: int | None
    """How many frames there will be; None while the camera is closed, and where that is unknown."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def __iter__(self) -> Iterator[Frame]:
        """The camera itself."""
        ...

    def __next__(self) -> Frame:
        """The next frame; numbers and times never go back from one frame to the next."""
        ...


@runtime_checkable
class Recording(Protocol):
    """What a Camera that reads a file has besides."""

    duration_s: float | None
    """How long the open file lasts; after its last frame, that frame's time.  None where it is unknown."""


class FaceDetector(Protocol):
    """Finds faces in a frame.  One thread calls it."""

    name: str
    """The key of this detector's crop framing in the model file's metadata, such as "haar"."""
    region_grid: RegionGrid
    """The pictures in which it finds a tracked face most steadily."""

    def plan_searches(self, width: int, height: int, min_face_px: int, /) -> Sequence[Search]:
        """Divide the search of a whole frame into short searches.

        Together they find every face from `min_face_px` up in a frame of `width` × `height` px.  The tracker
        spreads them over several frames, so that no frame takes long.
        """
        ...

    def detect(self, frame: Frame, search: Search, /) -> list[Face]:
        """The faces that `search` asks for, those with the highest scores first.

        Boxes and landmarks are in pixels of the whole frame; boxes are clipped to it.  A detector reads the
        frame's `grey`, `half_grey` or `bgr`, whichever it needs: each is decoded when it is first read.
        """
        ...


class Tracker(Protocol):
    """Decides where to search each frame, and which face is which.  The detecting thread calls it."""

    def track(self, frame: Frame, detector: FaceDetector, /) -> tuple[Face, ...]:
        """The faces of `frame`, each with its track_id.

        The tracker chooses the searches and calls `detector` with each.
        """
        ...


class FaceFinder(Protocol):
    """Finds the faces of each frame and follows them: a tracker with its detector.

    The detecting thread calls it.
    """

    def find(self, frame: Frame, /) -> tuple[Face, ...]:
        """The faces of `frame`, each with its track_id."""
        ...


class Classifier(Protocol):
    """Reads expressions from crops of faces.  The inferring thread calls it."""

    labels: tuple[str, ...]
    """The classes, in the order of the probabilities."""

    def crop(self, frame: Frame, face: Face, /) -> Image:
        """The part of `frame` around `face` as the model expects it: grey uint8 (H, W) in its size."""
        ...

    def classify(self, crops: Sequence[Image], /) -> list[Expression]:
        """An expression for each crop, from a single run of the model; [] for []."""
        ...


class Smoother(Protocol):
    """Steadies the expressions of each track over time.  The inferring thread calls it once per frame."""

    def smooth(
        self,
        faces: Sequence[Face],
        crops: Sequence[Image],
        expressions: Sequence[Expression],
        frame: Frame,
        /,
    ) -> tuple[Reading, ...]:
        """A reading for each of the frame's faces, in their order.

        `crops` and `expressions` belong to the faces, one each.  Time is `frame.elapsed_s`.  A track that has
        not been seen for a while is forgotten.
        """
        ...


class ExpressionReader(Protocol):
    """Reads the expression of each face: a classifier with its smoother.

    The inferring thread calls it, once per frame.
    """

    def read(self, frame: Frame, faces: Sequence[Face], /) -> tuple[Reading, ...]:
        """A reading for each of the `faces` of `frame`, in the order given."""
        ...


class Sink(Protocol):
    """An output for results: a context manager whose `show` one thread calls.

    Entering opens the output, and raises SinkError if the output cannot be opened.  A viewer who goes away is
    no error.  When the output is lost, `show` or leaving raises SinkError; the caller then leaves the sink,
    and either ends the program or enters the sink again later.
    """

    name: str
    """What the log calls the output."""

    @property
    def needs_picture(self) -> bool:
        """Whether `show` will read the frame's `bgr`, because somebody watches or pictures are recorded.

        The detecting thread asks before it reads `grey`: a JPEG is then decoded once, in colour.  Any thread
        may ask.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def show(self, result: Result, /) -> None:
        """Take one result.

        It must not wait for a viewer, and it draws and encodes only what a viewer or a file needs.
        """
        ...


class Screen(Protocol):
    """Shows pictures of one size on a display of this device.  One thread at a time uses it.

    The constructor of an implementation takes that size and raises SinkError where there is no display.
    """

    mode: str
    """The resolution or the kind of the screen, for the log."""

    def show(self, bgr: Image, /) -> None:
        """Show the picture, (H, W, 3) uint8; raises SinkError when the display is gone."""
        ...

    def toggle_full_screen(self) -> None:
        """Switch between a window and the full screen; a console always has the full screen."""
        ...

    def close(self) -> None:
        """Release the display, which then shows what it showed before."""
        ...


class Keyboard(Protocol):
    """Reads the keys that somebody presses in front of a screen.  One thread at a time uses it."""

    def read_keys(self) -> Sequence[str]:
        """The keys pressed since the last call: lower-case letters, and "esc"."""
        ...

    def close(self) -> None:
        """Release the keyboard and restore its settings."""
        ...

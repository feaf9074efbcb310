"""How well the pipeline's faces agree with those of a full search: shares of frames, delays, ids."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from edge.contracts import Box

# Two boxes with at least this IoU are of the same face.
AGREES_IOU = 0.5
# The boxes of one face in two consecutive frames have a larger IoU than this.
FOLLOWS_IOU = 0.3
# A face that the full search loses for less than this was there all along.
MAX_GAP_S = 0.5
# What the full search finds for a shorter time, or in a smaller share of the frames, may be no face at all.
MIN_VISIT_S, MIN_VISIT_SHARE = 0.3, 0.5
# A face is new for this long: the delay until the pipeline finds it counts then, instead of the agreement.
NEW_FACE_S = 0.3


@dataclass(frozen=True, slots=True)
class TrackedFace:
    """A face in the pipeline's result: its box, its track, its label in this frame alone and smoothed."""

    box: Box
    track_id: int
    raw: str
    smoothed: str


@dataclass(frozen=True, slots=True)
class ComparedFrame:
    """One frame: its media time, the pipeline's faces, and the boxes that a full search finds."""

    at_s: float
    tracked: Sequence[TrackedFace]
    full: Sequence[Box]
    is_cut: bool = False
    """Whether a face was cut out of the picture just before this frame."""


@dataclass(frozen=True, slots=True)
class FaceVisit:
    """A face that the full search finds over some time: its box by the index of the frame."""

    boxes: dict[int, Box]

    @property
    def first(self) -> int:
        """The index of the frame in which the face was found first."""
        return min(self.boxes)

    @property
    def last(self) -> int:
        """The index of the frame in which the face was found last."""
        return max(self.boxes)


def count_agreeing(frames: Iterable[ComparedFrame]) -> tuple[int, int]:
    """Count the frames in which the full search finds a face.

    Returns in how many of them the pipeline has all these faces, and how many they are.
    """
    with_faces = [frame for frame in frames if frame.full]
    return sum(_has_all_faces(frame) for frame in with_faces), len(with_faces)


def count_agreeing_on_known(frames: Sequence[ComparedFrame]) -> tuple[int, int]:
    """Count as count_agreeing does, but without faces that are new."""
    new_faces = {
        (index, box)
        for visit in find_visits(frames)
        for index, box in visit.boxes.items()
        if frames[index].at_s - frames[visit.first].at_s < NEW_FACE_S
    }
    return count_agreeing(
        replace(frame, full=[box for box in frame.full if (index, box) not in new_faces])
        for index, frame in enumerate(frames)
    )


def count_with_extra_faces(frames: Iterable[ComparedFrame]) -> int:
    """Count the frames in which the pipeline has a face that the full search does not find there."""
    return sum(any(not _is_among(face.box, frame.full) for face in frame.tracked) for frame in frames)


def find_visits(frames: Sequence[ComparedFrame]) -> list[FaceVisit]:
    """Follow the faces of the full search from frame to frame.

    Those that appear only briefly are left out.
    """
    visits: list[FaceVisit] = []
    for index, frame in enumerate(frames):
        recent = [visit for visit in visits if frame.at_s - frames[visit.last].at_s <= MAX_GAP_S]
        matches = _match_boxes(recent, frame.full)
        for place, box in enumerate(frame.full):
            if place in matches:
                recent[matches[place]].boxes[index] = box
            else:
                visits.append(FaceVisit({index: box}))
    return [visit for visit in visits if _is_lasting(visit, frames)]


def _match_boxes(visits: Sequence[FaceVisit], boxes: Sequence[Box]) -> dict[int, int]:
    """Match boxes with the visits that they continue, largest IoU first: the visit's index by the box's."""
    pairs = sorted(
        (
            (visit.boxes[visit.last].iou(box), number, place)
            for number, visit in enumerate(visits)
            for place, box in enumerate(boxes)
        ),
        reverse=True,
    )
    matches: dict[int, int] = {}
    for overlap, number, place in pairs:
        if overlap > FOLLOWS_IOU and place not in matches and number not in matches.values():
            matches[place] = number
    return matches


def measure_detection_delay_s(frames: Sequence[ComparedFrame], visit: FaceVisit) -> float | None:
    """Measure how long after the full search the pipeline first has the face; None where it never has."""
    for index in range(visit.first, visit.last + 1):
        box = visit.boxes.get(index)
        if box is not None and any(face.box.iou(box) >= AGREES_IOU for face in frames[index].tracked):
            return frames[index].at_s - frames[visit.first].at_s
    return None


def measure_drop_delay_s(
    frames: Sequence[ComparedFrame], visit: FaceVisit, *, by_cut: bool = False
) -> float | None:
    """Measure how long the pipeline still shows a face that is gone.

    The face is gone after the full search found it last, or, `by_cut`, from the frame on in which it was cut
    out.  None where the face stays, the clip ends too soon afterwards, or the pipeline never had the face.
    """
    gone = visit.last
    if by_cut:
        gone = next(
            (index for index in range(visit.last + 1, len(frames)) if frames[index].is_cut), len(frames)
        )
    track_ids = _find_track_ids(frames, visit)
    if not track_ids or gone == len(frames) or frames[-1].at_s - frames[gone].at_s <= MAX_GAP_S:
        return None
    after = frames[gone:] if by_cut else frames[gone + 1 :]
    for frame in after:
        if not any(
            face.track_id in track_ids and not _is_among(face.box, frame.full) for face in frame.tracked
        ):
            return frame.at_s - frames[gone].at_s
    return after[-1].at_s - frames[gone].at_s


def count_ids(frames: Sequence[ComparedFrame], visit: FaceVisit) -> int:
    """Count the track ids under which the pipeline has the face; 1 is right."""
    return len(_find_track_ids(frames, visit))


def _find_track_ids(frames: Sequence[ComparedFrame], visit: FaceVisit) -> set[int]:
    return {
        face.track_id
        for index, box in visit.boxes.items()
        for face in frames[index].tracked
        if face.box.iou(box) >= AGREES_IOU
    }


def _is_among(box: Box, others: Iterable[Box]) -> bool:
    return any(box.iou(other) >= AGREES_IOU for other in others)


def _has_all_faces(frame: ComparedFrame) -> bool:
    """Whether each box of the full search has a pipeline's face of its own.

    Taking the best one for each box in turn will do: with an IoU of 0.5 and more there is hardly a choice.
    """
    free = list(frame.tracked)
    for box in frame.full:
        best = max(free, key=lambda face: face.box.iou(box), default=None)
        if best is None or best.box.iou(box) < AGREES_IOU:
            return False
        free.remove(best)
    return True


def _is_lasting(visit: FaceVisit, frames: Sequence[ComparedFrame]) -> bool:
    lasts_s = frames[visit.last].at_s - frames[visit.first].at_s
    share = len(visit.boxes) / (visit.last - visit.first + 1)
    return lasts_s >= MIN_VISIT_S and share >= MIN_VISIT_SHARE

"""Who is who from frame to frame: faces found once are followed, and new ones looked for meanwhile."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from edge.contracts import Box, Face, FaceDetector, Search
from edge.faces.searching import Schedule
from edge.frames import Frame

# Boxes of the same face in frames that follow each other overlap by more.
LEAST_IOU = 0.3
# A face that is missed keeps its id for so long.
LOST_AFTER_S = 0.5
# Each part of the frame is searched for new faces so often.
CYCLE_S = 0.2
# A face that is followed and in all that time found by no search of a part was none: a followed face
# needs a weaker sign.
UNCONFIRMED_S = 2.0
# A followed face is looked for in a square of so many times its longer side ...
REGION = 1.5
# ... and once more in a larger one when it was not there: it moves, or the detector is unsure at that place.
WIDE_REGION = 2.5
# It has grown or shrunk by less since the last frame.
LEAST_GROWTH, MOST_GROWTH = 0.7, 1.4
# So many regions are searched in one frame, and one wide one; with more faces they take turns.
MOST_REGIONS = 8


@dataclass(slots=True)
class _Track:
    id: int
    face: Face
    seen_at_s: float
    """When the face was last found."""
    looked_at_s: float
    """When it was last looked for."""
    confirmed_at_s: float
    """When a search of a part last found it."""
    is_missed: bool = False
    """It was not where it was last looked for."""


class FollowingTracker:
    """A Tracker that looks for known faces near where they were, and for new ones in a part of the frame at a time.

    A frame costs at most MOST_REGIONS + 1 searches of regions, one for each new face, and of the parts those that
    keep the promise that each is searched in every CYCLE_S.  The time is the media time.
    """

    def __init__(self, min_face_px: int, cycle_s: float = CYCLE_S) -> None:
        """Faces of less than `min_face_px` pixels' height are not looked for; `cycle_s` is that of the parts."""
        self._min_face_px, self._cycle_s = min_face_px, cycle_s
        self._planned_px: int | None = None
        self._tracks: list[_Track] = []
        self._next_id = 1
        self._size = (0, 0)
        self._schedule = Schedule((), cycle_s)

    def look_for(self, min_face_px: int) -> None:
        """From the next frame on, look for faces of `min_face_px` and more; any thread may call it."""
        self._min_face_px = min_face_px

    def track(self, frame: Frame, detector: FaceDetector) -> tuple[Face, ...]:
        """The faces, those first that are longest known; one not looked for in this frame stands where it was."""
        now_s = frame.elapsed_s
        if self._size != (frame.width, frame.height):
            # Begin anew: in a picture of another size nobody is where he was.
            self._size, self._tracks, self._planned_px = (frame.width, frame.height), [], None
        if self._planned_px != self._min_face_px:
            self._plan(frame, detector)
        self._tracks = [
            track
            for track in self._tracks
            if now_s - track.seen_at_s <= LOST_AFTER_S and now_s - track.confirmed_at_s <= UNCONFIRMED_S
        ]
        self._follow(frame, detector)
        self._discover(frame, detector)
        return tuple(replace(track.face, track_id=track.id) for track in self._tracks if not track.is_missed)

    def _plan(self, frame: Frame, detector: FaceDetector) -> None:
        """Divide frames like this one into parts."""
        self._planned_px = self._min_face_px
        self._schedule = Schedule(
            detector.plan_searches(frame.width, frame.height, self._planned_px), self._cycle_s
        )

    def _follow(self, frame: Frame, detector: FaceDetector) -> None:
        """Look for known faces near where they were."""
        # Those that waited longest; of equals, those that were there.
        turn = sorted(self._tracks, key=lambda track: (track.looked_at_s, track.is_missed))[:MOST_REGIONS]
        found = _distinct(
            face for track in turn for face in detector.detect(frame, _around(track.face, frame, REGION))
        )
        self._match(turn, found, frame.elapsed_s)
        missed = next((track for track in turn if track.is_missed), None)
        if missed is not None:
            taken = [track.face.box for track in turn if not track.is_missed]
            wider = [
                face
                for face in detector.detect(frame, _around(missed.face, frame, WIDE_REGION))
                if not _is_among(face, taken)
            ]
            self._match([missed], wider, frame.elapsed_s)

    def _match(self, tracks: Sequence[_Track], faces: Sequence[Face], now_s: float) -> None:
        """Give each track the face that overlaps it most; a track that gets none is missed."""
        pairs = _matches([track.face.box for track in tracks], [face.box for face in faces])
        for index, track in enumerate(tracks):
            track.looked_at_s = now_s
            track.is_missed = index not in pairs
            if not track.is_missed:
                track.face, track.seen_at_s = faces[pairs[index]], now_s

    def _discover(self, frame: Frame, detector: FaceDetector) -> None:
        """Search the parts whose turn it is: that confirms known faces, brings back missed ones and finds new ones."""
        now_s = frame.elapsed_s
        found = _distinct(face for part in self._schedule.due(now_s) for face in detector.detect(frame, part))
        pairs = _matches([track.face.box for track in self._tracks], [face.box for face in found])
        for index, track in enumerate(self._tracks):
            if index in pairs:
                track.confirmed_at_s = now_s
                # One that had its turn was found at a size that shows more of it.
                if track.is_missed or track.looked_at_s < now_s:
                    track.face, track.seen_at_s, track.is_missed = found[pairs[index]], now_s, False
        known = [track.face.box for track in self._tracks]
        for index, face in enumerate(found):
            if index in pairs.values() or _is_among(face, known):
                continue
            # What is none at a second look, from near, would be lost in the next frame.
            near = detector.detect(frame, _around(face, frame, REGION))
            best = max(near, key=lambda other: other.box.iou(face.box), default=face)
            if near and best.box.iou(face.box) >= LEAST_IOU and not _is_among(best, known):
                self._tracks.append(_Track(self._next_id, best, now_s, now_s, now_s))
                self._next_id += 1
                known.append(best.box)


def _around(face: Face, frame: Frame, side: float) -> Search:
    """The square of `side` times the face about its middle, moved into the frame where it reaches beyond."""
    box = face.box
    side_px = round(side * max(box.width, box.height))
    width, height = min(side_px, frame.width), min(side_px, frame.height)
    left = max(0, min(box.left + (box.width - width) // 2, frame.width - width))
    top = max(0, min(box.top + (box.height - height) // 2, frame.height - height))
    return Search(
        Box(left, top, width, height),
        round(LEAST_GROWTH * box.height),
        round(MOST_GROWTH * box.height),
        is_tracking=True,
    )


def _matches(tracks: Sequence[Box], faces: Sequence[Box]) -> dict[int, int]:
    """Index of the face by that of the track: pairs taken greedily, most overlap first, each side once."""
    pairs = sorted(
        (
            (track.iou(face), index, other)
            for index, track in enumerate(tracks)
            for other, face in enumerate(faces)
        ),
        key=lambda pair: -pair[0],
    )
    matched: dict[int, int] = {}
    for overlap, index, other in pairs:
        if overlap < LEAST_IOU:
            break
        if index not in matched and other not in matched.values():
            matched[index] = other
    return matched


def _distinct(faces: Iterable[Face]) -> list[Face]:
    """The faces without those that several searches found, best first."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if not _is_among(face, [other.box for other in kept]):
            kept.append(face)
    return kept


def _is_among(face: Face, boxes: Iterable[Box]) -> bool:
    return any(face.box.iou(box) >= LEAST_IOU for box in boxes)

"""Tracks faces: searches near known faces in every frame, and the whole frame for new ones in parts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from edge.contracts import Box, Face, FaceDetector, Search
from edge.faces import changes
from edge.faces.box_filter import BoxFilter
from edge.faces.changes import ChangeWatch
from edge.faces.regions import Region, plan_region
from edge.faces.searching import Schedule
from edge.frames import Frame

# The smallest overlap (intersection over union) of two boxes in successive frames that are the same face.
MIN_IOU = 0.3
# How long a face that is not found keeps its track.
LOST_AFTER_S = 0.5
# The time in which each part of the frame is searched once for new faces.
CYCLE_S = 0.2
# How long a track may go without confirmation by a search of a part; then it is dropped.  The search of a
# region accepts a lower score, so on its own it can keep following something that is no face.
UNCONFIRMED_S = 2.0
# The number of regions that are searched in a frame, besides one wide region; more faces take turns.
MAX_REGIONS = 8


@dataclass(slots=True)
class _Track:
    id: int
    face: Face
    seen_at_s: float
    """When the face was last found."""
    searched_at_s: float
    """When it was last searched for."""
    confirmed_at_s: float
    """When a search of a part last found it."""
    region: Region
    """Where it is searched for."""
    filter: BoxFilter
    steadied: Face
    """The face as it is shown."""
    is_missed: bool = False
    """The last search for it did not find it."""

    def take(self, face: Face, now_s: float) -> None:
        """Note that it was found as `face` in the frame of `now_s`."""
        self.face, self.seen_at_s, self.is_missed = face, now_s, False
        self.steadied = self.filter.update(face, now_s)


class FollowingTracker:
    """A Tracker that searches for known faces near their last places, and for new ones part by part.

    The searches of a frame are at most MAX_REGIONS + 1 regions, one more for each new face, and as many parts
    as are needed to search each part once per CYCLE_S; a part that has not changed is left out until
    changes.SLOW_CYCLE_S are over.  All times are media time.
    """

    def __init__(self, min_face_px: int, cycle_s: float = CYCLE_S) -> None:
        """Faces lower than `min_face_px` are not searched for; each part is searched once per `cycle_s`."""
        self._min_face_px, self._cycle_s = min_face_px, cycle_s
        self._planned_px: int | None = None
        self._tracks: list[_Track] = []
        self._next_id = 1
        self._size = (0, 0)
        self._schedule = Schedule((), cycle_s)
        self._watch = ChangeWatch()

    def set_min_face_px(self, min_face_px: int) -> None:
        """Search for faces from `min_face_px` from the next frame on; any thread may call it."""
        self._min_face_px = min_face_px

    def track(self, frame: Frame, detector: FaceDetector) -> tuple[Face, ...]:
        """The faces, the longest known first; a face that was not searched for keeps its last box."""
        now_s = frame.elapsed_s
        if self._size != (frame.width, frame.height):
            # In a picture of another size, no face is where it was: forget all tracks.
            self._size, self._tracks, self._planned_px = (frame.width, frame.height), [], None
        if self._planned_px != self._min_face_px:
            self._plan_parts(frame, detector)
        self._tracks = [
            track
            for track in self._tracks
            if now_s - track.seen_at_s <= LOST_AFTER_S and now_s - track.confirmed_at_s <= UNCONFIRMED_S
        ]
        if self._tracks:
            # The crops of faces will need grey at full size: do not decode a JPEG at half its size as well.
            frame.grey  # noqa: B018  decoded on first use
        self._search_regions(frame, detector)
        self._search_parts(frame, detector)
        return tuple(
            replace(track.steadied, track_id=track.id, box=track.steadied.box.clip_to(frame))
            for track in self._tracks
            if not track.is_missed
        )

    def _plan_parts(self, frame: Frame, detector: FaceDetector) -> None:
        """Divide frames of this size into parts."""
        self._planned_px = self._min_face_px
        self._watch = ChangeWatch()
        self._schedule = Schedule(
            detector.plan_searches(frame.width, frame.height, self._planned_px), self._cycle_s
        )

    def _search_regions(self, frame: Frame, detector: FaceDetector) -> None:
        """Search for known faces near their last places."""
        # First the tracks that have waited longest; among equals, those that were found last time.
        turn = sorted(self._tracks, key=lambda track: (track.searched_at_s, track.is_missed))[:MAX_REGIONS]
        for track in turn:
            if not track.region.holds(track.steadied.box):
                track.region = _plan(track.steadied, frame, detector)
        found = _remove_duplicates(
            face for track in turn for face in detector.detect(frame, track.region.search)
        )
        self._match(turn, found, frame.elapsed_s)
        missed = next((track for track in turn if track.is_missed), None)
        if missed is not None:
            taken = [track.face.box for track in turn if not track.is_missed]
            wide = _plan(missed.face, frame, detector, is_wide=True)
            wider = [face for face in detector.detect(frame, wide.search) if not _overlaps_any(face, taken)]
            self._match([missed], wider, frame.elapsed_s)

    def _match(self, tracks: Sequence[_Track], faces: Sequence[Face], now_s: float) -> None:
        """Give each track the face that overlaps it most; a track that gets no face is missed."""
        pairs = _match_boxes([track.face.box for track in tracks], [face.box for face in faces])
        for index, track in enumerate(tracks):
            track.searched_at_s = now_s
            track.is_missed = index not in pairs
            if not track.is_missed:
                track.take(faces[pairs[index]], now_s)

    def _search_parts(self, frame: Frame, detector: FaceDetector) -> None:
        """Search the parts that are due, which confirms known faces and finds missed and new ones."""
        now_s = frame.elapsed_s
        found = _remove_duplicates(
            face for part in self._choose_parts(frame) for face in detector.detect(frame, part)
        )
        pairs = _match_boxes([track.face.box for track in self._tracks], [face.box for face in found])
        for index, track in enumerate(self._tracks):
            if index in pairs:
                track.confirmed_at_s = now_s
                # A face found in its own region in this frame was searched at a size that shows more of it.
                if track.is_missed or track.searched_at_s < now_s:
                    track.take(found[pairs[index]], now_s)
        known = [track.face.box for track in self._tracks]
        for index, face in enumerate(found):
            if index in pairs.values() or _overlaps_any(face, known):
                continue
            # A face that a second, closer search does not find would be lost in the next frame.
            region = _plan(face, frame, detector)
            near = detector.detect(frame, region.search)
            best = max(near, key=lambda other: other.box.iou(face.box), default=face)
            if near and best.box.iou(face.box) >= MIN_IOU and not _overlaps_any(best, known):
                filter_ = BoxFilter(best, now_s)
                self._tracks.append(
                    _Track(self._next_id, best, now_s, now_s, now_s, region, filter_, filter_.apply(best))
                )
                self._next_id += 1
                known.append(best.box)

    def _choose_parts(self, frame: Frame) -> list[Search]:
        """Of the parts whose turn it is, those that changed, and those with a face that waits for them."""
        due = self._schedule.take_due(frame.elapsed_s)
        if not due:
            return []
        known = [track.face.box for track in self._tracks if not track.is_missed]
        waiting = [track.face.box for track in self._tracks if self._needs_part(track, frame.elapsed_s)]
        return [
            part
            for part in due
            if self._watch.needs_search(part, frame, known)
            or any(part.region.intersection_area(box) > box.area / 2 for box in waiting)
        ]

    def _needs_part(self, track: _Track, now_s: float) -> bool:
        """Whether the search of a part may find what the search of the region has not, or must confirm it."""
        is_late = now_s - track.seen_at_s >= self._cycle_s
        return track.is_missed or is_late or now_s - track.confirmed_at_s > changes.SLOW_CYCLE_S


def _plan(face: Face, frame: Frame, detector: FaceDetector, *, is_wide: bool = False) -> Region:
    return plan_region(face.box, frame.width, frame.height, detector.region_grid, is_wide=is_wide)


def _match_boxes(tracks: Sequence[Box], faces: Sequence[Box]) -> dict[int, int]:
    """Match the pairs with the most overlap first; returns the face's index by the track's index."""
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
        if overlap < MIN_IOU:
            break
        if index not in matched and other not in matched.values():
            matched[index] = other
    return matched


def _remove_duplicates(faces: Iterable[Face]) -> list[Face]:
    """The faces, best first, each once even if several searches found it."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if not _overlaps_any(face, [other.box for other in kept]):
            kept.append(face)
    return kept


def _overlaps_any(face: Face, boxes: Iterable[Box]) -> bool:
    return any(face.box.iou(box) >= MIN_IOU for box in boxes)

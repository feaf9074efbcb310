"""The arithmetic of agreement: what two searches of the same frames, and two labellings, differ by."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from edge.contracts import Box

# Two boxes with more in common are of the same face.
AGREES_IOU = 0.5
# Boxes of one face in frames that follow each other have more in common.
FOLLOWS_IOU = 0.3
# A face that the full search loses for less was there all along.
LONGEST_GAP_S = 0.5
# What the full search finds for a shorter time, or in a smaller share of the frames, may be no face at all.
LEAST_PRESENCE_S, LEAST_PRESENCE = 0.3, 0.5
# A face is new for so long: whether the line has it yet is judged by the delay until it is found.
NEW_S = 0.3
# A change of label is lasting where this share of the time before was one label, and of the time after the other.
LASTING_S, LASTING_SHARE = 0.7, 0.8


@dataclass(frozen=True, slots=True)
class Seen:
    """A face in the line's result: where, by which id, and its label from this frame alone and smoothed."""

    box: Box
    track_id: int
    raw: str
    smoothed: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame: its media time, what the line says, and the boxes that a full search finds."""

    at_s: float
    line: Sequence[Seen]
    full: Sequence[Box]
    is_cut: bool = False
    """A face was taken out of the picture before this frame."""


@dataclass(frozen=True, slots=True)
class Presence:
    """A face of the full search: its box by the index of the moment, from when it came to when it was last seen."""

    boxes: dict[int, Box]

    @property
    def first(self) -> int:
        """The index of the moment when it came."""
        return min(self.boxes)

    @property
    def last(self) -> int:
        """The index of the moment when it was last seen."""
        return max(self.boxes)


def agreeing(moments: Iterable[Moment]) -> tuple[int, int]:
    """In how many frames the line has every face that the full search finds, and in how many that finds any."""
    with_faces = [moment for moment in moments if moment.full]
    return sum(_has_all(moment) for moment in with_faces), len(with_faces)


def agreeing_on_known(moments: Sequence[Moment]) -> tuple[int, int]:
    """As agreeing(), faces left out while they are new."""
    is_new = {
        (index, box)
        for presence in presences(moments)
        for index, box in presence.boxes.items()
        if moments[index].at_s - moments[presence.first].at_s < NEW_S
    }
    return agreeing(
        replace(moment, full=[box for box in moment.full if (index, box) not in is_new])
        for index, moment in enumerate(moments)
    )


def extra(moments: Iterable[Moment]) -> int:
    """In how many frames the line has a face that the full search does not find there."""
    return sum(any(not _is_in(seen.box, moment.full) for seen in moment.line) for moment in moments)


def presences(moments: Sequence[Moment]) -> list[Presence]:
    """The faces of the full search, followed from frame to frame; what flashes up is left out."""
    found: list[Presence] = []
    for index, moment in enumerate(moments):
        open_ = [presence for presence in found if moment.at_s - moments[presence.last].at_s <= LONGEST_GAP_S]
        pairs = sorted(
            (
                (presence.boxes[presence.last].iou(box), number, place)
                for number, presence in enumerate(open_)
                for place, box in enumerate(moment.full)
            ),
            reverse=True,
        )
        followed: dict[int, int] = {}
        for overlap, number, place in pairs:
            if overlap > FOLLOWS_IOU and place not in followed and number not in followed.values():
                followed[place] = number
        for place, box in enumerate(moment.full):
            if place in followed:
                open_[followed[place]].boxes[index] = box
            else:
                found.append(Presence({index: box}))
    return [presence for presence in found if _is_lasting(presence, moments)]


def found_after_s(moments: Sequence[Moment], presence: Presence) -> float | None:
    """How long after it came the line has the face; None where it never has."""
    for index in range(presence.first, presence.last + 1):
        box = presence.boxes.get(index)
        if box is not None and any(seen.box.iou(box) >= AGREES_IOU for seen in moments[index].line):
            return moments[index].at_s - moments[presence.first].at_s
    return None


def dropped_after_s(moments: Sequence[Moment], presence: Presence, *, by_cut: bool = False) -> float | None:
    """How long after the full search last saw the face, or else after it was cut out, the line still shows it.

    None where the face stays, the clip ends too early to tell, or the line never had it.
    """
    gone = presence.last
    if by_cut:
        gone = next(
            (index for index in range(presence.last + 1, len(moments)) if moments[index].is_cut), len(moments)
        )
    held = {
        seen.track_id
        for index, box in presence.boxes.items()
        for seen in moments[index].line
        if seen.box.iou(box) >= AGREES_IOU
    }
    if not held or gone == len(moments) or moments[-1].at_s - moments[gone].at_s <= LONGEST_GAP_S:
        return None
    after = moments[gone:] if by_cut else moments[gone + 1 :]
    for moment in after:
        if not any(seen.track_id in held and not _is_in(seen.box, moment.full) for seen in moment.line):
            return moment.at_s - moments[gone].at_s
    return after[-1].at_s - moments[gone].at_s


def ids_of(moments: Sequence[Moment], presence: Presence) -> int:
    """Under how many ids the line has the face."""
    return len(
        {
            seen.track_id
            for index, box in presence.boxes.items()
            for seen in moments[index].line
            if seen.box.iou(box) >= AGREES_IOU
        }
    )


@dataclass(frozen=True, slots=True)
class Labelled:
    """What a track was called: the media time of each frame with the raw and the smoothed label."""

    times_s: Sequence[float]
    raw: Sequence[str]
    smoothed: Sequence[str]


def labelled(moments: Iterable[Moment]) -> list[Labelled]:
    """The tracks of the line with their labels."""
    tracks: dict[int, list[tuple[float, str, str]]] = defaultdict(list)
    for moment in moments:
        for seen in moment.line:
            tracks[seen.track_id].append((moment.at_s, seen.raw, seen.smoothed))
    return [Labelled(*zip(*rows, strict=True)) for rows in tracks.values()]


def changes(labels: Sequence[str]) -> int:
    """How often a label is followed by another."""
    return sum(before != after for before, after in zip(labels, labels[1:], strict=False))


def label_delays_s(track: Labelled) -> list[float]:
    """For each lasting change of the raw label, how long after it the smoothed label is the new one.

    One that never arrives counts with the time until the track's end.
    """
    times_s, delays_s, last_s = track.times_s, [], -math.inf
    for index in range(1, len(times_s)):
        now_s = times_s[index]
        if track.raw[index] == track.raw[index - 1] or now_s - last_s < LASTING_S:
            continue
        before = _prevailing(track, now_s - LASTING_S, now_s)
        after = _prevailing(track, now_s, now_s + LASTING_S)
        if before is None or after is None or before == after or track.raw[index] != after:
            continue
        last_s = now_s
        arrived_s = next(
            (
                at_s
                for at_s, label in zip(times_s[index:], track.smoothed[index:], strict=True)
                if label == after
            ),
            times_s[-1],
        )
        delays_s.append(arrived_s - now_s)
    return delays_s


def _prevailing(track: Labelled, from_s: float, until_s: float) -> str | None:
    """The raw label of LASTING_SHARE of the track from `from_s` to before `until_s`, which it must wholly cover."""
    if from_s < track.times_s[0] or until_s > track.times_s[-1]:
        return None
    raw = [label for at_s, label in zip(track.times_s, track.raw, strict=True) if from_s <= at_s < until_s]
    if not raw:
        return None
    label, count = Counter(raw).most_common(1)[0]
    return label if count >= LASTING_SHARE * len(raw) else None


def _is_in(box: Box, others: Iterable[Box]) -> bool:
    return any(box.iou(other) >= AGREES_IOU for other in others)


def _has_all(moment: Moment) -> bool:
    """Each box of the full search has a face of the line of its own: IoU of 0.5 and more leaves little choice."""
    free = list(moment.line)
    for box in moment.full:
        best = max(free, key=lambda seen: seen.box.iou(box), default=None)
        if best is None or best.box.iou(box) < AGREES_IOU:
            return False
        free.remove(best)
    return True


def _is_lasting(presence: Presence, moments: Sequence[Moment]) -> bool:
    lasts_s = moments[presence.last].at_s - moments[presence.first].at_s
    share = len(presence.boxes) / (presence.last - presence.first + 1)
    return lasts_s >= LEAST_PRESENCE_S and share >= LEAST_PRESENCE

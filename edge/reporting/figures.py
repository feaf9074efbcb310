"""Counts what a report tells: who looked how, for how long, and what followed on what."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from edge.contracts import UNCERTAIN
from edge.reporting.rows import Row

# A face that is not seen for longer was away meanwhile.
LONGEST_GAP_S = 1.0


@dataclass(slots=True)
class Span:
    """A time, from the begin of the first run, in which a face had one label."""

    label: str
    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """How long it lasted."""
        return self.end_s - self.start_s


@dataclass(slots=True)
class Lane:
    """The spans of one face, in their order."""

    name: str
    spans: list[Span] = field(default_factory=list)

    @property
    def seen_s(self) -> float:
        """For how long the face was seen."""
        return sum(span.duration_s for span in self.spans)


@dataclass(frozen=True, slots=True)
class Summary:
    """All that was seen; `labels` are the classifier's in its order, then "uncertain" and any others."""

    labels: tuple[str, ...]
    lanes: tuple[Lane, ...]
    rows: int
    runs: int
    duration_s: float


def summarize(rows: Iterable[Row]) -> Summary:
    """Join the rows of each face to spans; a run's time goes on where the run before it ended."""
    lanes: dict[tuple[int, int], Lane] = {}
    labels: dict[str, None] = {}
    count = run = 0
    began_s = now_s = 0.0
    for row in rows:
        if row.run != run:
            run, began_s = row.run, now_s
        now_s = max(now_s, began_s + row.time_s)
        if not count:
            labels |= dict.fromkeys((*row.labels, UNCERTAIN))
        labels.setdefault(row.label)
        count += 1
        name = f"{row.track}" if not run else f"{row.track} of run {run + 1}"
        lane = lanes.setdefault((run, row.track), Lane(name))
        _extend(lane, row.label, began_s + row.time_s)
    return Summary(tuple(labels), tuple(lanes.values()), count, run + 1 if count else 0, now_s)


def _extend(lane: Lane, label: str, time_s: float) -> None:
    last = lane.spans[-1] if lane.spans else None
    is_close = last is not None and time_s - last.end_s <= LONGEST_GAP_S
    if last is not None and is_close:
        # The face looked so until it was seen to look otherwise.
        last.end_s = time_s
    if last is None or not is_close or last.label != label:
        lane.spans.append(Span(label, time_s, time_s))


def time_by_label(summary: Summary) -> dict[str, float]:
    """For how many seconds faces had each label, all faces together."""
    totals = dict.fromkeys(summary.labels, 0.0)
    for lane in summary.lanes:
        for span in lane.spans:
            totals[span.label] += span.duration_s
    return totals


def transitions(summary: Summary) -> Counter[tuple[str, str]]:
    """How often one label was followed by another on the same face without a gap."""
    counts: Counter[tuple[str, str]] = Counter()
    for lane in summary.lanes:
        for before, after in zip(lane.spans, lane.spans[1:], strict=False):
            if before.label != after.label and after.start_s <= before.end_s:
                counts[before.label, after.label] += 1
    return counts


@dataclass(frozen=True, slots=True)
class Minute:
    """What one minute held: how often each label began on a face, and how many faces there were."""

    begun: Counter[str]
    faces: int


def minutes(summary: Summary) -> list[Minute]:
    """A Minute for each that was begun."""
    begun: dict[int, Counter[str]] = defaultdict(Counter)
    faces: Counter[int] = Counter()
    for lane in summary.lanes:
        present: set[int] = set()
        for span in lane.spans:
            begun[int(span.start_s // 60)][span.label] += 1
            present.update(range(int(span.start_s // 60), int(span.end_s // 60) + 1))
        faces.update(present)
    count = max(1, math.floor(summary.duration_s / 60) + 1) if summary.rows else 0
    return [Minute(begun[index], faces[index]) for index in range(count)]


def longest_seen(summary: Summary, most: int) -> list[Lane]:
    """The `most` faces that were seen for the longest time, in the order of their coming."""
    chosen = sorted(summary.lanes, key=lambda lane: lane.seen_s, reverse=True)[:most]
    return sorted(chosen, key=lambda lane: lane.spans[0].start_s)


def thinned(spans: list[Span], width_s: float) -> list[Span]:
    """`spans` as they look in columns of `width_s`: each shows the label that fills most of it.

    Neighbours of one label become one, so there are no more than columns.
    """
    cover: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for span in spans:
        for column in range(int(span.start_s / width_s), int(span.end_s / width_s) + 1):
            share = min(span.end_s, (column + 1) * width_s) - max(span.start_s, column * width_s)
            # What lasted for one frame alone is seen where there is nothing else.
            cover[column][span.label] += max(share, 0.0)
    joined: list[Span] = []
    for column in sorted(cover):
        label, start_s = max(cover[column], key=cover[column].__getitem__), column * width_s
        if joined and joined[-1].label == label and math.isclose(joined[-1].end_s, start_s):
            joined[-1].end_s = start_s + width_s
        else:
            joined.append(Span(label, start_s, start_s + width_s))
    return joined

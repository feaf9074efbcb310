"""Sums up the rows of events for a report: which label each face had, for how long, and what followed."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from edge.contracts import UNCERTAIN
from edge.reporting.rows import EventRow

# A face that is not seen for longer than this was away: its span ends where it was last seen.
MAX_GAP_S = 1.0


@dataclass(slots=True)
class Span:
    """The time in which a face had one label; it counts from the start of the first run."""

    label: str
    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """How long the span lasted."""
        return self.end_s - self.start_s


@dataclass(slots=True)
class Timeline:
    """The spans of one face, in their order."""

    name: str
    spans: list[Span] = field(default_factory=list)

    @property
    def seen_s(self) -> float:
        """For how long the face was seen, gaps left out."""
        return sum(span.duration_s for span in self.spans)


@dataclass(frozen=True, slots=True)
class Summary:
    """All faces; `labels` are the classifier's in its order, then "uncertain" and any others."""

    labels: tuple[str, ...]
    timelines: tuple[Timeline, ...]
    rows: int
    runs: int
    duration_s: float


def summarize(rows: Iterable[EventRow]) -> Summary:
    """Join the rows of each face to spans; the time of a run continues where the run before it ended."""
    timelines: dict[tuple[int, int], Timeline] = {}
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
        timeline = timelines.setdefault((run, row.track), Timeline(name))
        _extend(timeline, row.label, began_s + row.time_s)
    return Summary(tuple(labels), tuple(timelines.values()), count, run + 1 if count else 0, now_s)


def _extend(timeline: Timeline, label: str, time_s: float) -> None:
    last = timeline.spans[-1] if timeline.spans else None
    is_close = last is not None and time_s - last.end_s <= MAX_GAP_S
    if last is not None and is_close:
        # A label lasts until the next row of its face.
        last.end_s = time_s
    if last is None or not is_close or last.label != label:
        timeline.spans.append(Span(label, time_s, time_s))


def sum_times_by_label(summary: Summary) -> dict[str, float]:
    """For how long each label was seen, s, added up over all faces."""
    totals = dict.fromkeys(summary.labels, 0.0)
    for timeline in summary.timelines:
        for span in timeline.spans:
            totals[span.label] += span.duration_s
    return totals


def count_transitions(summary: Summary) -> Counter[tuple[str, str]]:
    """How often each label followed each other label on the same face without a gap."""
    counts: Counter[tuple[str, str]] = Counter()
    for timeline in summary.timelines:
        for before, after in zip(timeline.spans, timeline.spans[1:], strict=False):
            if before.label != after.label and after.start_s <= before.end_s:
                counts[before.label, after.label] += 1
    return counts


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute: how often each label began on a face, and how many faces were seen."""

    begins: Counter[str]
    faces: int


def count_by_minute(summary: Summary) -> list[Minute]:
    """All minutes, the last of which may be incomplete."""
    begins: dict[int, Counter[str]] = defaultdict(Counter)
    faces: Counter[int] = Counter()
    for timeline in summary.timelines:
        present: set[int] = set()
        for span in timeline.spans:
            begins[int(span.start_s // 60)][span.label] += 1
            present.update(range(int(span.start_s // 60), int(span.end_s // 60) + 1))
        faces.update(present)
    count = max(1, math.floor(summary.duration_s / 60) + 1) if summary.rows else 0
    return [Minute(begins[index], faces[index]) for index in range(count)]


def select_longest_seen(summary: Summary, count: int) -> list[Timeline]:
    """The `count` faces that were seen for the longest time, in the order in which they appeared."""
    longest = sorted(summary.timelines, key=lambda timeline: timeline.seen_s, reverse=True)[:count]
    return sorted(longest, key=lambda timeline: timeline.spans[0].start_s)


def merge_into_columns(spans: list[Span], width_s: float) -> list[Span]:
    """Replace `spans` by columns of `width_s`, each with the label that fills most of it.

    Neighbouring columns of one label become one span.
    """
    cover: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for span in spans:
        for column in range(int(span.start_s / width_s), int(span.end_s / width_s) + 1):
            share = min(span.end_s, (column + 1) * width_s) - max(span.start_s, column * width_s)
            # A span of a single frame lasts 0 s; it counts where nothing else does.
            cover[column][span.label] += max(share, 0.0)
    joined: list[Span] = []
    for column in sorted(cover):
        label, start_s = max(cover[column], key=cover[column].__getitem__), column * width_s
        if joined and joined[-1].label == label and math.isclose(joined[-1].end_s, start_s):
            joined[-1].end_s = start_s + width_s
        else:
            joined.append(Span(label, start_s, start_s + width_s))
    return joined

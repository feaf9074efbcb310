"""Lays out the plots of a report in the units of their SVG; the template draws them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge.reporting.summary import Minute, Timeline, merge_into_columns

# Sizes in the units of the SVG: its width and margins, the heights of a row and of the bar in it, the height
# of the time axis, and that of the plot of counts with the room above its highest stack.
WIDTH = 760
LEFT, RIGHT = 96, 26
ROW, BAR = 24, 16
AXIS = 28
CHART, HEADROOM = 180, 8
# How many columns can be told apart, on a screen of twice the usual density.
COLUMNS = 2 * (WIDTH - LEFT - RIGHT)
MAX_STACKS = COLUMNS // 4
# The steps in which people count time: seconds, minutes, hours, days.
TIME_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
MAX_TIME_TICKS = 8
MAX_COUNT_TICKS = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle in the colour of the label with the index `label`; `title` appears under the pointer."""

    label: int
    left: float
    top: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid at `position`, with its text at the edge."""

    position: float
    text: str


@dataclass(frozen=True, slots=True)
class PlotRow:
    """Bars, and the name at their left, whose baseline is at `baseline`."""

    bars: Sequence[Bar]
    name: str = ""
    baseline: float = 0.0


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot above its time axis, `height` high without it."""

    title: str
    height: int
    times: Sequence[Tick]
    rows: Sequence[PlotRow]
    counts: Sequence[Tick] = ()


def format_clock(time_s: float) -> str:
    """Minutes and seconds, or hours, minutes and seconds."""
    minutes, seconds = divmod(int(time_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def plot_timelines(timelines: Sequence[Timeline], labels: Sequence[str], duration_s: float) -> Plot:
    """A row for each face, with a bar for each of its spans."""
    duration_s = max(duration_s, 1.0)
    height = len(timelines) * ROW
    rows = [_plot_timeline(timeline, labels, duration_s, number) for number, timeline in enumerate(timelines)]
    return Plot("What each face looked like over time", height, list(_make_time_ticks(duration_s)), rows)


def _plot_timeline(timeline: Timeline, labels: Sequence[str], duration_s: float, number: int) -> PlotRow:
    top, spans = number * ROW, timeline.spans
    columns = COLUMNS * (spans[-1].end_s - spans[0].start_s) / duration_s
    if len(spans) > columns + 2:
        spans = merge_into_columns(spans, duration_s / COLUMNS)
    bars = []
    for span in spans:
        left = _to_x(span.start_s, duration_s)
        width = max(0.5, _to_x(span.end_s, duration_s) - left)
        title = f"{span.label}, {format_clock(span.start_s)} to {format_clock(span.end_s)}"
        bars.append(Bar(labels.index(span.label), left, top + 4, width, BAR, title))
    return PlotRow(bars, f"face {timeline.name}", top + 16)


def plot_counts_per_minute(minutes: Sequence[Minute], labels: Sequence[str]) -> Plot:
    """How often each expression began: a stack for each minute, or the mean of several if there are many."""
    group = max(1, math.ceil(len(minutes) / MAX_STACKS))
    stacks = [minutes[start : start + group] for start in range(0, len(minutes), group)]
    counts = [[sum(minute.begins[label] for minute in stack) for label in labels] for stack in stacks]
    highest = max(1, math.ceil(max(sum(count) for count in counts) / group))
    width = group * (WIDTH - LEFT - RIGHT) / len(minutes)
    bars = []
    for index, (stack, count) in enumerate(zip(stacks, counts, strict=True)):
        base, until = float(CHART), format_clock((index * group + len(stack)) * 60)
        for label, times in enumerate(count):
            if times:
                height = times / group / highest * (CHART - HEADROOM)
                base -= height
                title = f"{labels[label]}: {times} × from {format_clock(index * group * 60)} to {until}"
                wide = width * len(stack) / group * 0.8
                bars.append(Bar(label, LEFT + width * (index + 0.1), base, wide, height, title))
    return Plot(
        "How often each expression began, by the minute",
        CHART,
        list(_make_time_ticks(len(minutes) * 60.0)),
        [PlotRow(bars)],
        list(_make_count_ticks(highest)),
    )


def _to_x(time_s: float, duration_s: float) -> float:
    return LEFT + time_s / duration_s * (WIDTH - LEFT - RIGHT)


def _make_time_ticks(duration_s: float) -> Iterator[Tick]:
    step_s = next(
        (step for step in TIME_STEPS_S if duration_s / step <= MAX_TIME_TICKS),
        TIME_STEPS_S[-1] * -(-int(duration_s) // (TIME_STEPS_S[-1] * MAX_TIME_TICKS)),
    )
    for time_s in range(0, int(duration_s) + 1, step_s):
        yield Tick(_to_x(time_s, duration_s), format_clock(time_s))


def _make_count_ticks(highest: int) -> Iterator[Tick]:
    step = next(
        step * scale
        for scale in (10**power for power in range(12))
        for step in (1, 2, 5)
        if highest / (step * scale) <= MAX_COUNT_TICKS
    )
    for count in range(0, highest + 1, step):
        yield Tick(CHART - count / highest * (CHART - HEADROOM), str(count))

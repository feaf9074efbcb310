"""Draws the plots of a report as SVG, in the page's own colours and fonts."""

import math
from collections.abc import Iterator, Sequence
from html import escape

from edge.reporting.figures import Lane, Minute, thinned

WIDTH = 760
LEFT, RIGHT = 96, 26
ROW, BAR = 24, 16
AXIS = 28
CHART = 180
# The narrowest that can be told from its neighbours on a screen of twice the density.
COLUMNS = 2 * (WIDTH - LEFT - RIGHT)
MOST_STACKS = COLUMNS // 4
# Steps that people count time and things in.
TIME_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
MOST_TICKS = 8


def clock(time_s: float) -> str:
    """Minutes and seconds, or hours, minutes and seconds."""
    minutes, seconds = divmod(int(time_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def time_lines(lanes: Sequence[Lane], labels: Sequence[str], duration_s: float) -> str:
    """A line for each face, coloured by what it looked like."""
    duration_s = max(duration_s, 1.0)
    height = len(lanes) * ROW
    parts = [*_time_axis(duration_s, height)]
    for row, lane in enumerate(lanes):
        top = row * ROW
        parts.append(f'<text x="{LEFT - 8}" y="{top + 16}" text-anchor="end">face {escape(lane.name)}</text>')
        columns = COLUMNS * (lane.spans[-1].end_s - lane.spans[0].start_s) / duration_s
        spans = lane.spans if len(lane.spans) <= columns + 2 else thinned(lane.spans, duration_s / COLUMNS)
        for span in spans:
            left = _x(span.start_s, duration_s)
            width = max(0.5, _x(span.end_s, duration_s) - left)
            parts.append(
                _bar(
                    left,
                    top + 4,
                    width,
                    BAR,
                    labels.index(span.label),
                    f"{span.label}, {clock(span.start_s)} to {clock(span.end_s)}",
                )
            )
    return _svg("What each face looked like over time", height + AXIS, parts)


def per_minute(minutes: Sequence[Minute], labels: Sequence[str]) -> str:
    """A stack for each minute, or the mean of several where there are too many: how often each expression began."""
    group = max(1, math.ceil(len(minutes) / MOST_STACKS))
    stacks = [minutes[start : start + group] for start in range(0, len(minutes), group)]
    counts = [[sum(minute.begun[label] for minute in stack) for label in labels] for stack in stacks]
    highest = max(1, math.ceil(max(sum(count) for count in counts) / group))
    parts = [*_count_axis(highest), *_time_axis(len(minutes) * 60.0, CHART)]
    width = group * (WIDTH - LEFT - RIGHT) / len(minutes)
    for index, (stack, count) in enumerate(zip(stacks, counts, strict=True)):
        base, until = float(CHART), clock((index * group + len(stack)) * 60)
        for label, times in enumerate(count):
            if times:
                tall = times / group / highest * (CHART - 8)
                base -= tall
                told = f"{labels[label]}: {times} × from {clock(index * group * 60)} to {until}"
                wide = width * len(stack) / group * 0.8
                parts.append(_bar(LEFT + width * (index + 0.1), base, wide, tall, label, told))
    return _svg("How often each expression began, by the minute", CHART + AXIS, parts)


def _x(time_s: float, duration_s: float) -> float:
    return LEFT + time_s / duration_s * (WIDTH - LEFT - RIGHT)


def _time_axis(duration_s: float, height: float) -> Iterator[str]:
    step_s = next(
        (step for step in TIME_STEPS_S if duration_s / step <= MOST_TICKS),
        TIME_STEPS_S[-1] * -(-int(duration_s) // (TIME_STEPS_S[-1] * MOST_TICKS)),
    )
    for time_s in range(0, int(duration_s) + 1, step_s):
        x = _x(time_s, duration_s)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height}"/>'
        yield f'<text x="{x:.1f}" y="{height + 18}" text-anchor="middle">{clock(time_s)}</text>'


def _count_axis(highest: int) -> Iterator[str]:
    step = next(
        step * scale
        for scale in (10**power for power in range(12))
        for step in (1, 2, 5)
        if highest / (step * scale) <= 5
    )
    for count in range(0, highest + 1, step):
        y = CHART - count / highest * (CHART - 8)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{count}</text>'


def _bar(left: float, top: float, width: float, height: float, label: int, told: str) -> str:
    return (
        f'<rect class="c{label}" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}">'
        f"<title>{escape(told)}</title></rect>"
    )


def _svg(title: str, height: float, parts: Sequence[str]) -> str:
    return (
        f'<div class="wide"><svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg></div>"
    )

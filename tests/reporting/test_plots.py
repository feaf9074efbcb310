"""Where the parts of a plot lie."""

from collections import Counter

import pytest

from edge.reporting import plots
from edge.reporting.plots import Bar, Tick
from edge.reporting.summary import Minute, Span, Timeline

RIGHT_EDGE = plots.WIDTH - plots.RIGHT


@pytest.mark.parametrize(
    ("time_s", "text"), [(0, "0:00"), (59.9, "0:59"), (61, "1:01"), (3600, "1:00:00"), (90061, "25:01:01")]
)
def test_clock(time_s: float, text: str) -> None:
    assert plots.format_clock(time_s) == text


def test_timeline_has_its_name_and_a_bar_for_each_span() -> None:
    timeline = Timeline("7", [Span("sad", 0.0, 5.0), Span("happy", 5.0, 10.0)])
    plot = plots.plot_timelines([timeline], ("happy", "sad"), 10.0)
    [row] = plot.rows
    middle = (plots.LEFT + RIGHT_EDGE) / 2
    assert row.name == "face 7" and plot.height == plots.ROW
    assert row.bars == [
        Bar(1, plots.LEFT, 4, middle - plots.LEFT, plots.BAR, "sad, 0:00 to 0:05"),
        Bar(0, middle, 4, RIGHT_EDGE - middle, plots.BAR, "happy, 0:05 to 0:10"),
    ]
    assert plot.times[0] == Tick(plots.LEFT, "0:00") and plot.times[-1] == Tick(RIGHT_EDGE, "0:10")


def test_more_spans_than_columns_are_merged() -> None:
    spans = [Span(("a", "b")[number % 2], number, number + 1.0) for number in range(10 * plots.COLUMNS)]
    [row] = plots.plot_timelines([Timeline("1", spans)], ("a", "b"), float(len(spans))).rows
    assert len(row.bars) <= plots.COLUMNS + 1


def test_minute_is_a_stack_and_the_highest_fills_the_chart() -> None:
    minutes = [Minute(Counter(happy=1, sad=3), 2), Minute(Counter(), 0), Minute(Counter(sad=2), 1)]
    plot = plots.plot_counts_per_minute(minutes, ("happy", "sad"))
    [row] = plot.rows
    assert [(bar.label, bar.title) for bar in row.bars] == [
        (0, "happy: 1 × from 0:00 to 1:00"),
        (1, "sad: 3 × from 0:00 to 1:00"),
        (1, "sad: 2 × from 2:00 to 3:00"),
    ]
    assert row.bars[1].top == pytest.approx(plots.HEADROOM)
    assert [tick.text for tick in plot.counts] == ["0", "1", "2", "3", "4"]


def test_many_minutes_share_a_stack() -> None:
    minutes = [Minute(Counter(happy=1), 1)] * (2 * plots.MAX_STACKS)
    plot = plots.plot_counts_per_minute(minutes, ("happy",))
    assert len(plot.rows[0].bars) == plots.MAX_STACKS
    assert plot.rows[0].bars[0].title == "happy: 2 × from 0:00 to 2:00"

"""Renders a report: one page of HTML that needs no other file, for a phone or paper, light or dark."""

from dataclasses import dataclass
from pathlib import Path

from edge import palette
from edge.contracts import UNCERTAIN
from edge.reporting import plots
from edge.reporting.summary import (
    Summary,
    count_by_minute,
    count_transitions,
    select_longest_seen,
    sum_times_by_label,
)

TEMPLATE = "report.html"
# How many faces get a timeline: nobody compares more of them.
MAX_TIMELINES = 30
# How opaque the cell of the most frequent transition is, 0 to 1.
MAX_SHADE = 0.6


@dataclass(frozen=True, slots=True)
class Transition:
    """How often one label followed another, and how opaque its cell is, 0 to 1."""

    count: int
    shade: float


def render_page(summary: Summary, title: str) -> str:
    """The whole page, as text."""
    # Here, so that a run that writes no report does not load it.
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "clock": plots.format_clock,
        "grouped": lambda number: f"{number:,}",
        "percent": lambda share: f"{share:.1%}",
        "tenths": lambda number: f"{number:.1f}",
    }
    colours = [
        palette.UNCERTAIN if label == UNCERTAIN else palette.get_expression_colour(index)
        for index, label in enumerate(summary.labels)
    ]
    seen = _describe(summary) if summary.rows else {}
    return environment.get_template(TEMPLATE).render(title=title, summary=summary, colours=colours, **seen)


def _describe(summary: Summary) -> dict[str, object]:
    """What the template shows of a summary with rows."""
    times = sum_times_by_label(summary)
    timelines = select_longest_seen(summary, MAX_TIMELINES)
    transitions = count_transitions(summary)
    labels = [label for label in summary.labels if any(label in pair for pair in transitions)]
    most = max(transitions.values(), default=1)
    return {
        "times": times,
        "whole_s": sum(times.values()) or 1.0,
        "longest_s": max(times.values()) or 1.0,
        "most_often": max(times, key=times.__getitem__),
        "changes": transitions.total(),
        "timelines": timelines,
        "plots": plots,
        "timelines_plot": plots.plot_timelines(timelines, summary.labels, summary.duration_s),
        "counts_plot": plots.plot_counts_per_minute(count_by_minute(summary), summary.labels),
        "transitions": {
            before: {
                after: Transition(transitions[before, after], MAX_SHADE * transitions[before, after] / most)
                for after in labels
            }
            for before in labels
        },
    }

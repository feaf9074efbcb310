"""Puts a report together: one page of HTML that needs nothing else, on a phone or on paper, light or dark."""

from collections.abc import Iterator
from html import escape

from edge import palette
from edge.contracts import UNCERTAIN
from edge.reporting.figures import Lane, Summary, longest_seen, minutes, time_by_label, transitions
from edge.reporting.plots import clock, per_minute, time_lines

# More lines than that nobody compares.
MOST_LANES = 30

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2026; --faint: #5b6470; --line: #d9dde3;
  --shade: 0, 114, 178 }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14171c; --ink: #e8eaee; --faint: #a3abb6; --line: #343a44; --shade: 86, 180, 233 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 60rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere } h2 { font-size: 1.15rem; margin: 2.2rem 0 .2rem }
p { margin: .2rem 0 .8rem; color: var(--faint) }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: .8rem; margin: 1.2rem 0 }
dl div { border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .8rem }
dt { color: var(--faint); font-size: .85rem } dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th { font-weight: 500; text-align: left } td { text-align: right; white-space: nowrap }
th, td { padding: .25rem .6rem }
.times { width: 100% } .times td:last-child { width: 60%; padding-right: 0 }
.times i { display: block; height: 1rem; border-radius: .2rem }
.follow th, .follow td { border: 1px solid var(--line) } .follow td { min-width: 3.2rem }
.wide { overflow-x: auto } .wide svg { display: block; min-width: 40rem; width: 100% }
svg text { font: 12px system-ui, sans-serif; fill: var(--faint) }
svg rect { stroke: var(--paper); stroke-width: .4 } .grid { stroke: var(--line) }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; list-style: none; padding: 0; margin: .4rem 0 .6rem }
.legend i { display: inline-block; width: .8rem; height: .8rem; border-radius: .2rem; margin-right: .4rem }
@media print { .wide svg { min-width: 0 } }
"""


def page(summary: Summary, title: str) -> str:
    """The whole page, as text."""
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}: apparent expressions</title>",
            f"<style>{STYLE}{_colours(summary)}</style>",
            "</head>",
            "<body>",
            "<main>",
            f"<h1>{escape(title)}</h1>",
            "<p>Apparent facial expressions, as a classifier labelled them: how a face looked, which is not what somebody "
            "felt.</p>",
            *_sections(summary),
            "</main>",
            "</body>",
            "</html>",
            "",
        )
    )


def _sections(summary: Summary) -> Iterator[str]:
    if not summary.rows:
        yield "<h2>No face was seen</h2><p>The events hold no row.</p>"
        return
    yield from _tiles(summary)
    yield from _times(summary)
    yield from _lines(summary)
    yield "<h2>Counts per minute</h2><p>How often each expression began on a face.</p>"
    yield _legend(summary) + per_minute(minutes(summary), summary.labels)
    yield from _transitions(summary)


def _tiles(summary: Summary) -> Iterator[str]:
    totals = time_by_label(summary)
    changes = sum(transitions(summary).values())
    tiles = {
        "Time": clock(summary.duration_s),
        "Faces": f"{len(summary.lanes):,}",
        "Readings": f"{summary.rows:,}",
        "Most often": max(totals, key=totals.__getitem__),
        "Changes": f"{changes:,}",
    }
    if summary.runs > 1:
        tiles["Runs, one after the other"] = str(summary.runs)
    yield "<dl>"
    yield from (f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in tiles.items())
    yield "</dl>"


def _times(summary: Summary) -> Iterator[str]:
    totals = time_by_label(summary)
    whole_s = sum(totals.values()) or 1.0
    longest_s = max(totals.values()) or 1.0
    yield "<h2>Time in each expression</h2>"
    yield "<p>All faces together; the share is that of the time in which faces were seen.</p>"
    yield (
        '<table class="times"><thead><tr><th scope="col">Expression</th><td>Time</td><td>Share</td><td></td></tr>'
        "</thead>"
    )
    for index, (label, time_s) in enumerate(totals.items()):
        yield (
            f'<tr><th scope="row">{escape(label)}</th><td>{time_s:.1f} s</td><td>{time_s / whole_s:.1%}</td>'
            f'<td><i class="c{index}" style="width:{time_s / longest_s:.1%}"></i></td></tr>'
        )
    yield "</table>"


def _lines(summary: Summary) -> Iterator[str]:
    lanes = longest_seen(summary, MOST_LANES)
    note = "A gap is a time in which the face was not seen."
    if len(lanes) < len(summary.lanes):
        note += f" Of {len(summary.lanes):,} faces these {len(lanes)} were seen for the longest time."
    yield f"<h2>Time line of each face</h2><p>{note}</p>{_legend(summary)}"
    yield time_lines(lanes, summary.labels, summary.duration_s)
    yield from _lane_table(lanes)


def _lane_table(lanes: list[Lane]) -> Iterator[str]:
    """The same in words, for those who cannot see the plot."""
    yield (
        '<details><summary>As a table</summary><div class="wide"><table class="follow"><thead><tr>'
        '<th scope="col">Face</th><th scope="col">From</th><th scope="col">Seen</th>'
        '<th scope="col">Longest as</th></tr></thead>'
    )
    for lane in lanes:
        longest = max(lane.spans, key=lambda span: span.duration_s)
        yield (
            f'<tr><th scope="row">{escape(lane.name)}</th><td>{clock(lane.spans[0].start_s)}</td>'
            f"<td>{lane.seen_s:.1f} s</td><td>{escape(longest.label)}, {longest.duration_s:.1f} s</td></tr>"
        )
    yield "</table></div></details>"


def _transitions(summary: Summary) -> Iterator[str]:
    counts = transitions(summary)
    yield "<h2>Transitions</h2><p>How often the expression at the left was followed by the one above.</p>"
    if not counts:
        yield "<p>No face changed its expression.</p>"
        return
    seen = [label for label in summary.labels if any(label in pair for pair in counts)]
    highest = max(counts.values())
    yield (
        '<div class="wide"><table class="follow"><thead><tr><td></td>'
        + "".join(f'<th scope="col">{escape(label)}</th>' for label in seen)
        + "</tr></thead>"
    )
    for before in seen:
        cells = (counts[before, after] for after in seen)
        yield f'<tr><th scope="row">{escape(before)}</th>'
        yield from (
            f'<td style="background:rgba(var(--shade),{0.6 * count / highest:.2f})">{count or ""}</td>'
            for count in cells
        )
        yield "</tr>"
    yield "</table></div>"


def _legend(summary: Summary) -> str:
    totals = time_by_label(summary)
    return (
        '<ul class="legend">'
        + "".join(
            f'<li><i class="c{index}"></i>{escape(label)}</li>'
            for index, label in enumerate(summary.labels)
            if totals[label]
        )
        + "</ul>"
    )


def _colours(summary: Summary) -> str:
    """A class for each label, for what is drawn in HTML and in SVG."""
    return "\n".join(
        f".c{index} {{ background: {colour}; fill: {colour} }}"
        for index, colour in (
            (index, palette.UNCERTAIN if label == UNCERTAIN else palette.get_expression_colour(index))
            for index, label in enumerate(summary.labels)
        )
    )

"""Spans, totals, transitions and minutes of scripted rows."""

import pytest

from edge.reporting.rows import EventRow
from edge.reporting.summary import (
    Span,
    count_by_minute,
    count_transitions,
    merge_into_columns,
    select_longest_seen,
    sum_times_by_label,
    summarize,
)

LABELS = ("happy", "sad", "neutral")


def rows(
    track: int, looks: str, *, start_s: float = 0.0, step_s: float = 0.5, run: int = 0
) -> list[EventRow]:
    """A row every `step_s`: h, s, n and u stand for the labels, a dot for a frame without the face."""
    names = {"h": "happy", "s": "sad", "n": "neutral", "u": "uncertain"}
    return [
        EventRow(run, number, start_s + number * step_s, track, names[look], LABELS)
        for number, look in enumerate(looks)
        if look != "."
    ]


def test_label_lasts_until_the_next_begins() -> None:
    summary = summarize(rows(1, "hhssn"))
    [timeline] = summary.timelines
    assert timeline.spans == [Span("happy", 0.0, 1.0), Span("sad", 1.0, 2.0), Span("neutral", 2.0, 2.0)]
    assert summary.labels == (*LABELS, "uncertain")
    assert (summary.rows, summary.runs, summary.duration_s) == (5, 1, 2.0)


def test_time_adds_up_over_faces_and_leaves_out_gaps() -> None:
    summary = summarize(sorted(rows(1, "hhh....hh") + rows(2, "hss"), key=lambda row: row.frame))
    assert sum_times_by_label(summary) == {
        "happy": 1.0 + 0.5 + 0.5,
        "sad": 0.5,
        "neutral": 0.0,
        "uncertain": 0.0,
    }


def test_short_loss_is_no_gap() -> None:
    [timeline] = summarize(rows(1, "hh.hh")).timelines
    assert timeline.spans == [Span("happy", 0.0, 2.0)]


def test_transition_needs_the_same_face_without_a_gap() -> None:
    summary = summarize(sorted(rows(1, "hsh...sn") + rows(2, "nnn"), key=lambda row: row.frame))
    assert count_transitions(summary) == {("happy", "sad"): 1, ("sad", "happy"): 1, ("sad", "neutral"): 1}


def test_minute_counts_begins_and_faces() -> None:
    summary = summarize([*rows(1, "h" * 241), *rows(2, "sn", start_s=130)])
    first, second, third = count_by_minute(summary)
    assert first.begins == {"happy": 1} and not second.begins and third.begins == {"sad": 1, "neutral": 1}
    assert [minute.faces for minute in (first, second, third)] == [1, 1, 2]


def test_later_run_continues_the_time_and_has_faces_of_its_own() -> None:
    summary = summarize([*rows(1, "hhh"), *rows(1, "ss", run=1)])
    assert [timeline.name for timeline in summary.timelines] == ["1", "1 of run 2"]
    assert summary.timelines[1].spans == [Span("sad", 1.0, 1.5)]
    assert not count_transitions(summary) and summary.runs == 2 and summary.duration_s == 1.5


def test_no_rows_give_an_empty_summary() -> None:
    summary = summarize([])
    assert summary.rows == 0 and count_by_minute(summary) == [] and sum_times_by_label(summary) == {}


def test_faces_seen_longest_stay_in_the_order_in_which_they_appeared() -> None:
    summary = summarize([*rows(1, "hhh"), *rows(2, "h", start_s=2), *rows(3, "hhhhh", start_s=3)])
    assert [timeline.name for timeline in select_longest_seen(summary, 2)] == ["1", "3"]


def test_column_has_the_label_that_fills_most_of_it() -> None:
    spans = [Span("happy", 0.0, 0.9), Span("sad", 0.9, 1.2), Span("happy", 1.2, 3.0), Span("sad", 5.0, 5.9)]
    merged = [(span.label, span.start_s, span.end_s) for span in merge_into_columns(spans, 1.0)]
    assert merged == [("happy", 0.0, pytest.approx(4.0)), ("sad", 5.0, 6.0)]


def test_there_are_no_more_spans_than_columns() -> None:
    spans = [Span("happy" if number % 2 else "sad", number / 10, (number + 1) / 10) for number in range(1000)]
    assert len(merge_into_columns(spans, 5.0)) <= 21

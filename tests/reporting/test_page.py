"""The page is escaped, complete for every summary, and well-formed."""

from xml.etree import ElementTree

import pytest

from edge.reporting.page import render_page
from edge.reporting.summary import Span, Summary, Timeline

HOSTILE = "</p><script>&\"'"


def body_of(page: str) -> ElementTree.Element:
    return ElementTree.fromstring(page[page.index("<body>") : page.index("</html>")])


def summary_of(label: str, *spans: Span, runs: int = 1) -> Summary:
    return Summary((label, "uncertain"), (Timeline("1", list(spans)),), 3, runs, 9.0)


def test_labels_and_title_are_escaped_everywhere() -> None:
    page = render_page(
        summary_of(HOSTILE, Span(HOSTILE, 0.0, 4.0), Span("uncertain", 4.0, 9.0)), title=HOSTILE
    )
    assert "<script" not in page
    body = body_of(page)
    assert body.findtext(".//h1") == HOSTILE
    headings = [cell.text for cell in body.iter("th") if cell.get("scope") == "row"]
    assert headings.count(HOSTILE) == 2


def test_face_that_keeps_its_expression_has_no_transition() -> None:
    assert "No face changed its expression" in render_page(summary_of("happy", Span("happy", 0.0, 9.0)), "t")


@pytest.mark.parametrize(("runs", "is_shown"), [(1, False), (2, True)])
def test_number_of_runs_is_shown_where_there_are_several(runs: int, *, is_shown: bool) -> None:
    page = render_page(summary_of("happy", Span("happy", 0.0, 9.0), runs=runs), "t")
    assert ("Runs, one after the other" in page) == is_shown


def test_span_of_a_single_frame_divides_by_nothing() -> None:
    page = render_page(
        Summary(("happy", "uncertain"), (Timeline("1", [Span("happy", 0.0, 0.0)]),), 1, 1, 0.0), "t"
    )
    assert body_of(page).findtext(".//h1") == "t"

"""The command that makes a page with plots of the events that --events wrote."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from edge import files
from edge.command import ArgumentParser, command, make_parser
from edge.errors import ConfigError, DataError, SinkError
from edge.reporting.page import render_page
from edge.reporting.rows import EventRow, read_rows
from edge.reporting.summary import summarize
from edge.rotation import list_series


def write(events: Sequence[Path], report: Path, title: str | None = None) -> None:
    """Write the page about `events` and the files rotated before them.

    Raises DataError for events that cannot be read, SinkError for a report that cannot be written, and
    ConfigError for a report in place of events.
    """
    series = list(dict.fromkeys(file for path in events for file in _find_files(path)))
    if any(report.exists() and report.samefile(file) for file in series):
        raise ConfigError(
            f"expected another file than the events' for the report, found {report}; name another"
        )
    text = render_page(summarize(_show_progress(read_rows(series))), title or events[-1].stem)
    try:
        files.write(report, text)
    except OSError as error:
        raise SinkError(
            f"expected to write a report to {report}, found: {error.strerror}; "
            "make room, or name another file"
        ) from error


def _find_files(path: Path) -> list[Path]:
    """The files of the series whose newest file is `path`; DataError if there is none."""
    series = list_series(path) if path.parent.is_dir() else []
    if not series:
        raise DataError(f"expected events in {path}, found no file there; name one that --events wrote")
    return series


def _show_progress(rows: Iterator[EventRow]) -> Iterator[EventRow]:
    """`rows`; a terminal shows their count if there are many."""
    yield from tqdm(rows, unit=" rows", desc="reading", disable=None, leave=False, delay=1)


def _make_parser() -> ArgumentParser:
    parser = make_parser(
        "python -m edge.report",
        "Make a page with plots of the events that --events wrote: time in each expression, a time line "
        "of each face, counts per minute, transitions.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "events",
        type=Path,
        nargs="+",
        metavar="EVENTS",
        help="a .csv or .jsonl that --events wrote; files rotated before it are read, too",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="the page to write (default: beside the last EVENTS, with the ending .html)",
    )
    parser.add_argument("--title", help="the heading of the page (default: the name of the last EVENTS)")
    return parser


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    chosen = _make_parser().parse_args(arguments)
    report = chosen.output or chosen.events[-1].with_suffix(".html")
    write(chosen.events, report, chosen.title)
    print(report)


if __name__ == "__main__":
    sys.exit(main())

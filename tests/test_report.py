"""The report as its reader sees it, and the command's refusals."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from edge import report

HEADER = "frame,time_s,track,p_happy,p_sad,label\n"


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """Two minutes of two faces, and half a minute that was rotated before them."""

    def text(frames: range) -> str:
        labels = ("happy", "sad", "uncertain")
        return HEADER + "".join(
            f"{frame},{frame / 10:.3f},{track},0.5,0.5,{labels[(frame // 100 + track) % 3]}\n"
            for frame in frames
            for track in (1, 2)
        )

    (tmp_path / "day-0001.csv").write_text(text(range(300)))
    (tmp_path / "day.csv").write_text(text(range(300, 1500)))
    return tmp_path / "day.csv"


def read_tiles(page: Path) -> tuple[dict[str, str], ElementTree.Element]:
    """The tiles, and the body, which is well-formed."""
    text = page.read_text(encoding="utf-8")
    body = ElementTree.fromstring(text[text.index("<body>") : text.index("</html>")])
    [tiles] = body.iter("dl")
    return {tile.findtext("dt") or "": tile.findtext("dd") or "" for tile in tiles}, body


def test_page_covers_all_files_of_the_series(events: Path) -> None:
    assert report.main([str(events)]) == 0
    tiles, body = read_tiles(events.with_suffix(".html"))
    assert tiles == {
        "Time": "2:29",
        "Faces": "2",
        "Readings": "3,000",
        "Most often": "uncertain",
        "Changes": "28",
    }
    headings = [heading.text for heading in body.iter("h2")]
    assert headings == [
        "Time in each expression",
        "Time line of each face",
        "Counts per minute",
        "Transitions",
    ]
    lines, counts = body.iter("svg")
    assert len(list(lines.iter("rect"))) == 30
    assert sum(1 for text in lines.iter("text") if (text.text or "").startswith("face ")) == 2
    # Two faces begin six times a minute, and what they begin with: three minutes of at most three labels.
    assert 6 <= len(list(counts.iter("rect"))) <= 9


def test_page_needs_no_other_file(events: Path) -> None:
    report.main([str(events)])
    text = events.with_suffix(".html").read_text()
    assert not any(word in text for word in ("http:", "https:", "src=", "url(", "@import", "<script"))


def test_names_are_escaped(events: Path) -> None:
    events.write_text(events.read_text().replace(",happy\n", ",<b>&\n"))
    assert report.main([str(events), "--title", "<script>"]) == 0
    text = events.with_suffix(".html").read_text()
    assert "<script" not in text and "<b>" not in text and "&lt;b&gt;&amp;" in text


def test_page_without_a_face_says_so(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text(HEADER)
    assert report.main([str(tmp_path / "out.csv")]) == 0
    assert "No face was seen" in (tmp_path / "out.html").read_text()


def test_long_day_with_many_changes_stays_a_small_page(tmp_path: Path) -> None:
    rows = (
        f"{frame},{frame:.1f},{track},0.5,0.5,{('happy', 'sad')[frame % 2]}\n"
        for frame in range(12 * 3600)
        for track in (frame // 600,)
    )
    (tmp_path / "out.csv").write_text(HEADER + "".join(rows))
    assert report.main([str(tmp_path / "out.csv")]) == 0
    assert (tmp_path / "out.html").stat().st_size < 500_000
    assert "Of 72 faces these 30" in (tmp_path / "out.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (["none.csv"], 65, "expected events in none.csv, found no file there"),
        (["none/none.csv"], 65, "found no file there"),
        (["day.csv", "--output", "day.csv"], 78, "expected another file than the events'"),
        (["day.csv", "--output", "day-0001.csv"], 78, "expected another file than the events'"),
        (["day.csv", "--output", "none/out.html"], 74, "expected to write a report to none/out.html"),
        (["day.csv", "--outptu", "x"], 78, "--help lists"),
        ([], 78, "--help lists"),
    ],
)
def test_bad_input_is_one_line(
    events: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    exit_code: int,
    message: str,
) -> None:
    monkeypatch.chdir(events.parent)
    assert report.main(arguments) == exit_code
    assert message in capsys.readouterr().err
    assert sorted(path.name for path in events.parent.iterdir()) == ["day-0001.csv", "day.csv"]


def test_command_runs_as_a_module(events: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "edge.report", str(events)], capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{events.with_suffix('.html')}\n", "")

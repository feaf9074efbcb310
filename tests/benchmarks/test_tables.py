"""Tables, and two runs side by side; the machine's own words."""

import json
from pathlib import Path

import pytest

from benchmarks import machine_info, tables
from benchmarks.arithmetic import Spread
from benchmarks.machine_info import Condition, Watched
from edge import files
from edge.board import Board
from edge.errors import ConfigError

COOL, HOT = Board("Raspberry Pi 5", 50.0), Board("Raspberry Pi 5", 85.0, ("throttled",), ("throttled",))


def figures_of(board: str, *, is_doubtful: bool = False) -> dict[str, object]:
    return {"command": "line", "machine": {"board": board}, "condition": {"is_doubtful": is_doubtful}}


def test_columns_are_aligned() -> None:
    assert tables.table(["", "ms"], [["decode", "0.42"], ["draw", "10.1"]]).splitlines() == [
        "          ms",
        "decode  0.42",
        "draw    10.1",
    ]


@pytest.mark.parametrize(
    ("value", "text"), [(0.0123, "0.012"), (1.2345, "1.23"), (12.345, "12.3"), (1234.5, "1234"), (0, "0.000")]
)
def test_three_digits_are_told(value: float, text: str) -> None:
    assert tables.number(value) == text


def test_comparison_tells_what_changed(tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    tables.write(
        old, figures_of("Pi 4", is_doubtful=True), {"slow": Spread(9, 8, 10), "same": Spread(1, 1, 1)}
    )
    text = tables.comparison(old, figures_of("Pi 5"), {"slow": Spread(3, 2, 4), "same": Spread(1, 1, 1)})
    assert "board was Pi 4, is Pi 5" in text
    assert "doubtful" in text
    assert "1 of 2 figures changed" in text
    assert "× 0.33" in text


@pytest.mark.parametrize("content", ["", "[]", "{}", "no JSON"])
def test_file_without_figures_is_refused(tmp_path: Path, content: str) -> None:
    old = tmp_path / "old.json"
    old.write_text(content)
    with pytest.raises(ConfigError, match="old.json"):
        tables.comparison(old, {}, {})


def test_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        tables.comparison(tmp_path / "none.json", {}, {})


def test_figures_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="none/out.json"):
        tables.write(tmp_path / "none" / "out.json", {}, {})


def test_throttling_while_figures_were_taken_makes_them_doubtful() -> None:
    boards = iter([COOL, HOT])
    with Watched(lambda: next(boards)) as watched:
        pass
    warning = watched.condition.warnings()[0]
    assert "throttled" in warning
    assert machine_info.condition(watched.condition)["is_doubtful"]


def test_busy_machine_makes_figures_doubtful() -> None:
    assert Condition(COOL, COOL, load=0.1).warnings() == []
    assert "50%" in Condition(COOL, COOL, load=0.5).warnings()[0]


def test_machine_is_described(tmp_path: Path) -> None:
    model = tmp_path / "fer.onnx"
    model.write_bytes(b"model")
    found = machine_info.described(model)
    assert found["model_sha256"] == files.sha256(model)
    assert found["cores"] >= 1
    json.dumps(found)
    assert "fer.onnx" in machine_info.headline(found)

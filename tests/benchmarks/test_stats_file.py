"""The stats of a run in a file, and two runs compared."""

from pathlib import Path

import pytest

from benchmarks.arithmetic import Spread
from benchmarks.stats_file import compare_with_file, write_stats
from edge.errors import ConfigError


def make_stats(board: str, *, is_doubtful: bool = False) -> dict[str, object]:
    return {"command": "line", "machine": {"board": board}, "condition": {"is_doubtful": is_doubtful}}


def test_comparison_says_what_changed(tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    write_stats(
        old, make_stats("Pi 4", is_doubtful=True), {"slow": Spread(9, 8, 10), "same": Spread(1, 1, 1)}
    )
    text = compare_with_file(old, make_stats("Pi 5"), {"slow": Spread(3, 2, 4), "same": Spread(1, 1, 1)})
    assert "board was Pi 4, is Pi 5" in text
    assert "doubtful" in text
    assert "1 of 2 values changed" in text
    assert "× 0.33" in text


@pytest.mark.parametrize("content", ["", "[]", "{}", "no JSON"])
def test_file_without_stats_is_refused(tmp_path: Path, content: str) -> None:
    old = tmp_path / "old.json"
    old.write_text(content)
    with pytest.raises(ConfigError, match=r"old\.json"):
        compare_with_file(old, {}, {})


def test_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        compare_with_file(tmp_path / "none.json", {}, {})


def test_stats_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none/out\.json"):
        write_stats(tmp_path / "none" / "out.json", {}, {})

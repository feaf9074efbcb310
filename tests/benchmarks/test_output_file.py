"""Files that the user names."""

import json
from pathlib import Path

import pytest

from benchmarks.output_file import write_bytes, write_json
from edge.errors import ConfigError


def test_json_is_readable_by_people_and_programs(tmp_path: Path) -> None:
    write_json(tmp_path / "stats.json", {"clip": "größer.mp4", "frames": 3})
    text = (tmp_path / "stats.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"clip": "größer.mp4", "frames": 3}
    assert "größer" in text and text.count("\n") == 4


def test_fault_names_the_file_and_leaves_the_old_one(tmp_path: Path) -> None:
    old = tmp_path / "folder"
    old.mkdir()
    with pytest.raises(ConfigError, match=r"expected to write .*folder, found: .*; name another file"):
        write_bytes(old, b"new")
    assert old.is_dir() and list(tmp_path.iterdir()) == [old]

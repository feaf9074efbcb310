"""The description of the machine, and its condition around a benchmark."""

import json
import subprocess
from pathlib import Path

import pytest

from benchmarks import machine_info
from benchmarks.machine_info import (
    Condition,
    ConditionRecorder,
    describe_condition,
    describe_machine,
    format_machine,
)
from edge import files
from edge.board import Board

COOL, HOT = Board("Raspberry Pi 5", 50.0), Board("Raspberry Pi 5", 85.0, ("throttled",), ("throttled",))


def test_throttling_makes_the_stats_doubtful() -> None:
    boards = iter([COOL, HOT])
    with ConditionRecorder(lambda: next(boards)) as recorder:
        pass
    warning = recorder.condition.list_warnings()[0]
    assert "throttled" in warning
    assert describe_condition(recorder.condition)["is_doubtful"]


def test_busy_machine_makes_the_stats_doubtful() -> None:
    assert Condition(COOL, COOL, load=0.1).list_warnings() == []
    assert "50%" in Condition(COOL, COOL, load=0.5).list_warnings()[0]


def test_machine_is_described(tmp_path: Path) -> None:
    model = tmp_path / "fer.onnx"
    model.write_bytes(b"model")
    machine = describe_machine(model)
    assert machine["model_sha256"] == files.sha256(model)
    assert machine["cores"] >= 1
    json.dumps(machine)
    assert "fer.onnx" in format_machine(machine)


def test_condition_holds_the_board_before_and_after() -> None:
    boards = iter([COOL, HOT])
    with ConditionRecorder(lambda: next(boards)) as recorder:
        pass
    assert (recorder.condition.before, recorder.condition.after) == (COOL, HOT)
    described = describe_condition(recorder.condition)
    assert (described["temperature_c_before"], described["temperature_c_after"]) == (50.0, 85.0)
    assert described["throttled"] == described["was_throttled_since_boot"] == ["throttled"]


def run_git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_commit_has_a_plus_where_files_differ_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_info, "_ROOT", tmp_path)
    assert machine_info._read_commit() is None
    (tmp_path / "file").write_text("one")
    run_git(tmp_path, "init", "--quiet")
    run_git(tmp_path, "add", "file")
    run_git(tmp_path, "commit", "--quiet", "--message", "one")
    commit = run_git(tmp_path, "rev-parse", "--short", "HEAD")
    assert machine_info._read_commit() == commit
    (tmp_path / "file").write_text("two")
    assert machine_info._read_commit() == f"{commit}+"

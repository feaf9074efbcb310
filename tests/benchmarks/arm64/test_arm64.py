"""The benchmark arm64, up to where it needs the emulator."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import main
from benchmarks.arm64 import emulator
from benchmarks.arm64.emulated_boards import BOARDS, EmulatedBoard
from benchmarks.arm64.instruction_counts import STAGES, get_codes
from edge.errors import ConfigError


def test_machine_without_emulator_hears_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="apt install qemu-user"):
        emulator.prepare(tmp_path / "root")
    assert not (tmp_path / "root").exists()


def test_command_without_clip_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["arm64", "--clip", str(tmp_path / "none.mp4")]) == 69
    assert "found no file" in capsys.readouterr().err


def move_boxes(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**frame, "boxes": [[left + 20, *rest] for left, *rest in frame["boxes"]]} for frame in found]


@pytest.mark.parametrize(("differs", "code"), [(False, 0), (True, 1)], ids=["equal", "different"])
def test_results_are_compared_and_counts_reported(
    face_clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    differs: bool,
    code: int,
) -> None:
    """The emulator's place is taken by this machine, and each stage takes 500 instructions."""

    def run(board: EmulatedBoard, root: Path, arguments: Sequence[str], marks: Path) -> str:
        found = json.loads(emulator.run_native(arguments))
        codes = [code for _ in found for stage in STAGES[1:] for code in get_codes(stage)]
        marks.write_text("".join(f"{code} {500 * number}\n" for number, code in enumerate(codes)))
        return json.dumps(move_boxes(found) if differs else found)

    monkeypatch.setattr(emulator, "prepare", lambda root: None)
    monkeypatch.setattr(emulator, "run_emulated", run)
    out = tmp_path / "arm64.json"
    assert main(["arm64", "--clip", str(face_clip), "--frames", "2", "--json", str(out)]) == code
    stats = json.loads(out.read_text())
    assert list(stats["boards"]) == [board.name for board in BOARDS]
    for board in stats["boards"].values():
        assert board["is_equal"] == {"whole": not differs, "follow": not differs}
        assert board["instructions_per_frame"]["follow"]["draw"] == 500
    printed = capsys.readouterr().out
    assert "DIFFERENT" in printed if differs else "equal: the same boxes in 2 of 2 frames" in printed

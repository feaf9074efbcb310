"""Instruction counts, estimates and comparisons by hand; the frame's work by the real parts, as this machine's code."""

from pathlib import Path

import pytest

from benchmarks import clip
from benchmarks.arm64 import __main__ as command
from benchmarks.arm64 import comparison, emulator, laps, work
from benchmarks.arm64.boards import BOARDS, Board
from edge.errors import ConfigError
from edge.settings.config import Config


def marks(*stages: tuple[str, int, int]) -> list[tuple[int, int]]:
    """Marks before and after each stage at the counts given, in the order of the counts."""
    made = [
        (code, count) for stage, start, end in stages for code, count in zip(laps.codes(stage), (start, end))
    ]
    return sorted(made, key=lambda mark: mark[1])


def test_a_mark_costs_nothing_in_the_stages() -> None:
    # Each mark costs 10: a lap pays for one of its own and two for each lap within it.
    told = laps.by_stage(
        marks(
            ("nothing", 0, 10),
            ("nothing", 20, 30),
            ("search", 100, 1230),
            ("region search", 200, 510),
            ("part search", 600, 1110),
        )
    )
    assert told == {"region search": [300], "part search": [500], "search": [1080]}


def test_stages_are_averaged_over_all_frames() -> None:
    assert laps.per_frame({"part search": [300, 500], "draw": [10, 10, 10, 10]}, 4) == {
        "part search": 200,
        "draw": 10,
    }


def test_codes_are_read_back() -> None:
    written = [f"{code} {100 * code}" for stage in laps.STAGES for code in laps.codes(stage)]
    assert set(laps.by_stage(laps.read(written))) == set(laps.STAGES) - {"nothing"}


def test_estimate_is_instructions_over_rate() -> None:
    board = Board("Pi", "cortex", "fp", 0, 1, 2, clock_ghz=2.0, low_ipc=0.5, likely_ipc=1.0, high_ipc=2.0)
    assert board.milliseconds(4e6) == (1.0, 2.0, 4.0)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_cpuinfo_tells_the_processor_of_four_cores(board: Board) -> None:
    text = board.cpuinfo()
    assert text.count("processor\t: ") == 4
    assert f"CPU part\t: {board.part:#x}" in text
    assert board.low_ipc < board.likely_ipc < board.high_ipc


def found(left: int, probability: float) -> dict[str, list[list[float]]]:
    return {"boxes": [[left, 5, 60, 60]], "int8": [[probability, 1 - probability]], "float": [[0.5, 0.5]]}


NOBODY: dict[str, list[list[float]]] = {"boxes": [], "int8": [], "float": []}


def test_rounding_is_no_difference() -> None:
    told = comparison.compared(
        [found(10, 0.7)] * 9 + [found(10, 0.7)], [found(10, 0.70001)] * 9 + [found(12, 0.2)]
    )
    assert told.is_equal and (told.same_boxes, told.most_px) == (9, 2)
    assert told.int8 == pytest.approx(1e-5)


@pytest.mark.parametrize(
    "other", [found(10, 0.6), found(11, 0.7), NOBODY], ids=["probability", "box", "no face"]
)
def test_difference_is_told(other: dict[str, list[list[float]]]) -> None:
    assert not comparison.compared([found(10, 0.7)], [other]).is_equal
    assert "DIFFERENT" in str(comparison.compared([found(10, 0.7)], [other]))


def test_report_sums_what_a_watched_frame_costs() -> None:
    whole = {"search": 40e6, "whole search": 40e6, "draw": 1e6}
    follow = {"search": 10e6, "region search": 8e6, "draw": 1e6}
    lines = command.report(BOARDS[0], whole, follow).splitlines()
    rows = {
        cells[1].strip(): [cell.strip() for cell in cells[2:-1]]
        for cells in (line.split("|") for line in lines)
        if len(cells) > 3
    }
    assert rows["**nobody watches**"][:3] == ["40.00", "10.00", "4.0"]
    assert rows["**watched**"][:3] == ["41.00", "11.00", "3.7"]
    assert rows["whole search"][1:3] == ["0.00", "–"]
    assert "1.5 GHz" in lines[-1]


@pytest.mark.parametrize("follows", [True, False])
def test_work_finds_the_face(face_clip: Path, *, follows: bool) -> None:
    told = work.worked(clip.load(face_clip), 12, Config(detector="haar"), follows=follows)
    assert len(told) == 12
    # The last of the frames: following needs some to have looked everywhere.
    assert len(told[-1]["boxes"]) == len(told[-1]["int8"]) == len(told[-1]["float"]) == 1
    assert sum(told[-1]["int8"][0]) == pytest.approx(1, abs=1e-3)


def test_machine_without_emulator_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="apt install qemu-user"):
        emulator.prepare(tmp_path / "root")
    assert not (tmp_path / "root").exists()


def test_command_without_clip_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--clip", str(tmp_path / "none.mp4")]) == 69
    assert "found no file" in capsys.readouterr().err

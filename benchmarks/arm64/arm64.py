"""The benchmark arm64: counts a frame's arm64 instructions, and compares its results with this machine's."""

import json
import sys
import tempfile
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.arm64 import emulator
from benchmarks.arm64.emulated_boards import BOARDS, EmulatedBoard
from benchmarks.arm64.estimate import Counts, format_estimate
from benchmarks.arm64.instruction_counts import average_per_frame, count_by_stage, parse_marks
from benchmarks.arm64.result_comparison import Comparison, compare_results
from benchmarks.clip import load_clip, write_clip
from benchmarks.output_file import write_json

# The ways to find faces that are counted, as the workload names them.
WAYS = ("whole", "follow")


def run(chosen: Namespace) -> int:
    """Print a table for each board; return 1 when results differ by more than rounding, 0 otherwise."""
    clip = load_clip(chosen.clip)
    root = emulator.find_root_folder()
    _report(f"the arm64 system in {root}")
    emulator.prepare(root)
    detector = "yunet" if chosen.yunet else "haar"
    boards: dict[str, Any] = {}
    is_equal = True
    print(f"{chosen.clip.name}, {clip.width}×{clip.height}, {chosen.frames} frames, detector {detector}")
    with tempfile.TemporaryDirectory() as folder:
        clip_file, marks = Path(folder) / "clip", Path(folder) / "marks"
        write_clip(clip, clip_file)
        for board in BOARDS:
            counts: dict[str, Counts] = {}
            comparisons: dict[str, Comparison] = {}
            for way in WAYS:
                _report(f"{board.name}, {way}")
                arguments = [str(clip_file), str(chosen.frames), detector, way]
                arguments += [chosen.yunet] if chosen.yunet else []
                counts[way], comparisons[way] = _count_and_compare(board, root, arguments, marks)
            is_equal = is_equal and all(comparison.is_equal for comparison in comparisons.values())
            _print_board(board, counts, comparisons)
            boards[board.name] = _describe_board(board, counts, comparisons)
    if chosen.json:
        stats = {
            "command": "arm64",
            "clip": chosen.clip.name,
            "frames": chosen.frames,
            "detector": detector,
            "boards": boards,
        }
        write_json(chosen.json, stats)
    return 0 if is_equal else 1


def _count_and_compare(
    board: EmulatedBoard, root: Path, arguments: Sequence[str], marks: Path
) -> tuple[Counts, Comparison]:
    """Count the instructions of a frame by stage, and compare what was found with what this machine finds."""
    emulated = json.loads(emulator.run_emulated(board, root, arguments, marks))
    laps = count_by_stage(parse_marks(marks.read_text().splitlines()))
    comparison = compare_results(json.loads(emulator.run_native(arguments)), emulated)
    return average_per_frame(laps, len(emulated)), comparison


def _print_board(board: EmulatedBoard, counts: dict[str, Counts], comparisons: dict[str, Comparison]) -> None:
    print(f"\n{format_estimate(board, counts['whole'], counts['follow'])}\n")
    print(f"compared with this machine, following:         {comparisons['follow']}")
    print(f"compared with this machine, every whole frame: {comparisons['whole']}", flush=True)


def _describe_board(
    board: EmulatedBoard, counts: dict[str, Counts], comparisons: dict[str, Comparison]
) -> dict[str, Any]:
    return {
        "instructions_per_frame": counts,
        "assumed": {
            "clock_ghz": board.clock_ghz,
            "ipc": [board.low_ipc, board.likely_ipc, board.high_ipc],
        },
        "is_equal": {way: comparison.is_equal for way, comparison in comparisons.items()},
    }


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)

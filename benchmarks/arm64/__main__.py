"""The command: counts the arm64 instructions of a frame by stage, compares the results with this machine's.

python -m benchmarks.arm64 --clip FILE [--yunet FILE] [--frames N] [--json OUT]
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import clip, files
from benchmarks.arm64 import comparison, emulator, laps
from benchmarks.arm64.boards import BOARDS, Board
from benchmarks.arm64.comparison import Comparison
from edge.command import ArgumentParser, command, make_parser

# Four turns of the search for new faces at 25 frames a second are 25 frames; as many again, and some.
FRAMES = 60
# What a frame costs while nobody watches, and while somebody does.
UNWATCHED = ("decode grey", "search", "preprocess", "infer int8", "smooth")
WATCHED = ("decode colour", *UNWATCHED[1:], "draw", "encode")
Counts = Mapping[str, float]


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 1 when the results differ by more than rounding."""
    return _run(_parser().parse_args(arguments))


def _parser() -> ArgumentParser:
    parser = make_parser(
        "python -m benchmarks.arm64",
        (
            "Run the work of each frame as arm64 code under QEMU, count its instructions by stage, with faces followed and "
            "with every whole frame searched, check that the results are those of this machine, and estimate the time on "
            "a Raspberry Pi 4 and 5. Makes a Debian for arm64 below $XDG_CACHE_HOME/fer-edge/arm64 the first time, "
            "which needs root, the packages debootstrap, gcc and qemu-user (Debian 12's), and a network."
        ),
    )
    parser.add_argument("--clip", type=Path, required=True, metavar="FILE", help="a video with a face")
    parser.add_argument("--yunet", metavar="FILE", help="YuNet's model: count for it (default: for Haar)")
    parser.add_argument(
        "--frames", type=int, default=FRAMES, metavar="N", help=f"how many (default: {FRAMES})"
    )
    parser.add_argument(
        "--json", type=Path, metavar="OUT", help="write the figures to this file (default: none)"
    )
    return parser


def _run(chosen: argparse.Namespace) -> int:
    loaded = clip.load(chosen.clip)
    root = emulator.folder()
    _say(f"the arm64 system in {root}")
    emulator.prepare(root)
    detector = ["yunet", chosen.yunet] if chosen.yunet else ["haar"]
    told: dict[str, Any] = {}
    is_equal = True
    print(
        f"{chosen.clip.name}, {loaded.width}×{loaded.height}, {chosen.frames} frames, detector {detector[0]}"
    )
    with tempfile.TemporaryDirectory() as place:
        clip.store(loaded, stored := Path(place) / "clip")
        for board in BOARDS:
            counts: dict[str, Counts] = {}
            found: dict[str, Comparison] = {}
            for how in ("whole", "follow"):
                _say(f"{board.name}, {how}")
                order = [str(stored), str(chosen.frames), detector[0], how, *detector[1:]]
                counts[how], found[how] = _counted(board, root, order, Path(place) / "marks")
            is_equal = is_equal and all(each.is_equal for each in found.values())
            print(f"\n{report(board, counts['whole'], counts['follow'])}\n")
            print(
                f"against this machine: following {found['follow']}\n                      whole {found['whole']}",
                flush=True,
            )
            told[board.name] = {
                "instructions_per_frame": counts,
                "assumed": {
                    "clock_ghz": board.clock_ghz,
                    "ipc": [board.low_ipc, board.likely_ipc, board.high_ipc],
                },
                "is_equal": {how: each.is_equal for how, each in found.items()},
            }
    if chosen.json:
        files.write_json(
            chosen.json,
            {
                "command": "arm64",
                "clip": chosen.clip.name,
                "frames": chosen.frames,
                "detector": detector[0],
                "boards": told,
            },
        )
    return 0 if is_equal else 1


def _counted(board: Board, root: Path, order: Sequence[str], marks: Path) -> tuple[Counts, Comparison]:
    """Instructions of a frame by stage, and how what was found compares with this machine's."""
    arm = json.loads(emulator.emulated(board, root, order, marks))
    counted = laps.by_stage(laps.read(marks.read_text().splitlines()))
    return laps.per_frame(counted, len(arm)), comparison.compared(json.loads(emulator.native(order)), arm)


def report(board: Board, whole: Counts, follow: Counts) -> str:
    """The table for a board: instructions of a frame, and the time that one core is estimated to take."""
    heads = (
        f"{board.name} ({board.processor})",
        "every whole frame, 10⁶",
        "following, 10⁶",
        "ratio",
        "every whole frame, ms",
        "following, ms",
    )
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    lines += [
        _row(stage, whole.get(stage, 0.0), follow.get(stage, 0.0), board)
        for stage in laps.STAGES
        if stage in whole or stage in follow
    ]
    for name, stages in (("**nobody watches**", UNWATCHED), ("**watched**", WATCHED)):
        lines.append(_row(name, _sum(whole, stages), _sum(follow, stages), board))
    # The searches are parts of the stage search, and the float network runs in place of the int8 one.
    assumed = (
        f"Milliseconds of one core, likely (best to worst), where {board.clock_ghz:g} GHz and "
        f"{board.likely_ipc:g} ({board.high_ipc:g} to {board.low_ipc:g}) instructions a cycle are assumed."
    )
    return "\n".join([*lines, "", assumed])


def _row(name: str, whole: float, follow: float, board: Board) -> str:
    ratio = f"{whole / follow:.1f}" if follow and whole else "–"
    return (
        f"| {name} | {whole / 1e6:.2f} | {follow / 1e6:.2f} | {ratio} | {_milliseconds(whole, board)} | "
        f"{_milliseconds(follow, board)} |"
    )


def _milliseconds(instructions: float, board: Board) -> str:
    best, likely, worst = board.milliseconds(instructions)
    return f"{likely:.1f} ({best:.1f} to {worst:.1f})" if instructions else "–"


def _sum(counts: Counts, stages: Sequence[str]) -> float:
    return sum(counts.get(stage, 0.0) for stage in stages)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""The table for an emulated board: a frame's instructions by stage, and an estimate of their time."""

from collections.abc import Mapping, Sequence

from benchmarks.arm64.emulated_boards import EmulatedBoard
from benchmarks.arm64.instruction_counts import STAGES

# The stages of a frame while nobody watches, and while somebody does.  The kinds of search are parts of the
# stage search; the float model, which runs beside the int8 one, is in neither.
UNWATCHED = ("decode grey", "search", "preprocess", "infer int8", "smooth")
WATCHED = ("decode colour", *UNWATCHED[1:], "draw", "encode")

# Instructions of a frame by stage.
Counts = Mapping[str, float]


def format_estimate(board: EmulatedBoard, whole: Counts, follow: Counts) -> str:
    """Format as Markdown the instructions of a frame, the estimated time of one core, and the assumptions.

    `whole` are the counts with every whole frame searched, `follow` those with faces followed.
    """
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
        _format_row(stage, whole.get(stage, 0.0), follow.get(stage, 0.0), board)
        for stage in STAGES
        if stage in whole or stage in follow
    ]
    for name, stages in (("**nobody watches**", UNWATCHED), ("**watched**", WATCHED)):
        lines.append(_format_row(name, _sum_up(whole, stages), _sum_up(follow, stages), board))
    assumptions = (
        f"Milliseconds of one core, likely (best to worst), assuming {board.clock_ghz:g} GHz and "
        f"{board.likely_ipc:g} ({board.high_ipc:g} to {board.low_ipc:g}) instructions a cycle."
    )
    return "\n".join([*lines, "", assumptions])


def _format_row(name: str, whole: float, follow: float, board: EmulatedBoard) -> str:
    ratio = f"{whole / follow:.1f}" if follow and whole else "–"
    return (
        f"| {name} | {whole / 1e6:.2f} | {follow / 1e6:.2f} | {ratio} | {_format_ms(whole, board)} | "
        f"{_format_ms(follow, board)} |"
    )


def _format_ms(instructions: float, board: EmulatedBoard) -> str:
    best, likely, worst = board.estimate_ms(instructions)
    return f"{likely:.1f} ({best:.1f} to {worst:.1f})" if instructions else "–"


def _sum_up(counts: Counts, stages: Sequence[str]) -> float:
    return sum(counts.get(stage, 0.0) for stage in stages)

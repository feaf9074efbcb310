"""Sums up all runs of all peers: medians, ratios to ours, the table and the JSON."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks.peers.turns import KEYS, Participant, RunStats

HEADS = (
    "",
    "frames/s",
    "× slower than the first row",
    "CPU ms/frame",
    "× the CPU of the first row",
    "resident MB",
    "first result s",
    "frames with a face",
)


def compute_medians(runs: Sequence[RunStats]) -> RunStats:
    """Compute the median of each value."""
    return {key: median(run[key] for run in runs) for key in KEYS}


def compute_ratio(ours: Sequence[RunStats], theirs: Sequence[RunStats], key: str) -> float:
    """Compute ours divided by theirs, as the median of the ratios within each pass."""
    # A peer that was excluded has fewer runs than ours.
    return median(our[key] / their[key] for our, their in zip(ours, theirs, strict=False))


def make_rows(participants: Sequence[Participant]) -> list[tuple[str, ...]]:
    """Make the rows of those that ran, in the order given; all are compared with the first of them."""
    ran = [participant for participant in participants if participant.runs]
    rows: list[tuple[str, ...]] = []
    for participant in ran:
        medians = compute_medians(participant.runs)
        rows.append(
            (
                participant.name,
                f"{medians['frames_per_s']:.0f}",
                f"{compute_ratio(ran[0].runs, participant.runs, 'frames_per_s'):.1f}",
                f"{medians['cpu_ms_per_frame']:.1f}",
                f"{1 / compute_ratio(ran[0].runs, participant.runs, 'cpu_ms_per_frame'):.1f}",
                f"{medians['rss_mb']:.0f}",
                f"{medians['first_result_s']:.2f}",
                f"{medians['frames_with_face'] / medians['frames']:.0%}",
            )
        )
    return rows


def format_table(participants: Sequence[Participant]) -> str:
    """Format as Markdown the stats of those that ran, then the reasons of those that were excluded."""
    lines = ["| " + " | ".join(HEADS) + " |", "|---" * len(HEADS) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in make_rows(participants)]
    names_by_reason: dict[str, list[str]] = {}
    for participant in participants:
        if participant.excluded_because is not None:
            names_by_reason.setdefault(participant.excluded_because, []).append(participant.name)
    reasons = [f"- {'; '.join(names)}: {reason}" for reason, names in names_by_reason.items()]
    return "\n".join([*lines, *([""] if reasons else []), *reasons])


def describe_participants(participants: Sequence[Participant]) -> list[dict[str, Any]]:
    """Describe for the JSON every run of every participant with its medians, or why there is none."""
    ran = [participant for participant in participants if participant.runs]
    described = []
    for participant in participants:
        stats: dict[str, Any] = {
            "name": participant.name,
            "out": participant.excluded_because,
            "runs": participant.runs,
        }
        if participant.runs:
            stats["median"] = compute_medians(participant.runs)
            stats["ours_faster"] = compute_ratio(ran[0].runs, participant.runs, "frames_per_s")
            stats["ours_cpu_less"] = 1 / compute_ratio(ran[0].runs, participant.runs, "cpu_ms_per_frame")
        described.append(stats)
    return described

"""What the runs say together: medians, ratios against ours, the table and the JSON."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks.peers.contest import KEYS, Entrant, Run

HEADS = (
    "",
    "frames/s",
    "ours ×",
    "CPU ms/frame",
    "ours ÷",
    "resident MB",
    "first result s",
    "frames with a face",
)


def medians(runs: Sequence[Run]) -> Run:
    """The median of each figure."""
    return {key: median(run[key] for run in runs) for key in KEYS}


def ratio(ours: Sequence[Run], theirs: Sequence[Run], key: str) -> float:
    """Ours over theirs, the median of the passes' own ratios: both sides of each were measured within minutes."""
    return median(mine[key] / other[key] for mine, other in zip(ours, theirs))


def rows(entrants: Sequence[Entrant]) -> list[tuple[str, ...]]:
    """The table's cells, those who ran first in the order given; the first of them is compared with."""
    ran = [entrant for entrant in entrants if entrant.runs]
    cells: list[tuple[str, ...]] = []
    for entrant in ran:
        middle = medians(entrant.runs)
        cells.append(
            (
                entrant.name,
                f"{middle['frames_per_s']:.0f}",
                f"{ratio(ran[0].runs, entrant.runs, 'frames_per_s'):.1f}",
                f"{middle['cpu_ms_per_frame']:.1f}",
                f"{1 / ratio(ran[0].runs, entrant.runs, 'cpu_ms_per_frame'):.1f}",
                f"{middle['rss_mb']:.0f}",
                f"{middle['first_result_s']:.2f}",
                f"{middle['frames_with_face'] / middle['frames']:.0%}",
            )
        )
    return cells


def table(entrants: Sequence[Entrant]) -> str:
    """Markdown: those who ran with their figures, then those who did not with the reason."""
    lines = ["| " + " | ".join(HEADS) + " |", "|---" * len(HEADS) + "|"]
    lines += ["| " + " | ".join(cells) + " |" for cells in rows(entrants)]
    reasons: dict[str, list[str]] = {}
    for entrant in entrants:
        if entrant.out is not None:
            reasons.setdefault(entrant.out, []).append(entrant.name)
    out = [f"- {'; '.join(names)}: {reason}" for reason, names in reasons.items()]
    return "\n".join([*lines, *([""] if out else []), *out])


def as_json(entrants: Sequence[Entrant]) -> list[dict[str, Any]]:
    """Every run of every entrant with the medians, or why there is none."""
    ran = [entrant for entrant in entrants if entrant.runs]
    told = []
    for entrant in entrants:
        figures: dict[str, Any] = {"name": entrant.name, "out": entrant.out, "runs": entrant.runs}
        if entrant.runs:
            figures["median"] = medians(entrant.runs)
            figures["ours_faster"] = ratio(ran[0].runs, entrant.runs, "frames_per_s")
            figures["ours_cpu_less"] = 1 / ratio(ran[0].runs, entrant.runs, "cpu_ms_per_frame")
        told.append(figures)
    return told

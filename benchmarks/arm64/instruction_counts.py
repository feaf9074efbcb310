"""Turns the instruction counts at the marks of a workload into instructions by stage.

The workload marks the beginning and the end of each stage; a lap is what lies between the two marks.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

# Laps around nothing: their instructions are what a mark costs by itself.
NOTHING = "nothing"
STAGES = (
    NOTHING,
    "decode grey",
    "search",
    "region search",
    "part search",
    "whole search",
    "preprocess",
    "infer int8",
    "infer float",
    "smooth",
    "decode colour",
    "draw",
    "encode",
)


def get_codes(stage: str) -> tuple[int, int]:
    """Return the codes of the marks before and after a stage."""
    first = 2 * STAGES.index(stage) + 1
    return first, first + 1


def parse_marks(lines: Iterable[str]) -> list[tuple[int, int]]:
    """Parse the code and the count of each mark, as the plugin wrote them."""
    return [(int(code), int(count)) for code, count in (line.split() for line in lines)]


def count_by_stage(marks: Sequence[tuple[int, int]]) -> dict[str, list[int]]:
    """Count the instructions of each lap without its marks: one of its own and two of each lap within it."""
    raw = _count_raw(marks)
    mark_cost = median(count for count, _ in raw[NOTHING]) if raw[NOTHING] else 0
    return {
        stage: [max(0, round(count - mark_cost * (within + 1))) for count, within in laps]
        for stage, laps in raw.items()
        if stage != NOTHING
    }


def _count_raw(marks: Sequence[tuple[int, int]]) -> Mapping[str, list[tuple[int, int]]]:
    """Count for each lap the instructions from mark to mark, and the marks in between."""
    begun: dict[str, tuple[int, int]] = {}
    laps: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for index, (code, count) in enumerate(marks):
        stage, is_end = STAGES[(code - 1) // 2], code % 2 == 0
        if is_end:
            first, before = begun.pop(stage)
            laps[stage].append((count - before, index - first - 1))
        else:
            begun[stage] = index, count
    return laps


def average_per_frame(laps: Mapping[str, Sequence[int]], frames: int) -> dict[str, float]:
    """Divide the instructions of each stage by all frames, including those in which it had nothing to do."""
    return {stage: sum(laps.get(stage, ())) / frames for stage in STAGES if stage in laps}

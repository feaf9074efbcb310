"""Instruction counts at marks become instructions by stage."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

# The marks around nothing tell what a mark costs by itself.
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


def codes(stage: str) -> tuple[int, int]:
    """The codes of the marks before and after a stage."""
    first = 2 * STAGES.index(stage) + 1
    return first, first + 1


def read(lines: Iterable[str]) -> list[tuple[int, int]]:
    """Code and count of each mark, as the plugin wrote them."""
    return [(int(code), int(count)) for code, count in (line.split() for line in lines)]


def by_stage(marks: Sequence[tuple[int, int]]) -> dict[str, list[int]]:
    """The instructions of each lap, without what the marks cost: one of its own, and those of laps within it."""
    raw = _raw(marks)
    mark = median(count for count, _ in raw[NOTHING]) if raw[NOTHING] else 0
    return {
        stage: [max(0, round(count - mark * (within + 1))) for count, within in laps]
        for stage, laps in raw.items()
        if stage != NOTHING
    }


def _raw(marks: Sequence[tuple[int, int]]) -> Mapping[str, list[tuple[int, int]]]:
    """Of each lap the instructions from mark to mark, and how many marks lie between."""
    started: dict[str, tuple[int, int]] = {}
    laps: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for index, (code, count) in enumerate(marks):
        stage, is_end = STAGES[(code - 1) // 2], code % 2 == 0
        if is_end:
            first, before = started.pop(stage)
            laps[stage].append((count - before, index - first - 1))
        else:
            started[stage] = index, count
    return laps


def per_frame(laps: Mapping[str, Sequence[int]], frames: int) -> dict[str, float]:
    """Instructions of each stage divided by all frames, also those in which there was nothing to do."""
    return {stage: sum(laps.get(stage, ())) / frames for stage in STAGES if stage in laps}


def times(laps: Mapping[str, Sequence[int]]) -> Counter[str]:
    """How often each stage ran."""
    return Counter({stage: len(counts) for stage, counts in laps.items()})

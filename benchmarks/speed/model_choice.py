"""Which form of the model and how many threads serve a device best, by the times of its benchmark."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from benchmarks import files
from benchmarks.arithmetic import LEAST_CHANGE, Spread
from benchmarks.speed.stages import Cost, Inference
from edge.settings import benchmark_result
from edge.settings.benchmark_result import BenchmarkResult

# A run for so many faces must be over in so much time, a third of a frame's at 30 FPS, or more threads are worth their
# cost.
FACES, WITHIN_MS = 4, 11.0


def best(costs: Mapping[Inference, Cost], preferred: str) -> tuple[str, int]:
    """The file and the threads that take the least CPU time among those that are quick enough.

    The quickest, where none is.  `preferred` on one thread keeps its place unless another is better by more than the
    noise.
    """
    many = {(run.model, run.threads): cost for run, cost in costs.items() if run.faces == FACES}
    quick = {key: cost.cpu_ms for key, cost in many.items() if cost.wall_ms.median <= WITHIN_MS}
    ranked = quick or {key: cost.wall_ms for key, cost in many.items()}
    first = min(ranked, key=lambda key: ranked[key].median)
    usual = preferred, 1
    return usual if usual in ranked and not _is_better(ranked[first], ranked[usual]) else first


def _is_better(one: Spread, other: Spread) -> bool:
    return one.high < other.low and one.median < (1 - LEAST_CHANGE) * other.median


def tuned(costs: Mapping[Inference, Cost], compared: Mapping[str, str], preferred: str) -> BenchmarkResult:
    """The result for the app; `compared` holds the sha256 of each file by its name."""
    model, threads = best(costs, preferred)
    said = []
    for name in compared:
        cost = costs[Inference(name, threads, 1)]
        said.append(f"{name} {cost.wall_ms.median:.2f} ms a face and {cost.cpu_ms.median:.2f} of CPU")
    return BenchmarkResult(
        machine=benchmark_result.describe_machine(),
        compared=compared,
        model=model,
        threads=threads,
        why=f"on {threads} thread{'s' if threads > 1 else ''} this device takes {', '.join(said)}",
    )


def keep(found: BenchmarkResult, path: Path) -> None:
    """Put the result where the app looks for it; ConfigError when it cannot be written."""
    with suppress(OSError):  # What is in the way is told below.
        path.parent.mkdir(parents=True, exist_ok=True)
    files.write_json(path, {name: getattr(found, name) for name in found.__struct_fields__})

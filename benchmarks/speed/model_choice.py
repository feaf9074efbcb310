"""Chooses by the measured times the form of the model and the number of threads that serve a device best."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from benchmarks.arithmetic import MIN_CHANGE, Spread
from benchmarks.output_file import write_json
from benchmarks.speed.stage_timing import Cost, Inference
from edge.settings import benchmark_result
from edge.settings.benchmark_result import BenchmarkResult

# A run for this many faces should end within this time, a third of a frame's at 30 FPS.  More threads are
# worth their CPU time only where fewer do not manage that.
FACES, WITHIN_MS = 4, 11.0


def choose_best(costs: Mapping[Inference, Cost], preferred: str) -> tuple[str, int]:
    """Choose the file and the threads that take the least CPU time among those that are quick enough.

    Where none is, choose the quickest.  `preferred` on one thread is chosen unless another one is better by
    more than the noise.
    """
    relevant = {(each.model, each.threads): cost for each, cost in costs.items() if each.faces == FACES}
    quick = {key: cost.cpu_ms for key, cost in relevant.items() if cost.wall_ms.median <= WITHIN_MS}
    ranked = quick or {key: cost.wall_ms for key, cost in relevant.items()}
    first = min(ranked, key=lambda key: ranked[key].median)
    usual = preferred, 1
    return usual if usual in ranked and not _is_better(ranked[first], ranked[usual]) else first


def _is_better(one: Spread, other: Spread) -> bool:
    return one.high < other.low and one.median < (1 - MIN_CHANGE) * other.median


def make_result(
    costs: Mapping[Inference, Cost], sha256_of: Mapping[str, str], preferred: str
) -> BenchmarkResult:
    """Make the result for the app; `sha256_of` holds the digest of each file by its name."""
    model, threads = choose_best(costs, preferred)
    times = []
    for name in sha256_of:
        cost = costs[Inference(name, threads, 1)]
        times.append(f"{name} {cost.wall_ms.median:.2f} ms a face and {cost.cpu_ms.median:.2f} of CPU")
    return BenchmarkResult(
        machine=benchmark_result.describe_machine(),
        compared=sha256_of,
        model=model,
        threads=threads,
        why=f"on {threads} thread{'s' if threads > 1 else ''} this device takes {', '.join(times)}",
    )


def write_result(result: BenchmarkResult, path: Path) -> None:
    """Write the result where the app looks for it; raises ConfigError when it cannot be written."""
    with suppress(OSError):  # Writing the file reports what is in the way.
        path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {name: getattr(result, name) for name in result.__struct_fields__})

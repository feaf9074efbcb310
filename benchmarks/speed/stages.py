"""The benchmark stages: what each stage takes on this device, and which form of the model serves it best."""

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

from benchmarks import options
from benchmarks.clip import load_clip
from benchmarks.footer import describe_run, print_footer
from benchmarks.machine_info import ConditionRecorder, format_machine
from benchmarks.speed import model_choice, stage_plot
from benchmarks.speed.stage_timing import (
    Cost,
    Inference,
    find_model_forms,
    make_inference_calls,
    make_stage_calls,
    time_in_turn,
)
from benchmarks.tables import format_number, format_table, make_spread_row
from edge import models
from edge.files import sha256
from edge.settings import benchmark_result
from edge.settings.benchmark_result import BenchmarkResult


def run(chosen: Namespace) -> None:
    """Print what each stage takes, draw it for --png, and leave the app the form that serves best."""
    if chosen.png:
        stage_plot.import_figure()  # Without matplotlib this fails now, and not after a minute.
    config, clip = options.make_config(chosen), load_clip(chosen.clip)
    model = Path(config.model or models.locate_classifier())
    forms = find_model_forms(model)
    with ConditionRecorder() as recorder:
        costs = time_in_turn(make_stage_calls(clip, config), chosen.rounds)
        inferences = time_in_turn(make_inference_calls(clip, config, forms), chosen.rounds)
    spreads = {f"{name}, ms": cost.wall_ms for name, cost in costs.items()}
    spreads |= {f"{inference}, ms": cost.wall_ms for inference, cost in inferences.items()}
    stats = {
        "command": "stages",
        **options.describe_source(chosen, config),
        "rounds": chosen.rounds,
        "cpu_ms": {str(name): cost.cpu_ms.median for name, cost in [*costs.items(), *inferences.items()]},
        **describe_run(config, recorder.condition),
    }
    rows = [make_spread_row(name, cost.wall_ms) for name, cost in costs.items()]
    print(format_table(["", "ms", "quartiles", ""], rows))
    print(f"\n{format_inferences(inferences)}")
    print_footer(chosen, stats, spreads, recorder.condition)
    if chosen.png:
        stage_plot.draw_stages(costs, inferences, format_machine(stats["machine"]), chosen.png)
    sha256_of = {form.name: sha256(form) for form in forms}
    result = model_choice.make_result(inferences, sha256_of, model.name)
    _report_choice(result, is_kept=not chosen.model)


def _report_choice(result: BenchmarkResult, *, is_kept: bool) -> None:
    threads = f"{result.threads} thread{'s' if result.threads > 1 else ''}"
    print(f"best here: {result.model} on {threads}; {result.why}")
    if is_kept:
        model_choice.write_result(result, benchmark_result.locate())
        print(f"kept for the app in {benchmark_result.locate()}")


def format_inferences(costs: Mapping[Inference, Cost]) -> str:
    """Format the classifier's times: a row for each number of faces, a column for each form and threads."""
    forms = list(dict.fromkeys((inference.model, inference.threads) for inference in costs))
    counts = dict.fromkeys(inference.faces for inference in costs)
    head = ["infer, ms (CPU ms)", *(f"{model} ×{threads}" for model, threads in forms)]
    rows = [
        [
            f"{count} face{'s' if count > 1 else ''}",
            *(_format_cost(costs[Inference(model, threads, count)]) for model, threads in forms),
        ]
        for count in counts
    ]
    return format_table(head, rows)


def _format_cost(cost: Cost) -> str:
    return f"{format_number(cost.wall_ms.median)} ({format_number(cost.cpu_ms.median)})"

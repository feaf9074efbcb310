"""What benchmarks of this device print and write in the end: the machine, doubts, changes, the JSON."""

from argparse import Namespace
from pathlib import Path
from typing import Any

from benchmarks.arithmetic import Spread
from benchmarks.machine_info import Condition, describe_condition, describe_machine, format_machine
from benchmarks.stats_file import compare_with_file, write_stats
from edge.build import choose_model
from edge.settings.config import Config


def describe_run(config: Config, condition: Condition) -> dict[str, Any]:
    """Describe the machine and its condition, for the JSON."""
    model: Path = choose_model(config)[0]
    return {"machine": describe_machine(model), "condition": describe_condition(condition)}


def print_footer(
    chosen: Namespace, stats: dict[str, Any], spreads: dict[str, Spread], condition: Condition
) -> None:
    """Print the machine, what makes the stats doubtful, and the changes since --compare's run.

    Write --json's file.
    """
    print(f"\n{format_machine(stats['machine'])}")
    for warning in condition.list_warnings():
        print(f"DOUBTFUL: {warning}")
    if getattr(chosen, "compare", None):
        print(compare_with_file(chosen.compare, stats, spreads))
    if chosen.json:
        write_stats(chosen.json, stats, spreads)

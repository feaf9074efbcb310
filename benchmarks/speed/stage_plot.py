"""Draws where the time goes, with matplotlib where that is installed."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from benchmarks.output_file import write_bytes
from benchmarks.speed.stage_timing import Cost, Inference
from edge.errors import ConfigError

_DPI = 150
_BLUE, _GREY = "#0b6bcb", "#9aa5b1"
_COLOURS = ("#0b6bcb", "#d55e00", "#009e73", "#cc79a7")
_DASHES = ("-", "--", "-.", ":")


def import_figure() -> Any:
    """Import matplotlib's class Figure; raises ConfigError where it is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigError(
            "expected matplotlib for --png, found none; pip install matplotlib, or draw the stats that "
            "--json writes"
        ) from error
    return Figure


def draw_stages(
    costs: Mapping[str, Cost], inferences: Mapping[Inference, Cost], title: str, path: Path
) -> None:
    """Draw a PNG at `path`: bars for the stages, and a curve for each form of the model and threads.

    The bars' error lines are the quartiles of the rounds.  Raises ConfigError when `path` cannot be written.
    """
    figure = import_figure()(figsize=(12, 5.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_bars(left, costs)
    _draw_curves(right, inferences)
    figure.suptitle(title, fontsize=9)
    content = BytesIO()
    figure.savefig(content, format="png", dpi=_DPI)
    write_bytes(path, content.getvalue())


def _draw_bars(axes: Any, costs: Mapping[str, Cost]) -> None:
    names = list(costs)
    walls = [cost.wall_ms for cost in costs.values()]
    medians = [wall.median for wall in walls]
    errors = [[wall.median - wall.low for wall in walls], [wall.high - wall.median for wall in walls]]
    colours = [_GREY if "whole" in name else _BLUE for name in names]
    bars = axes.barh(range(len(names)), medians, xerr=errors, color=colours, ecolor="#333333", capsize=2)
    axes.bar_label(bars, labels=[f"{value:.2f}" for value in medians], padding=6, fontsize=8)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    # Searching a whole frame takes a hundred times as long as preprocessing a face.
    axes.set_xscale("log")
    axes.margins(x=0.15)
    axes.set_xlabel("time of a call / ms, logarithmic (error lines: quartiles of the rounds)")
    axes.set_title("a frame's stages; grey: not for every frame", fontsize=10)
    axes.grid(axis="x", alpha=0.25)


def _draw_curves(axes: Any, inferences: Mapping[Inference, Cost]) -> None:
    models = list(dict.fromkeys(inference.model for inference in inferences))
    for model, threads in dict.fromkeys((inference.model, inference.threads) for inference in inferences):
        points = [
            (inference.faces, cost.wall_ms.median)
            for inference, cost in inferences.items()
            if (inference.model, inference.threads) == (model, threads)
        ]
        axes.plot(
            *zip(*points, strict=True),
            marker=".",
            color=_COLOURS[models.index(model) % len(_COLOURS)],
            linestyle=_DASHES[threads - 1],
            label=f"{model}, {threads} thread{'s' if threads > 1 else ''}",
        )
    axes.set_xlabel("faces in one run")
    axes.set_ylabel("time of a run / ms")
    axes.set_ylim(bottom=0)
    axes.set_title("the classifier", fontsize=10)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, fontsize=8)

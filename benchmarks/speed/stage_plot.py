"""The picture of where the time goes, drawn with matplotlib where that is installed."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from benchmarks import files
from benchmarks.speed.stages import Cost, Inference
from edge.errors import ConfigError

_DPI = 150
_BLUE, _GREY = "#0b6bcb", "#9aa5b1"
_COLOURS = ("#0b6bcb", "#d55e00", "#009e73", "#cc79a7")
_DASHES = ("-", "--", "-.", ":")


def figure_type() -> Any:
    """Matplotlib's Figure; ConfigError where it is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigError(
            "expected matplotlib for --png, found none; pip install fer-edge[benchmarks], "
            "or take the figures from --json"
        ) from error
    return Figure


def stages(costs: Mapping[str, Cost], runs: Mapping[Inference, Cost], title: str, path: Path) -> None:
    """Bars for the stages, with the quartiles of the rounds, and a line for each form and thread of the classifier."""
    figure = figure_type()(figsize=(12, 5.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    _bars(left, costs)
    _lines(right, runs)
    figure.suptitle(title, fontsize=9)
    content = BytesIO()
    figure.savefig(content, format="png", dpi=_DPI)
    files.write(path, content.getvalue())


def _bars(axes: Any, costs: Mapping[str, Cost]) -> None:
    names = list(costs)
    walls = [cost.wall_ms for cost in costs.values()]
    medians = [wall.median for wall in walls]
    errors = [[wall.median - wall.low for wall in walls], [wall.high - wall.median for wall in walls]]
    colours = [_GREY if "whole" in name else _BLUE for name in names]
    bars = axes.barh(range(len(names)), medians, xerr=errors, color=colours, ecolor="#333333", capsize=2)
    axes.bar_label(bars, labels=[f"{value:.2f}" for value in medians], padding=6, fontsize=8)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    # A whole frame's search takes a hundred times what a crop does.
    axes.set_xscale("log")
    axes.margins(x=0.15)
    axes.set_xlabel("time of a call / ms, logarithmic (lines: quartiles of the rounds)")
    axes.set_title("a frame's stages; grey: now and then, not for every frame", fontsize=10)
    axes.grid(axis="x", alpha=0.25)


def _lines(axes: Any, runs: Mapping[Inference, Cost]) -> None:
    models = list(dict.fromkeys(run.model for run in runs))
    for model, threads in dict.fromkeys((run.model, run.threads) for run in runs):
        points = [
            (run.faces, cost.wall_ms.median)
            for run, cost in runs.items()
            if (run.model, run.threads) == (model, threads)
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

"""Plots of a training: its curves, and the trade-off between the two truths."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from export.evaluation.evaluate import Evaluation
from export.plotting import BLUE, GREY, ORANGE, label_axes, save


def plot_curves(history: Mapping[str, Sequence[float]], best: int, path: Path, title: str) -> None:
    """Plot the loss on Training and the accuracies on PublicTest; mark the epoch `best`, from 0.

    `history` holds loss, accuracy and, where there are votes, ferplus_accuracy, one value per epoch.
    """
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = np.arange(1, len(history["loss"]) + 1)
    lines = [
        (left, "loss", "Training, augmented", GREY, 1),
        (right, "accuracy", "original labels", BLUE, 100),
        (right, "ferplus_accuracy", "FER+ majority", ORANGE, 100),
    ]
    for axes, name, label, colour, scale in lines:
        if name in history:
            values = scale * np.array(history[name])
            # A single epoch makes no line, so it gets a marker.
            marker = "o" if len(epochs) < 2 else None
            axes.plot(epochs, values, color=colour, label=label, marker=marker)
            if axes is right:
                axes.plot(epochs[best], values[best], "o", color=colour)
    label_axes(left, "epoch", "loss of both heads (cross-entropy) / nat")
    label_axes(right, "epoch", "accuracy on PublicTest / %")
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.suptitle(f"{title}\nbest after epoch {best + 1}", fontsize=11)
    save(figure, path)


def plot_tradeoff(
    by_model: Mapping[float, Evaluation], by_votes: Mapping[float, Evaluation], chosen: float, path: Path
) -> None:
    """Plot accuracy by one truth against accuracy by the other for each share; mark the share `chosen`.

    Where there are votes, a second curve shows the accuracies of a predictor that sees no image but knows the
    votes of ten people (see tradeoff.py).  Without votes to evaluate by, nothing is plotted.
    """
    figure = Figure(figsize=(6.5, 5), layout="constrained")
    axes = figure.subplots()
    for curve, name, colour in ((by_votes, "the votes of ten people", GREY), (by_model, "the model", BLUE)):
        points = {
            share: (100 * evaluation.ferplus_accuracy, 100 * evaluation.accuracy)
            for share, evaluation in curve.items()
            if evaluation.ferplus_accuracy is not None
        }
        if not points:
            continue
        ferplus, original = zip(*points.values(), strict=True)
        axes.plot(ferplus, original, ".-", color=colour, label=name)
        for share, point in points.items():
            if share == chosen or round(share * 20) % 4 == 0:
                axes.annotate(f"{share:g}", point, xytext=(4, 4), textcoords="offset points", fontsize=8)
        axes.plot(*points[chosen], "o", color=ORANGE)
    if not axes.lines:
        # The plot of an earlier folding would be taken for one of this folding.
        path.unlink(missing_ok=True)
        return
    label_axes(axes, "accuracy by the FER+ majority / %", "accuracy by the original labels / %")
    axes.set_title(f"PublicTest, by the share of the original labels; chosen: {chosen:g}", fontsize=11)
    save(figure, path)

"""Plots of an evaluation: confusion matrix, reliability and robustness."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from export.evaluation import scores
from export.evaluation.evaluate import Answers, Evaluation
from export.plotting import BLUE, GREY, ORANGE, label_axes, save

_BINS = 15


def plot_all(evaluation: Evaluation, answers: Answers, folder: Path) -> None:
    """Write confusion.png, reliability.png and, if it was measured, robustness.png to `folder`."""
    plot_confusion(evaluation, folder / "confusion.png")
    plot_reliability(answers, folder / "reliability.png", evaluation.model)
    if evaluation.robustness:
        plot_robustness(evaluation, folder / "robustness.png")


def plot_reliability(answers: Answers, path: Path, title: str) -> None:
    """Plot accuracy against confidence, by the original labels and, if there are votes, by FER+."""
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot((0, 100), (0, 100), color=GREY, linewidth=1, label="perfectly calibrated")
    for true, name, colour in (
        (answers.true, "original labels", BLUE),
        (answers.majority, "FER+ majority", ORANGE),
    ):
        if true is None or not (true >= 0).any():
            continue
        known = true >= 0
        confidence, is_right = answers.confidence[known], answers.predicted[known] == true[known]
        images, mean_confidence, accuracy = scores.reliability_bins(confidence, is_right, _BINS)
        seen = images > 0
        error = scores.calibration_error(confidence, is_right, _BINS)
        label = f"{name}: off by {error:.1%}"
        axes.plot(100 * mean_confidence[seen], 100 * accuracy[seen], ".-", color=colour, label=label)
    label_axes(axes, "confidence / %", "accuracy / %")
    axes.set_title(f"{title}: reliability over {_BINS} ranges of confidence", fontsize=11)
    save(figure, path)


def plot_robustness(evaluation: Evaluation, path: Path) -> None:
    """Plot the accuracy under each disturbance, by the original labels and, if there are votes, by FER+."""
    names = list(evaluation.robustness)
    figure = Figure(figsize=(7.5, 5), layout="constrained")
    axes = figure.subplots()
    rows = np.arange(len(names))
    series = [([disturbed.accuracy for disturbed in evaluation.robustness.values()], "original labels", BLUE)]
    voted = [disturbed.ferplus_accuracy for disturbed in evaluation.robustness.values()]
    if evaluation.ferplus_accuracy is not None:
        series.append(([share or 0.0 for share in voted], "FER+ majority", ORANGE))
    for number, (shares, name, colour) in enumerate(series):
        bars = axes.barh(rows + 0.4 * number, 100 * np.array(shares), 0.4, color=colour, label=name)
        axes.bar_label(bars, fmt="%.1f", fontsize=7, padding=2)
    axes.set_yticks(rows + 0.2 * (len(series) - 1), names)
    axes.invert_yaxis()
    axes.set_xlabel("accuracy / %")
    axes.set_xlim(0, 100)
    axes.grid(axis="x", alpha=0.25)
    # Outside, because inside it would cover the numbers at the first bars.
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    axes.set_title(f"{evaluation.model} on {evaluation.split}, disturbed", fontsize=11)
    save(figure, path)


def plot_confusion(evaluation: Evaluation, path: Path) -> None:
    """Plot the confusion matrix: shades and numbers are shares of the true class, beside the counts."""
    counts = np.array(evaluation.confusion)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    labels = list(evaluation.recall)
    figure = Figure(figsize=(7.5, 6.5), layout="constrained")
    axes = figure.subplots()
    picture = axes.imshow(100 * shares, cmap="Blues", vmin=0, vmax=100)
    axes.set_xticks(range(len(labels)), labels, rotation=35, ha="right")
    axes.set_yticks(
        range(len(labels)),
        [f"{label} ({total:,})" for label, total in zip(labels, counts.sum(axis=1), strict=True)],
    )
    axes.set_xlabel("predicted")
    axes.set_ylabel("true (images)")
    for (row, column), count in np.ndenumerate(counts):
        axes.text(
            column,
            row,
            f"{100 * shares[row, column]:.0f} %\n{count}",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if shares[row, column] > 0.5 else "black",
        )
    figure.colorbar(picture, ax=axes, label="share of the true class / %", shrink=0.8)
    axes.set_title(
        f"{evaluation.model} on {evaluation.split}: accuracy {evaluation.accuracy:.1%}, "
        f"macro-F1 {evaluation.macro_f1:.3f}",
        fontsize=11,
    )
    save(figure, path)

"""The curves of a training and the figures of a model, drawn to PNG."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from export import files
from export.evaluation import scores
from export.evaluation.evaluate import Answers, Evaluation

_DPI = 150
_BINS = 15
_GREY, _BLUE, _ORANGE = "#9aa5b1", "#0b6bcb", "#d55e00"


def curves(history: Mapping[str, Sequence[float]], best: int, path: Path, title: str) -> None:
    """The loss on augmented Training images and the accuracies on PublicTest by epoch; `best`, from 0, is marked.

    `history` holds loss, accuracy and, where there are votes, ferplus_accuracy, one value per epoch.
    """
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = np.arange(1, len(history["loss"]) + 1)
    lines = [
        (left, "loss", "Training, augmented", _GREY, 1),
        (right, "accuracy", "original labels", _BLUE, 100),
        (right, "ferplus_accuracy", "FER+ majority", _ORANGE, 100),
    ]
    for axes, name, label, colour, scale in lines:
        if name in history:
            values = scale * np.array(history[name])
            axes.plot(
                epochs, values, color=colour, label=label, marker="o" if len(epochs) < 2 else None
            )  # One epoch makes no line.
            if axes is right:
                axes.plot(epochs[best], values[best], "o", color=colour)
    _label(left, "epoch", "loss of both heads (cross-entropy) / nat")
    _label(right, "epoch", "accuracy on PublicTest / %")
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.suptitle(f"{title}\nbest after epoch {best + 1}", fontsize=11)
    _save(figure, path)


def tradeoff(
    by_model: Mapping[float, Evaluation], by_votes: Mapping[float, Evaluation], chosen: float, path: Path
) -> None:
    """Accuracy by one truth against accuracy by the other, along the share of the original labels; `chosen` is marked.

    Beside the model, where there are votes, stands who knows no image but what ten people voted for it.  Nothing is
    drawn where there are no votes to judge by.
    """
    figure = Figure(figsize=(6.5, 5), layout="constrained")
    axes = figure.subplots()
    for curve, name, colour in ((by_votes, "the votes of ten people", _GREY), (by_model, "the model", _BLUE)):
        points = {
            share: (100 * figures.ferplus_accuracy, 100 * figures.accuracy)
            for share, figures in curve.items()
            if figures.ferplus_accuracy is not None
        }
        if not points:
            continue
        across, up = zip(*points.values(), strict=True)
        axes.plot(across, up, ".-", color=colour, label=name)
        for share, point in points.items():
            if share == chosen or round(share * 20) % 4 == 0:
                axes.annotate(f"{share:g}", point, xytext=(4, 4), textcoords="offset points", fontsize=8)
        axes.plot(*points[chosen], "o", color=_ORANGE)
    if not axes.lines:
        # One of an earlier folding would be believed to be of this.
        path.unlink(missing_ok=True)
        return
    _label(axes, "accuracy by the FER+ majority / %", "accuracy by the original labels / %")
    axes.set_title(f"PublicTest, by the share of the original labels; chosen: {chosen:g}", fontsize=11)
    _save(figure, path)


def evaluation(figures: Evaluation, judged: Answers, folder: Path) -> None:
    """confusion.png, reliability.png and, where it was measured, robustness.png in `folder`."""
    confusion(figures, folder / "confusion.png")
    reliability(judged, folder / "reliability.png", figures.model)
    if figures.robustness:
        robustness(figures, folder / "robustness.png")


def reliability(judged: Answers, path: Path, title: str) -> None:
    """How often each confidence is right, by the original labels and, where there are votes, by the FER+ majority."""
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot((0, 100), (0, 100), color=_GREY, linewidth=1, label="as sure as right")
    for true, name, colour in (
        (judged.true, "original labels", _BLUE),
        (judged.leading, "FER+ majority", _ORANGE),
    ):
        if true is None or not (true >= 0).any():
            continue
        known = true >= 0
        confidence, is_right = judged.confidence[known], judged.predicted[known] == true[known]
        images, mean, right = scores.reliability(confidence, is_right, _BINS)
        seen = images > 0
        error = scores.calibration_error(confidence, is_right, _BINS)
        axes.plot(
            100 * mean[seen], 100 * right[seen], ".-", color=colour, label=f"{name}: off by {error:.1%}"
        )
    _label(axes, "confidence / %", "right / %")
    axes.set_title(f"{title}: reliability over {_BINS} ranges of confidence", fontsize=11)
    _save(figure, path)


def robustness(figures: Evaluation, path: Path) -> None:
    """The accuracy under each disturbance, by the original labels and, where there are votes, by the FER+ majority."""
    names = list(figures.robustness)
    figure = Figure(figsize=(7.5, 5), layout="constrained")
    axes = figure.subplots()
    rows = np.arange(len(names))
    series = [([disturbed.accuracy for disturbed in figures.robustness.values()], "original labels", _BLUE)]
    voted = [disturbed.ferplus_accuracy for disturbed in figures.robustness.values()]
    if figures.ferplus_accuracy is not None:
        series.append(([share or 0.0 for share in voted], "FER+ majority", _ORANGE))
    for number, (shares, name, colour) in enumerate(series):
        bars = axes.barh(rows + 0.4 * number, 100 * np.array(shares), 0.4, color=colour, label=name)
        axes.bar_label(bars, fmt="%.1f", fontsize=7, padding=2)
    axes.set_yticks(rows + 0.2 * (len(series) - 1), names)
    axes.invert_yaxis()
    axes.set_xlabel("accuracy / %")
    axes.set_xlim(0, 100)
    axes.grid(axis="x", alpha=0.25)
    # Outside: inside it would cover the figures of the first bars.
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    axes.set_title(f"{figures.model} on {figures.split}, disturbed", fontsize=11)
    _save(figure, path)


def confusion(evaluation: Evaluation, path: Path) -> None:
    """The confusion matrix: shades by the share of the true class, counts and shares in the cells."""
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
    _save(figure, path)


def _label(axes: Axes, across: str, up: str) -> None:
    """What every plot of lines has: the names of its axes, a grid and a legend."""
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, fontsize=8)


def _save(figure: Figure, path: Path) -> None:
    content = BytesIO()
    figure.savefig(content, format="png", dpi=_DPI)
    files.write({path: content.getvalue()})

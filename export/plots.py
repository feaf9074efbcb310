"""The curves of a training and the confusion matrix of a model, drawn to PNG."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from export import files
from export.evaluate import Evaluation

_DPI = 150
_TRAINING, _PUBLIC_TEST = "#9aa5b1", "#0b6bcb"


def curves(history: Mapping[str, Sequence[float]], path: Path, title: str) -> None:
    """Accuracy and loss by epoch, on augmented Training images and on PublicTest; the best epoch is marked.

    `history` holds accuracy, loss, val_accuracy and val_loss, one value per epoch.
    """
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = np.arange(1, len(history["loss"]) + 1)
    best = int(np.argmax(history["val_accuracy"]))
    _lines(left, epochs, 100 * np.array(history["accuracy"]), 100 * np.array(history["val_accuracy"]),
           "accuracy / %", best)
    _lines(right, epochs, np.array(history["loss"]), np.array(history["val_loss"]), "loss (cross-entropy) / nat", best)
    figure.suptitle(f"{title}\nbest on PublicTest: {100 * history['val_accuracy'][best]:.1f} % after epoch {best + 1}",
                    fontsize=11)
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
    axes.set_yticks(range(len(labels)), [f"{label} ({total:,})" for label, total in
                                         zip(labels, counts.sum(axis=1), strict=True)])
    axes.set_xlabel("predicted")
    axes.set_ylabel("true (images)")
    for (row, column), count in np.ndenumerate(counts):
        axes.text(column, row, f"{100 * shares[row, column]:.0f} %\n{count}", ha="center", va="center", fontsize=8,
                  color="white" if shares[row, column] > 0.5 else "black")
    figure.colorbar(picture, ax=axes, label="share of the true class / %", shrink=0.8)
    axes.set_title(f"{evaluation.model} on {evaluation.split}: accuracy {evaluation.accuracy:.1%}, "
                   f"macro-F1 {evaluation.macro_f1:.3f}", fontsize=11)
    _save(figure, path)


def _lines(axes: Axes, epochs: NDArray[np.int64], training: NDArray[np.float64],
           public_test: NDArray[np.float64], name: str, best: int) -> None:
    marker = "o" if len(epochs) < 2 else None  # One epoch makes no line.
    axes.plot(epochs, training, color=_TRAINING, marker=marker, label="Training, augmented and with dropout")
    axes.plot(epochs, public_test, color=_PUBLIC_TEST, marker=marker, label="PublicTest")
    axes.plot(epochs[best], public_test[best], "o", color=_PUBLIC_TEST)
    axes.set_xlabel("epoch")
    axes.set_ylabel(name)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, fontsize=8)


def _save(figure: Figure, path: Path) -> None:
    content = BytesIO()
    figure.savefig(content, format="png", dpi=_DPI)
    files.write({path: content.getvalue()})

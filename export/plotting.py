"""What all plots share: their colours, the labels of their axes, and how they are written."""

from io import BytesIO
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from export.artifacts import write_files

GREY, BLUE, ORANGE = "#9aa5b1", "#0b6bcb", "#d55e00"
_DPI = 150


def label_axes(axes: Axes, horizontal: str, vertical: str) -> None:
    """Name both axes, and add a grid and a legend."""
    axes.set_xlabel(horizontal)
    axes.set_ylabel(vertical)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, fontsize=8)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG."""
    content = BytesIO()
    figure.savefig(content, format="png", dpi=_DPI)
    write_files({path: content.getvalue()})

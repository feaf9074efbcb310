"""What a conversion is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from export.data.dataset import LABELS
from export.evaluation.compare import Tolerances, Truth


@dataclass(frozen=True)
class Options:
    """The choices of the user; the defaults are those of the command."""

    split: str = "Training"
    """The split that the images for the calibration of int8 are drawn from."""
    votes: Path | None = None
    """FER+'s own table, for images that come without votes."""
    labels: tuple[str, ...] = LABELS
    scale: float = 1 / 255
    offset: float = 0.0
    is_as_given: bool = False
    """Whether labels, scale and offset hold even where others fit far better."""
    output_name: str | None = None
    """Which output of several holds the classes."""
    side_px: int | None = None
    """The side of the crops, for a network that takes any size."""
    calibrate_by: Truth = "ferplus"
    """The truth that the temperature is fitted to; without votes it is the original labels."""
    tolerances: Tolerances = field(default_factory=Tolerances)
    is_float_only: bool = False
    """Whether int8 is not tried."""


@dataclass(frozen=True)
class Request:
    """A Keras model to convert, the images for calibration and comparison, and where to write."""

    sources: Mapping[str, Path]
    """The file of the model under "model", or its two files under "architecture" and "weights"."""
    images: Path
    output: Path
    """Without .float.onnx and .int8.onnx."""
    options: Options = field(default_factory=Options)

    @property
    def source(self) -> Path:
        """The file with the weights, which messages name."""
        return list(self.sources.values())[-1]

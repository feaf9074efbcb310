"""What the steps of a conversion hand on: each state is the one before with what its step added."""

from dataclasses import dataclass, fields
from typing import Any

import keras
from onnx import ModelProto

from edge.faces.metadata import Metadata
from export.conversion.quantize import QuantizedModel
from export.conversion.request import Request
from export.data.calibration import Images
from export.evaluation.compare import HeldOutEvaluator, ModelResult


@dataclass(frozen=True, eq=False)
class Loaded:
    """After loading the model."""

    request: Request
    model: keras.Model
    changes: tuple[str, ...]
    """What was changed to make the model a classifier of grey crops, in words."""
    height: int
    width: int


@dataclass(frozen=True, eq=False)
class Prepared(Loaded):
    """After choosing the images."""

    metadata: Metadata
    calibration: Images
    held_out: Images
    evaluator: HeldOutEvaluator


@dataclass(frozen=True, eq=False)
class Evaluated(Prepared):
    """After evaluating the Keras model."""

    keras_result: ModelResult


@dataclass(frozen=True, eq=False)
class FloatModel(Evaluated):
    """After tracing the model to ONNX, and after each step on the float model."""

    onnx_model: ModelProto


@dataclass(frozen=True, eq=False)
class ComparedFloatModel(FloatModel):
    """After comparing the float model with Keras."""

    float_result: ModelResult


@dataclass(frozen=True, eq=False)
class CalibratedFloatModel(ComparedFloatModel):
    """After fitting the temperature."""

    calibrated_metadata: Metadata
    """With the temperature; `metadata` remains that of the models in the comparison."""
    fitted_to: str
    """What the temperature was fitted to, in words."""


@dataclass(frozen=True, eq=False)
class Quantized(CalibratedFloatModel):
    """After quantizing."""

    best: QuantizedModel | None
    """None if only the float file was asked for."""
    candidates: list[QuantizedModel]
    contents: dict[str, bytes]
    """The ONNX files by "float" and "int8", also an int8 file that is beyond the tolerances."""


def list_fields(state: Loaded) -> dict[str, Any]:
    """The fields of a state by name, from which the next one is made."""
    return {field.name: getattr(state, field.name) for field in fields(state)}

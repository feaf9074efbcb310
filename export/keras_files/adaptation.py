"""Networks of other inputs and outputs made into classifiers of grey crops."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from edge.errors import ModelError
from export.evaluation.predictions import SUM_TOLERANCE

_SOFTMAX_ADDED = "a softmax was added behind the logits"
_SOFTMAX_FOR_SIGMOIDS = "a softmax of the same logits replaces the sigmoids"
_FED_AS_RGB = "each grey crop is fed as red, green and blue"


def adapt(
    model: keras.Model, classes: int, source: Path, output_name: str | None = None, side_px: int | None = None
) -> tuple[keras.Model, tuple[str, ...]]:
    """(a model of grey crops (n, height, width, 1) and probabilities (n, classes), what was changed).

    `output_name` chooses one of several outputs, `side_px` is the side of the crops of a network that takes
    any size.  What cannot be adapted is returned as it is.  Raises ModelError, naming `source`, where the
    output must be chosen.
    """
    if len(model.inputs) != 1:
        return model, ()
    changes: list[str] = []
    output = _choose_output(model, output_name, source)
    adapted = model if output is None else keras.Model(model.inputs[0], output)
    adapted = _adapt_input(adapted, side_px, changes)
    if _read_output_shape(adapted) == (1, 1, classes):
        adapted = keras.Model(adapted.inputs[0], layers.Reshape((classes,))(adapted.outputs[0]))
    if _read_output_shape(adapted) == (classes,):
        adapted = _add_softmax(adapted, changes)
    return adapted, tuple(changes)


def _read_output_shape(model: keras.Model) -> tuple[int | None, ...]:
    return tuple(model.outputs[0].shape[1:])


def _choose_output(model: keras.Model, name: str | None, source: Path) -> Any:
    """The chosen output of several, or None where the model has one alone."""
    if isinstance(model, keras.Sequential):
        return None
    structure = model.output
    if isinstance(structure, dict):
        outputs = dict(structure)
    elif len(model.outputs) > 1 or name is not None:
        outputs = dict(zip(model.output_names, model.outputs, strict=True))
    else:
        return model.outputs[0] if isinstance(structure, (list, tuple)) else None
    if name is None and len(outputs) == 1:
        [only] = outputs.values()
        return only
    if name not in outputs:
        found = ", ".join(f"{key} {format_shape(tuple(value.shape))}" for key, value in outputs.items())
        raise ModelError(
            f"expected one output of the classes in {source}, found {found}; choose one with --output-name"
        )
    return outputs[name]


def _adapt_input(model: keras.Model, side_px: int | None, changes: list[str]) -> keras.Model:
    shape = model.input_shape
    if not isinstance(shape, tuple):
        return model
    sides: list[Any] = [side_px if side is None else side for side in shape[1:3]]
    if len(shape) == 2 and shape[1] is not None and int(shape[1] ** 0.5) ** 2 == shape[1]:
        sides = [int(shape[1] ** 0.5)] * 2  # A network of dense layers on the pixels, row by row.
        target: tuple[int, ...] | None = (shape[1],)
    elif len(shape) == 3:
        target = tuple(sides) if None not in sides else None
    else:
        target = None
    channels = shape[3] if len(shape) == 4 else 1
    if None in sides or len(sides) != 2 or channels not in (1, 3):
        return model
    if target is None and channels == 1 and list(shape[1:3]) == sides:
        return model
    crops = keras.Input((*sides, 1), name="grey_crops")
    values = crops
    if channels == 3:
        values = layers.Concatenate(name="as_rgb")([crops, crops, crops])
        changes.append(_FED_AS_RGB)
    if target is not None:
        values = layers.Reshape(target)(crops)
    return keras.Model(crops, model(values))


def _add_softmax(model: keras.Model, changes: list[str]) -> keras.Model:
    """The model with a softmax at its end, unless its outputs are probabilities already."""
    shape = model.input_shape
    if None in shape[1:]:
        return model
    crops = np.random.default_rng(0).random((4, *shape[1:]), np.float32)
    values = np.asarray(model(crops, training=False))
    if not np.isfinite(values).all():
        return model
    if values.min() >= 0 and np.abs(values.sum(axis=1) - 1).max() <= SUM_TOLERANCE:
        return model
    last = _find_last_layer(model)
    if getattr(last, "activation", None) is keras.activations.sigmoid:
        last.activation = keras.activations.linear
        changes.append(_SOFTMAX_FOR_SIGMOIDS)
    else:
        changes.append(_SOFTMAX_ADDED)
    return keras.Model(model.inputs[0], layers.Softmax(name="softmax")(model(model.inputs[0])))


def _find_last_layer(model: keras.Model) -> Any:
    """The layer that computes the output, also where it is in a model within the model."""
    last = model.outputs[0]._keras_history.operation
    return _find_last_layer(last) if isinstance(last, keras.Model) else last


def format_shape(shape: Any) -> str:
    """A shape with n for a free size; the number of inputs where there are several."""
    if isinstance(shape, tuple):
        return "(" + ", ".join("n" if side is None else str(side) for side in shape) + ")"
    return f"{len(shape)} inputs"

"""Keras models of any version, loaded by Keras 3."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.faces import preprocess
from edge.faces.metadata import Metadata
from export.error_text import shorten
from export.evaluation.predictions import Predictor

# The exceptions of Keras and h5py for files that are damaged or of another kind than expected.
_ERRORS = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    NotImplementedError,
    ImportError,
    zipfile.BadZipFile,
)
_WITHOUT_GROUPS = {"DepthwiseConv2D", "SeparableConv2D"}
_HDF5 = {".h5", ".hdf5"}


def load(path: Path) -> keras.Model:
    """The model in a `.keras` file or a full `.h5`, weights included.

    Raises ModelError if the file is missing, damaged, or holds weights alone.
    """
    _check_exists(path)
    if path.suffix in _HDF5:
        return _load_weights(_build_from_json(_read_architecture(path), path), path)
    if path.suffix != ".keras":
        raise ModelError(f"expected a .keras or .h5 file, found {path}; save the model with model.save(…)")
    return _translate_errors(lambda: keras.models.load_model(path, compile=False), f"a Keras model in {path}")


def load_architecture_and_weights(architecture: Path, weights: Path) -> keras.Model:
    """The model in a JSON of its architecture and an HDF5 of its weights, of Keras 1.2 to 3.

    Raises ModelError if one is missing or damaged, or if the weights do not fit.
    """
    _check_exists(architecture)
    _check_exists(weights)
    try:
        text = architecture.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"expected an architecture JSON in {architecture}, found: {shorten(error)}; "
            "save it with model.to_json()"
        ) from error
    return _load_weights(_build_from_json(text, architecture), weights)


def read_input_size(model: keras.Model, source: Path) -> tuple[int, int]:
    """(height, width) of the model's crops; ModelError unless its input is (n, height, width, 1)."""
    shape = model.input_shape
    if (
        not isinstance(shape, tuple)
        or len(shape) != 4
        or shape[0] is not None
        or shape[3] != 1
        or None in shape[1:]
    ):
        raise ModelError(
            f"expected an input of (n, height, width, 1) in {source}, found {_format_shape(shape)}; "
            "give a model that takes grey crops"
        )
    return shape[1], shape[2]


def make_predictor(model: keras.Model, metadata: Metadata) -> Predictor:
    """Run crops through `model`, after the preprocessing of `metadata`."""

    def predict(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(model(preprocess.make_batch(crops, metadata), training=False), np.float32)

    return predict


def _check_exists(path: Path) -> None:
    if not path.is_file():
        raise ModelError(f"expected a Keras file at {path}, found no such file; check the path")


def _read_architecture(path: Path) -> str:
    def read() -> Any:
        with h5py.File(path) as file:
            return file.attrs.get("model_config")

    config = _translate_errors(read, f"an HDF5 file in {path}")
    if config is None:
        raise ModelError(
            f"expected a full model in {path}, found weights alone; give its architecture too, with "
            "--architecture A.json --weights W.h5 in place of --model"
        )
    return config.decode() if isinstance(config, bytes) else str(config)


def _build_from_json(text: str, source: Path) -> keras.Model:
    def build() -> keras.Model:
        architecture = json.loads(text)
        config = _convert_to_keras_3(architecture["config"])
        # Not by model_from_json, because Keras 3 does not find the classes of Keras 2 by their names.
        kind = keras.Sequential if architecture["class_name"] == "Sequential" else keras.Model
        # In early versions of Keras 2 the config of a Sequential was a bare list of layers.
        return kind.from_config(
            {"name": "sequential", "layers": config} if isinstance(config, list) else config
        )

    return _translate_errors(build, f"the architecture of a Sequential or functional Keras model in {source}")


def _convert_to_keras_3(config: Any) -> Any:
    """`config` without what Keras 2 wrote and Keras 3 refuses or warns about.

    That is the unused groups of depthwise convolutions, and the list around a single input or output.
    """
    if isinstance(config, list):
        return [_convert_to_keras_3(part) for part in config]
    if not isinstance(config, dict):
        return config
    parts = {key: _convert_to_keras_3(part) for key, part in config.items()}
    if parts.get("class_name") in _WITHOUT_GROUPS and parts["config"].get("groups") == 1:
        del parts["config"]["groups"]
    for ends in ("input_layers", "output_layers"):
        if isinstance(parts.get(ends), list) and len(parts[ends]) == 1:
            [parts[ends]] = parts[ends]
    return parts


def _load_weights(model: keras.Model, weights: Path) -> keras.Model:
    def load_weights() -> keras.Model:
        with h5py.File(weights):
            pass  # For a damaged file, or one that is no HDF5, this has a clearer message than Keras.
        model.load_weights(weights)
        return model

    return _translate_errors(load_weights, f"weights in {weights} that fit the architecture")


def _translate_errors(action: Callable[[], Any], expected: str) -> Any:
    try:
        return action()
    except _ERRORS as error:
        raise ModelError(
            f"expected {expected}, found: {shorten(error)}; check that the files are whole and belong "
            "together"
        ) from error


def _format_shape(shape: Any) -> str:
    if isinstance(shape, tuple):
        return "(" + ", ".join("n" if side is None else str(side) for side in shape) + ")"
    return f"{len(shape)} inputs"

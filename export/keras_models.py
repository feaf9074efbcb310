"""Keras models of every age, loaded by today's Keras."""

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
from export.evaluation.evaluate import Predict
from export.files import one_line

# What Keras and h5py raise for files that are damaged or not what they are taken for.
_REFUSALS = (
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

    Raises ModelError when the file is missing, damaged, or holds weights alone.
    """
    _check_there(path)
    if path.suffix in _HDF5:
        return _with_weights(_from_json(_architecture_in(path), path), path)
    if path.suffix != ".keras":
        raise ModelError(f"expected a .keras or .h5 file, found {path}; save the model with model.save(…)")
    return _translated(lambda: keras.models.load_model(path, compile=False), f"a Keras model in {path}")


def load_pair(architecture: Path, weights: Path) -> keras.Model:
    """The model of an architecture JSON and an HDF5 of its weights, of Keras 1.2 to 3.

    Raises ModelError when one is missing or damaged, or the weights do not fit.
    """
    _check_there(architecture)
    _check_there(weights)
    try:
        text = architecture.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"expected an architecture JSON in {architecture}, found: {one_line(error)}; "
            "save it with model.to_json()"
        ) from error
    return _with_weights(_from_json(text, architecture), weights)


def input_side(model: keras.Model, source: Path) -> tuple[int, int]:
    """(height, width) of the crops that `model` takes; ModelError unless it takes (n, height, width, 1)."""
    shape = model.input_shape
    if (
        not isinstance(shape, tuple)
        or len(shape) != 4
        or shape[0] is not None
        or shape[3] != 1
        or None in shape[1:]
    ):
        raise ModelError(
            f"expected an input of (n, height, width, 1) in {source}, found {_shape(shape)}; "
            "give a model that takes grey crops"
        )
    return shape[1], shape[2]


def predictor(model: keras.Model, metadata: Metadata) -> Predict:
    """Crops through `model`, prepared as `metadata` says."""

    def predict(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(model(preprocess.make_batch(crops, metadata), training=False), np.float32)

    return predict


def _check_there(path: Path) -> None:
    if not path.is_file():
        raise ModelError(f"expected a Keras file at {path}, found no such file; check the path")


def _architecture_in(path: Path) -> str:
    def read() -> Any:
        with h5py.File(path) as file:
            return file.attrs.get("model_config")

    config = _translated(read, f"an HDF5 file in {path}")
    if config is None:
        raise ModelError(
            f"expected a full model in {path}, found weights alone; give its architecture too, with "
            "--architecture A.json --weights W.h5 in place of --model"
        )
    return config.decode() if isinstance(config, bytes) else str(config)


def _from_json(text: str, source: Path) -> keras.Model:
    def build() -> keras.Model:
        described = json.loads(text)
        config = _of_today(described["config"])
        # By name rather than by model_from_json: Keras 3 no longer finds the classes of Keras 2 by itself.
        kind = keras.Sequential if described["class_name"] == "Sequential" else keras.Model
        # The first Sequential of Keras 2 was a bare list of layers.
        return kind.from_config(
            {"name": "sequential", "layers": config} if isinstance(config, list) else config
        )

    return _translated(build, f"the architecture of a Sequential or functional Keras model in {source}")


def _of_today(config: Any) -> Any:
    """`config` without what Keras 2 wrote and Keras 3 refuses or warns of.

    These are the idle groups of depthwise convolutions, and the list around a single input or output.
    """
    if isinstance(config, list):
        return [_of_today(part) for part in config]
    if not isinstance(config, dict):
        return config
    parts = {key: _of_today(part) for key, part in config.items()}
    if parts.get("class_name") in _WITHOUT_GROUPS and parts["config"].get("groups") == 1:
        del parts["config"]["groups"]
    for ends in ("input_layers", "output_layers"):
        if isinstance(parts.get(ends), list) and len(parts[ends]) == 1:
            [parts[ends]] = parts[ends]
    return parts


def _with_weights(model: keras.Model, weights: Path) -> keras.Model:
    def fill() -> keras.Model:
        with h5py.File(weights):
            pass  # Says more clearly than Keras does when it is no HDF5, or not whole.
        model.load_weights(weights)
        return model

    return _translated(fill, f"weights in {weights} that fit the architecture")


def _translated(action: Callable[[], Any], expected: str) -> Any:
    try:
        return action()
    except _REFUSALS as error:
        raise ModelError(
            f"expected {expected}, found: {one_line(error)}; check that the files are whole and belong "
            "together"
        ) from error


def _shape(shape: Any) -> str:
    if isinstance(shape, tuple):
        return "(" + ", ".join("n" if side is None else str(side) for side in shape) + ")"
    return f"{len(shape)} inputs"

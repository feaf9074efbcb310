"""Keras models of any version, loaded by Keras 3."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.faces import preprocess
from edge.faces.metadata import Metadata
from export.error_text import shorten
from export.evaluation.predictions import Predictor
from export.keras_files import architecture, weights
from export.keras_files.adaptation import format_shape
from export.keras_files.architecture import Layer
from export.keras_files.file_kind import FileKind, identify

# The exceptions of Keras, TensorFlow and h5py for files that are damaged or of another kind than expected.
_ERRORS = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    NotImplementedError,
    ImportError,
    zipfile.BadZipFile,
    tf.errors.OpError,
)


def load(path: Path) -> keras.Model:
    """The model in a `.keras` file, a full HDF5 or a SavedModel folder, whatever it is called.

    Raises ModelError if it is missing, damaged, or holds weights alone.
    """
    kind = identify(path)
    if kind is FileKind.JSON:
        raise ModelError(
            f"expected a whole model in {path}, found an architecture alone; give its weights too, with "
            "--architecture A.json --weights W.h5 in place of --model"
        )
    if kind is FileKind.SAVED_MODEL:
        return _translate_errors(lambda: _load_saved_model(path), f"a SavedModel with a signature in {path}")
    description, version = _read_architecture(path, kind)
    return _load_weights(_build(description, path, version), path)


def load_architecture_and_weights(architecture_file: Path, weights_file: Path) -> keras.Model:
    """The model in a JSON of its architecture and a file of its weights, of Keras 1 to 3.

    The names of the files do not matter; weights may also be those in a whole model.  Raises ModelError if
    one is missing or damaged, or if the weights do not fit.
    """
    for path in (architecture_file, weights_file):
        if not path.exists():
            raise ModelError(f"expected a Keras file at {path}, found no such file; check the path")
    try:
        text = architecture_file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"expected an architecture JSON in {architecture_file}, found: {shorten(error)}; "
            "save it with model.to_json()"
        ) from error
    description = architecture.parse(text, architecture_file)
    return _load_weights(_build(description, architecture_file, None), weights_file)


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
            f"expected an input of (n, height, width, 1) in {source}, found {format_shape(shape)}; "
            "give a model that takes grey crops, and --side for one that takes any size"
        )
    return shape[1], shape[2]


def make_predictor(model: keras.Model, metadata: Metadata) -> Predictor:
    """Run crops through `model`, after the preprocessing of `metadata`."""

    def predict(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(model(preprocess.make_batch(crops, metadata), training=False), np.float32)

    return predict


def _read_architecture(path: Path, kind: FileKind) -> tuple[Layer, str | None]:
    """(the architecture in a whole model, the version of Keras that wrote it, where the file says it)."""

    def read_zip() -> tuple[Any, Any]:
        with zipfile.ZipFile(path) as archive:
            version = None
            if "metadata.json" in archive.namelist():
                version = json.loads(archive.read("metadata.json")).get("keras_version")
            return archive.read("config.json"), version

    def read_hdf5() -> tuple[Any, Any]:
        with h5py.File(path) as file:
            return file.attrs.get("model_config"), file.attrs.get("keras_version")

    read = read_zip if kind is FileKind.KERAS_ZIP else read_hdf5
    text, version = (_decode(value) for value in _translate_errors(read, f"a Keras model in {path}"))
    if text is None:
        raise ModelError(
            f"expected a full model in {path}, found weights alone; give its architecture too, with "
            "--architecture A.json --weights W.h5 in place of --model"
        )
    return architecture.parse(text, path), version


def _decode(value: Any) -> str | None:
    if value is None:
        return None
    return value.decode("utf-8-sig") if isinstance(value, bytes) else str(value)


def _build(description: Layer, source: Path, version: str | None) -> keras.Model:
    return _translate_errors(
        lambda: architecture.build(description, source, version),
        f"the architecture of a Sequential or functional Keras model in {source}",
    )


def _load_weights(model: keras.Model, path: Path) -> keras.Model:
    def load_weights() -> keras.Model:
        weights.load(model, path)
        return model

    return _translate_errors(load_weights, f"weights in {path} that fit the architecture")


def _load_saved_model(path: Path) -> keras.Model:
    """A functional model around the signature of a SavedModel, which has no layers of its own."""
    signature = tf.saved_model.load(str(path)).signatures["serving_default"]
    [specification] = signature.structured_input_signature[1].values()
    crops = keras.Input(tuple(specification.shape[1:]))
    layer = keras.layers.TFSMLayer(str(path), call_endpoint="serving_default", trainable=False)
    answers = layer(crops)
    return keras.Model(crops, next(iter(answers.values())) if len(answers) == 1 else answers)


def _translate_errors(action: Callable[[], Any], expected: str) -> Any:
    try:
        return action()
    except _ERRORS as error:
        raise ModelError(
            f"expected {expected}, found: {shorten(error)}; check that the files are whole and belong "
            "together"
        ) from error

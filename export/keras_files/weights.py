"""Weights of every version of Keras, loaded into a model."""

import tempfile
from pathlib import Path

import h5py
import keras
import numpy as np

from edge.errors import ModelError
from export.keras_files.architecture import list_layers
from export.keras_files.file_kind import FileKind, identify

# Keras 2 turned the kernels of these layers: Theano convolves, and TensorFlow correlates.
_TURNED = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D, keras.layers.Conv2DTranspose)


def load(model: keras.Model, path: Path) -> None:
    """Load the weights in an HDF5 of any version and any name, or in a .keras file.

    Raises ModelError if `path` holds none; the exceptions of Keras if they do not fit the model.
    """
    kind = identify(path)
    if kind not in (FileKind.HDF5, FileKind.KERAS_ZIP):
        raise ModelError(f"expected the weights of a Keras model in {path}, found {kind.value}; name the .h5")
    name, backend = ("model.keras", None) if kind is FileKind.KERAS_ZIP else _read_layout(path)
    # Keras tells the layouts of weights apart by their names.
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / name
        link.symlink_to(path.resolve())
        model.load_weights(link)
    if backend in ("theano", b"theano"):
        _turn_kernels(model)


def _read_layout(path: Path) -> tuple[str, str | bytes | None]:
    """(the name that Keras expects of an HDF5 laid out like this one, the backend that wrote it)."""
    with h5py.File(path) as file:
        attributes = file["model_weights"].attrs if "model_weights" in file else file.attrs
        name = "by_layer_name.h5" if "layer_names" in attributes else "today.weights.h5"
        return name, attributes.get("backend", file.attrs.get("backend"))


def _turn_kernels(model: keras.Model) -> None:
    for layer in list_layers(model):
        if isinstance(layer, _TURNED):
            kernel, *rest = layer.get_weights()
            spatial = tuple(range(kernel.ndim - 2))
            layer.set_weights([np.flip(kernel, spatial), *rest])

"""Pairs of Keras 1, by what a network of today with the same weights computes."""

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import ModelError
from export.tensorflow_import import import_tensorflow
from tests.export.keras_files.conftest import SIDE_PX

import_tensorflow()
import keras  # noqa: E402  # after its quiet import
from keras import layers  # noqa: E402

from export import keras_models  # noqa: E402

TRAINED = {"init": "glorot_uniform", "W_regularizer": None, "b_constraint": None, "trainable": True}
CONVOLUTION = {
    **TRAINED,
    "nb_filter": 4,
    "nb_row": 3,
    "nb_col": 5,
    "border_mode": "same",
    "subsample": [2, 1],
    "dim_ordering": "tf",
    "activation": "hard_sigmoid",
    "bias": True,
    "batch_input_shape": [None, SIDE_PX, SIDE_PX, 1],
    "input_dtype": "float32",
}
BATCH_NORMALIZATION = {"mode": 0, "axis": -1, "epsilon": 1e-5, "momentum": 0.99, "gamma_regularizer": None}
POOLING = {"pool_size": [2, 2], "strides": [2, 2], "border_mode": "valid", "dim_ordering": "tf"}
DENSE = {**TRAINED, "output_dim": 7, "input_dim": None, "activation": "softmax", "bias": True}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "convolution2d_1": ("Convolution2D", CONVOLUTION),
    "batchnormalization_1": ("BatchNormalization", BATCH_NORMALIZATION),
    "maxpooling2d_1": ("MaxPooling2D", POOLING),
    "dropout_1": ("Dropout", {"p": 0.5}),
    "flatten_1": ("Flatten", {}),
    "dense_1": ("Dense", DENSE),
}


def write_pair(
    folder: Path, weights: dict[str, list[NDArray[np.float32]]], **changed: Any
) -> tuple[Path, Path]:
    described: list[dict[str, Any]] = [
        {"class_name": kind, "config": {**config, "name": name}} for name, (kind, config) in KINDS.items()
    ]
    described[0]["config"].update(changed)
    content = {"class_name": "Sequential", "keras_version": "1.2.2", "config": described}
    (folder / "old.json").write_text(json.dumps(content))
    with h5py.File(folder / "old.h5", "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in KINDS]
        for name in KINDS:
            group, arrays = file.create_group(name), weights.get(name, [])
            group.attrs["weight_names"] = [f"{name}_{number}".encode() for number in range(len(arrays))]
            for number, array in enumerate(arrays):
                group[f"{name}_{number}"] = array
    return folder / "old.json", folder / "old.h5"


def test_pair_of_keras_1_computes_what_the_same_layers_do_today(
    noise: NDArray[np.float32], tmp_path: Path
) -> None:
    today = keras.Sequential(
        [
            keras.Input((SIDE_PX, SIDE_PX, 1)),
            # The hard sigmoid of then, by the layers of today.
            layers.Conv2D(4, (3, 5), strides=(2, 1), padding="same", name="convolution2d_1"),
            layers.Rescaling(0.2, offset=0.5),
            layers.ReLU(max_value=1.0),
            layers.BatchNormalization(epsilon=1e-5, name="batchnormalization_1"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(7, activation="softmax", name="dense_1"),
        ]
    )
    random = np.random.default_rng(0)
    today.set_weights([random.uniform(0.1, 0.5, weight.shape) for weight in today.get_weights()])
    weights = {layer.name: layer.get_weights() for layer in today.layers}
    loaded = keras_models.load_architecture_and_weights(*write_pair(tmp_path, weights))
    np.testing.assert_allclose(np.asarray(loaded(noise)), np.asarray(today(noise)), atol=1e-6)


def test_dim_ordering_of_theano_is_refused_by_its_name_of_today(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="channels_first in the layer convolution2d_1"):
        keras_models.load_architecture_and_weights(*write_pair(tmp_path, {}, dim_ordering="th"))

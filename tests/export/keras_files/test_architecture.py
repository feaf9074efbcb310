"""Architectures of old versions of Keras, by what the loaded models compute."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import ModelError
from export.tensorflow_import import import_tensorflow
from tests.export.keras_files import old_files
from tests.export.keras_files.conftest import SIDE_PX
from tests.export.keras_files.old_files import Change, Described, describe, rename, update

import_tensorflow()
import keras  # noqa: E402  # after its quiet import
from keras import layers  # noqa: E402

from export import keras_models  # noqa: E402


def put_shape_into_first_layer(described: Described) -> None:
    first, second, *_ = described["config"]["layers"]
    second["config"]["batch_input_shape"] = first["config"]["batch_input_shape"]
    del described["config"]["layers"][0]


def leave_only_a_list(described: Described) -> None:
    put_shape_into_first_layer(described)
    described["config"] = described["config"]["layers"]


def put_shape_into_the_model(described: Described) -> None:
    described["config"]["build_input_shape"] = described["config"]["layers"].pop(0)["config"][
        "batch_input_shape"
    ]


INITIALIZER = {"class_name": "GlorotUniform", "config": {"seed": None}}
OLD_FORMS: dict[str, Change] = {
    "no input layer": put_shape_into_first_layer,
    "a bare list of layers": leave_only_a_list,
    "built by its first batch": put_shape_into_the_model,
    "separable": update(
        "SeparableConv2D",
        groups=1,
        kernel_initializer=INITIALIZER,
        kernel_regularizer=None,
        kernel_constraint=None,
    ),
    "transposed": update("Conv2DTranspose", groups=1),
    "axis list": update("BatchNormalization", axis=[3], fused=True, renorm=False, virtual_batch_size=None),
    "mode": update("BatchNormalization", mode=0),
    "V1": rename("BatchNormalization", "BatchNormalizationV1"),
    "alpha": update("LeakyReLU", "negative_slope", alpha=0.07),
    "alpha as an array": update("LeakyReLU", "negative_slope", alpha={"type": "ndarray", "value": [0.07]}),
    "swish": update("Conv2D", activation="swish"),
    "softmax_v2": update("Dense", activation="softmax_v2"),
    "regularizer of their own": update("Dense", kernel_regularizer={"class_name": "Mine", "config": {}}),
    "fixed batch": update("InputLayer", batch_input_shape=[1, SIDE_PX, SIDE_PX, 1]),
}


@pytest.mark.parametrize("form", OLD_FORMS)
@pytest.mark.parametrize("file", ["hdf5", "zip"])
def test_old_form_computes_what_today_does(
    varied: keras.Model, noise: NDArray[np.float32], tmp_path: Path, form: str, file: str
) -> None:
    described = describe(varied)
    OLD_FORMS[form](described)
    save = old_files.save_hdf5 if file == "hdf5" else old_files.save_zip
    loaded = keras_models.load(save(tmp_path / "old", varied, described))
    assert loaded.input_shape == (None, SIDE_PX, SIDE_PX, 1)
    np.testing.assert_allclose(np.asarray(loaded(noise)), np.asarray(varied(noise)), atol=1e-6)


def test_layers_within_layers_are_read(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    rows = keras.Sequential([keras.Input((SIDE_PX, 1)), layers.Flatten()])
    leaky = layers.LeakyReLU(negative_slope=0.1)
    model = keras.Sequential(
        [
            keras.Input((SIDE_PX, SIDE_PX, 1)),
            layers.TimeDistributed(rows),
            layers.Bidirectional(layers.LSTM(2)),
            layers.Dense(4, activation=leaky),
            layers.Dense(7, activation="softmax"),
        ]
    )
    described = describe(model)
    for config in old_files.find_configs(described, "Bidirectional"):
        config["layer"]["config"]["time_major"] = False
    update("Dense", kernel_constraint=None)(described)
    noise = np.random.default_rng(0).random((3, SIDE_PX, SIDE_PX, 1), np.float32)
    model.save(tmp_path / "today.keras")
    old = old_files.save_hdf5(tmp_path / "old.h5", model, described, "2.9.0")
    for path in (tmp_path / "today.keras", old):
        loaded = keras_models.load(path)
        np.testing.assert_allclose(np.asarray(loaded(noise)), np.asarray(model(noise)), atol=1e-6)


def test_key_that_would_change_the_output_is_refused_by_its_layer(
    varied: keras.Model, tmp_path: Path
) -> None:
    described = describe(varied)
    update("BatchNormalization", mode=2, name="bn")(described)
    with pytest.raises(ModelError, match=r"found mode = 2 in the layer bn"):
        keras_models.load(old_files.save_hdf5(tmp_path / "old.h5", varied, described))


@pytest.mark.parametrize(
    "reduced", ["mixed_float16", {"class_name": "Policy", "config": {"name": "mixed_bfloat16"}}]
)
def test_reduced_precision_is_loaded_in_float32(
    varied: keras.Model, noise: NDArray[np.float32], tmp_path: Path, reduced: Any
) -> None:
    described = describe(varied)
    for kind in ("Conv2D", "BatchNormalization", "LeakyReLU"):
        update(kind, dtype=reduced)(described)
    loaded = keras_models.load(old_files.save_hdf5(tmp_path / "old.h5", varied, described))
    assert {layer.compute_dtype for layer in loaded.layers} == {"float32"}
    np.testing.assert_allclose(np.asarray(loaded(noise)), np.asarray(varied(noise)), atol=1e-6)


def test_hard_sigmoid_is_that_of_the_version_that_wrote_the_file(tmp_path: Path) -> None:
    crops = keras.Input((1, 3, 1))
    model = keras.Model(crops, layers.Activation("hard_sigmoid")(crops))
    values = np.array([[[[-1.0], [0.5], [2.9]]]], np.float32)
    old = keras_models.load(old_files.save_hdf5(tmp_path / "2.h5", model, describe(model), "2.3.1"))
    np.testing.assert_allclose(np.asarray(old(values)).ravel(), [0.3, 0.6, 1.0], atol=1e-6)
    model.save(tmp_path / "3.keras")
    today = keras_models.load(tmp_path / "3.keras")
    np.testing.assert_allclose(np.asarray(today(values)).ravel(), [1 / 3, 3.5 / 6, 5.9 / 6], atol=1e-6)


def test_augmentation_is_dropped_and_the_weights_behind_it_are_loaded(
    noise: NDArray[np.float32], tmp_path: Path
) -> None:
    keras.utils.set_random_seed(0)
    augmentation = keras.Sequential([layers.RandomFlip(), layers.RandomRotation(0.1)])
    model = keras.Sequential(
        [
            keras.Input((SIDE_PX, SIDE_PX, 1)),
            augmentation,
            layers.Flatten(),
            layers.Dense(7, activation="softmax"),
        ]
    )
    model.save(tmp_path / "m.keras")
    loaded = keras_models.load(tmp_path / "m.keras")
    np.testing.assert_allclose(np.asarray(loaded(noise)), np.asarray(model(noise, training=False)), atol=1e-6)
    assert not [layer for layer in loaded.layers[0].layers if isinstance(layer, layers.RandomFlip)]


def test_layer_of_their_own_and_python_code_are_refused_by_name(varied: keras.Model, tmp_path: Path) -> None:
    described = describe(varied)
    rename("LeakyReLU", "Gate")(described)
    with pytest.raises(ModelError, match=r"found the class Gate in the layer leaky_re_lu"):
        keras_models.load(old_files.save_zip(tmp_path / "gate.keras", varied, described))
    with_code = keras.Sequential([keras.Input((2, 2, 1)), layers.Lambda(lambda x: x * 2 - 1, name="centre")])
    with_code.save(tmp_path / "lambda.keras")
    with pytest.raises(ModelError, match=r"Python code in the Lambda centre, which is not run"):
        keras_models.load(tmp_path / "lambda.keras")


def test_channels_first_is_refused_by_its_name(varied: keras.Model, tmp_path: Path) -> None:
    described = describe(varied)
    update("Conv2D", data_format="channels_first")(described)
    with pytest.raises(ModelError, match="found channels_first in the layer conv2d"):
        keras_models.load(old_files.save_hdf5(tmp_path / "old.h5", varied, described))


def test_class_of_their_own_for_the_whole_model_is_refused(varied: keras.Model, tmp_path: Path) -> None:
    described = {**describe(varied), "class_name": "MyNetwork"}
    with pytest.raises(ModelError, match="found the class MyNetwork"):
        keras_models.load(old_files.save_zip(tmp_path / "m.keras", varied, described))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8"])
def test_json_in_a_string_of_json_is_read(
    varied: keras.Model, noise: NDArray[np.float32], tmp_path: Path, encoding: str
) -> None:
    (tmp_path / "a.txt").write_text(json.dumps(varied.to_json()), encoding=encoding)
    varied.save_weights(tmp_path / "w.weights.h5")
    loaded = keras_models.load_architecture_and_weights(tmp_path / "a.txt", tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(np.asarray(loaded(noise)), np.asarray(varied(noise)))

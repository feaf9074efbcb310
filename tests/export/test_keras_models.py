"""Keras files of several versions, whole and damaged."""

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from export.tensorflow_import import import_tensorflow
from tests.export.conftest import KerasFiles, Toy, make_toy_split, scale_crops

import_tensorflow()
import keras  # noqa: E402  # after its quiet import
from keras import layers  # noqa: E402

from export import keras_models  # noqa: E402


@pytest.mark.parametrize("form", ["full_h5", "pair"])
def test_file_of_keras_2_gives_the_same_probabilities_as_the_keras_file(
    keras_files: KerasFiles, tiny: keras.Model, toy: Toy, form: str
) -> None:
    model = (
        keras_models.load(keras_files.full_h5)
        if form == "full_h5"
        else keras_models.load_architecture_and_weights(keras_files.architecture, keras_files.weights)
    )
    crops = scale_crops(toy.splits["PublicTest"])
    np.testing.assert_array_equal(np.asarray(model(crops)), np.asarray(tiny(crops)))


def test_keras_3_refuses_the_architecture_that_is_read_here(keras_files: KerasFiles) -> None:
    with pytest.raises(TypeError, match="Could not locate class"):
        keras.models.model_from_json(keras_files.architecture.read_text())


def test_functional_architecture_of_keras_2_with_depthwise_convolutions_is_read(tmp_path: Path) -> None:
    def layer(kind: str, name: str, inputs: list[str], **config: object) -> dict[str, object]:
        nodes = [[[source, 0, 0, {}] for source in inputs]] if inputs else []
        return {"class_name": kind, "name": name, "inbound_nodes": nodes, "config": {"name": name, **config}}

    described = {
        "class_name": "Functional",
        "keras_version": "2.12.0",
        "backend": "tensorflow",
        "config": {
            "name": "model",
            "input_layers": [["crops", 0, 0]],
            "output_layers": [["answer", 0, 0]],
            "layers": [
                layer(
                    "InputLayer",
                    "crops",
                    [],
                    batch_input_shape=[None, 48, 48, 1],
                    dtype="float32",
                    sparse=False,
                    ragged=False,
                ),
                layer(
                    "DepthwiseConv2D", "depthwise", ["crops"], kernel_size=[3, 3], padding="same", groups=1
                ),
                layer(
                    "SeparableConv2D",
                    "separable",
                    ["depthwise"],
                    filters=1,
                    kernel_size=[3, 3],
                    padding="same",
                    groups=1,
                ),
                layer("Add", "sum", ["crops", "separable"]),
                layer("GlobalAveragePooling2D", "mean", ["sum"]),
                layer("Dense", "answer", ["mean"], units=7, activation="softmax"),
            ],
        },
    }
    (tmp_path / "a.json").write_text(json.dumps(described))
    keras.utils.set_random_seed(0)
    crops = keras.Input((48, 48, 1))
    filtered = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(crops)
    filtered = layers.SeparableConv2D(1, 3, padding="same", name="separable")(filtered)
    mean = layers.GlobalAveragePooling2D()(layers.Add()([crops, filtered]))
    today = keras.Model(crops, layers.Dense(7, activation="softmax", name="answer")(mean))
    today.save_weights(tmp_path / "a.weights.h5")
    loaded = keras_models.load_architecture_and_weights(tmp_path / "a.json", tmp_path / "a.weights.h5")
    images = scale_crops(make_toy_split(1, 0))
    np.testing.assert_array_equal(np.asarray(loaded(images)), np.asarray(today(images)))


def test_missing_model_is_refused(expect_refusal: Callable[..., str], tmp_path: Path) -> None:
    assert "no such file" in expect_refusal("--model", tmp_path / "none.keras")


def test_missing_half_of_a_pair_is_refused(
    expect_refusal: Callable[..., str], keras_files: KerasFiles, tmp_path: Path
) -> None:
    assert "none.json" in expect_refusal(
        "--architecture", tmp_path / "none.json", "--weights", keras_files.weights
    )
    assert "none.h5" in expect_refusal(
        "--architecture", keras_files.architecture, "--weights", tmp_path / "none.h5"
    )


@pytest.mark.parametrize("form", ["keras", "full_h5"])
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.95])
def test_truncated_model_is_refused(
    expect_refusal: Callable[..., str], keras_files: KerasFiles, tmp_path: Path, form: str, kept: float
) -> None:
    whole: Path = getattr(keras_files, form)
    cut = tmp_path / f"cut{whole.suffix}"
    content = whole.read_bytes()
    cut.write_bytes(content[: int(kept * len(content))])
    assert str(cut) in expect_refusal("--model", cut)


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.95])
def test_truncated_weights_are_refused(
    expect_refusal: Callable[..., str], keras_files: KerasFiles, tmp_path: Path, kept: float
) -> None:
    content = keras_files.weights.read_bytes()
    (tmp_path / "cut.h5").write_bytes(content[: int(kept * len(content))])
    assert "cut.h5" in expect_refusal(
        "--architecture", keras_files.architecture, "--weights", tmp_path / "cut.h5"
    )


def test_weights_that_are_no_hdf5_are_refused(
    expect_refusal: Callable[..., str], keras_files: KerasFiles, tmp_path: Path
) -> None:
    (tmp_path / "w.h5").write_text("no weights")
    assert "w.h5" in expect_refusal(
        "--architecture", keras_files.architecture, "--weights", tmp_path / "w.h5"
    )


@pytest.mark.parametrize("change", ["fewer layers", "another shape", "no names"])
def test_weights_that_do_not_fit_their_architecture_are_refused(
    expect_refusal: Callable[..., str], keras_files: KerasFiles, tmp_path: Path, change: str
) -> None:
    described = json.loads(keras_files.architecture.read_text())
    weights = tmp_path / "w.h5"
    weights.write_bytes(keras_files.weights.read_bytes())
    if change == "fewer layers":
        del described["config"]["layers"][-1]
    elif change == "another shape":
        described["config"]["layers"][1]["config"]["filters"] = 5
    else:
        with h5py.File(weights, "a") as file:
            del file.attrs["layer_names"]
    (tmp_path / "a.json").write_text(json.dumps(described))
    line = expect_refusal("--architecture", tmp_path / "a.json", "--weights", weights)
    assert "that fit the architecture" in line and "w.h5" in line


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        '{"class_name": "Sequential"}',
        '{"class_name": "Sequential", "config": {"layers": [{"class_name": "Magic"}]}}',
    ],
)
def test_file_without_an_architecture_is_refused(
    expect_refusal: Callable[..., str], keras_files: KerasFiles, tmp_path: Path, text: str
) -> None:
    (tmp_path / "a.json").write_text(text)
    assert "a.json" in expect_refusal("--architecture", tmp_path / "a.json", "--weights", keras_files.weights)


def test_message_about_weights_alone_names_the_options_for_them(
    expect_refusal: Callable[..., str], keras_files: KerasFiles
) -> None:
    assert "--architecture" in expect_refusal("--model", keras_files.weights)


def test_file_of_another_kind_is_refused(expect_refusal: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "model.pb").touch()
    assert ".keras or .h5" in expect_refusal("--model", tmp_path / "model.pb")


def test_saved_model_folder_gives_the_same_probabilities(tiny: keras.Model, toy: Toy, tmp_path: Path) -> None:
    tiny.export(tmp_path / "folder", verbose=False)
    loaded = keras_models.load(tmp_path / "folder")
    crops = scale_crops(toy.splits["PublicTest"])[:3]
    assert keras_models.read_input_size(loaded, tmp_path) == (48, 48)
    np.testing.assert_allclose(np.asarray(loaded(crops)), np.asarray(tiny(crops)), atol=1e-6)

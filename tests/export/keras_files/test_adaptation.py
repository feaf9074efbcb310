"""Networks of other inputs and outputs, by what they compute once they are classifiers of grey crops."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import ModelError
from export.conversion import onnx_graph
from export.evaluation import model_size
from export.tensorflow_import import import_tensorflow
from tests.export.keras_files.conftest import SIDE_PX

import_tensorflow()
import keras  # noqa: E402  # after its quiet import
import onnxruntime as ort  # noqa: E402
from keras import layers  # noqa: E402

from export.conversion.tracing import trace  # noqa: E402
from export.keras_files.adaptation import adapt  # noqa: E402

SOURCE = Path("m.keras")


def build(*tail: layers.Layer, shape: tuple[int | None, ...] = (SIDE_PX, SIDE_PX, 1)) -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input(shape), *tail])


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(logits)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def test_classifier_of_grey_crops_is_left_alone(varied: keras.Model) -> None:
    assert adapt(varied, 7, SOURCE) == (varied, ())


def test_softmax_is_added_to_logits_and_reported(noise: NDArray[np.float32]) -> None:
    model = build(layers.Flatten(), layers.Dense(7))
    adapted, changes = adapt(model, 7, SOURCE)
    np.testing.assert_allclose(np.asarray(adapted(noise)), softmax(np.asarray(model(noise))), atol=1e-6)
    assert changes == ("a softmax was added behind the logits",)


def test_softmax_takes_the_place_of_sigmoids(noise: NDArray[np.float32]) -> None:
    model = build(layers.Flatten(), layers.Dense(7, activation="sigmoid"))
    shares = np.asarray(model(noise))
    adapted, changes = adapt(model, 7, SOURCE)
    expected = softmax(np.log(shares / (1 - shares)))
    np.testing.assert_allclose(np.asarray(adapted(noise)), expected, atol=1e-5)
    assert changes == ("a softmax of the same logits replaces the sigmoids",)


def test_maps_of_one_pixel_are_flattened(noise: NDArray[np.float32]) -> None:
    model = build(layers.Conv2D(7, SIDE_PX, activation="softmax"))
    adapted, changes = adapt(model, 7, SOURCE)
    np.testing.assert_array_equal(np.asarray(adapted(noise)), np.asarray(model(noise))[:, 0, 0])
    assert changes == ()


def test_colour_network_is_fed_with_grey_exactly_and_costs_one_channel(noise: NDArray[np.float32]) -> None:
    shape = (SIDE_PX, SIDE_PX, 3)
    model = build(layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(7, activation="softmax"), shape=shape)
    adapted, changes = adapt(model, 7, SOURCE)
    expected = np.asarray(model(np.repeat(noise, 3, axis=3)))
    np.testing.assert_array_equal(np.asarray(adapted(noise)), expected)
    assert changes == ("each grey crop is fed as red, green and blue",)
    simple = onnx_graph.simplify(trace(adapted, SIDE_PX, SIDE_PX, SOURCE))
    assert "Concat" not in model_size.count_operators(simple)
    session = ort.InferenceSession(simple.SerializeToString(), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(None, {"crops": noise})[0], expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(SIDE_PX, SIDE_PX), (SIDE_PX * SIDE_PX,)], ids=["no channel", "flat"])
def test_crops_without_a_channel_are_reshaped(noise: NDArray[np.float32], shape: tuple[int, ...]) -> None:
    model = build(layers.Flatten(), layers.Dense(7, activation="softmax"), shape=shape)
    adapted, _ = adapt(model, 7, SOURCE)
    assert adapted.input_shape == (None, SIDE_PX, SIDE_PX, 1)
    expected = np.asarray(model(noise.reshape(-1, *shape)))
    np.testing.assert_array_equal(np.asarray(adapted(noise)), expected)


def test_network_for_any_size_gets_the_side_that_is_asked_for(noise: NDArray[np.float32]) -> None:
    tail = (layers.Conv2D(4, 3), layers.GlobalAveragePooling2D(), layers.Dense(7, activation="softmax"))
    model = build(*tail, shape=(None, None, 1))
    assert adapt(model, 7, SOURCE)[0].input_shape == (None, None, None, 1)
    adapted, _ = adapt(model, 7, SOURCE, side_px=SIDE_PX)
    assert adapted.input_shape == (None, SIDE_PX, SIDE_PX, 1)
    np.testing.assert_array_equal(np.asarray(adapted(noise)), np.asarray(model(noise)))


@pytest.mark.parametrize("form", ["list", "dict"])
def test_one_of_several_outputs_is_chosen_by_its_name(noise: NDArray[np.float32], form: str) -> None:
    crops = keras.Input((SIDE_PX, SIDE_PX, 1))
    features = layers.Flatten()(crops)
    outputs = {
        "age": layers.Dense(1, name="age")(features),
        "expression": layers.Dense(7, activation="softmax", name="expression")(features),
    }
    model = keras.Model(crops, outputs if form == "dict" else list(outputs.values()))
    with pytest.raises(
        ModelError, match=r"found age \(n, 1\), expression \(n, 7\); choose one with --output-name"
    ):
        adapt(model, 7, SOURCE)
    adapted, _ = adapt(model, 7, SOURCE, "expression")
    answers = model(noise)
    expected = answers["expression"] if form == "dict" else answers[1]
    np.testing.assert_array_equal(np.asarray(adapted(noise)), np.asarray(expected))


def test_dict_of_one_output_needs_no_choice(noise: NDArray[np.float32]) -> None:
    crops = keras.Input((SIDE_PX, SIDE_PX, 1))
    model = keras.Model(crops, {"expression": layers.Dense(7, activation="softmax")(layers.Flatten()(crops))})
    adapted, _ = adapt(model, 7, SOURCE)
    np.testing.assert_array_equal(np.asarray(adapted(noise)), np.asarray(model(noise)["expression"]))

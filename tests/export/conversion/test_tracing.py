"""Tracing a Keras model to ONNX."""

from collections.abc import Callable
from pathlib import Path

from export.tensorflow_import import import_tensorflow

import_tensorflow()

import keras  # noqa: E402  # after its quiet import
from keras import layers  # noqa: E402

INPUT = keras.Input((48, 48, 1))


def test_operation_that_onnx_lacks_is_refused_while_tracing(
    expect_refusal: Callable[..., str], tmp_path: Path
) -> None:
    features = keras.ops.erfinv(keras.ops.tanh(layers.AveragePooling2D(8)(INPUT)))
    outputs = layers.Dense(7, activation="softmax")(layers.Flatten()(features))
    keras.Model(INPUT, outputs).save(tmp_path / "m.keras")
    line = expect_refusal("--model", tmp_path / "m.keras", "--as-given")
    assert line.startswith("fer-edge: trace to ONNX: expected a network of operations that ONNX has in ")
    assert "Erfinv" in line and "m.keras" in line

"""Operations of TensorFlow between layers, by what the layers in their place compute."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import ModelError
from export.tensorflow_import import import_tensorflow

import_tensorflow()
from export.keras_files import architecture  # noqa: E402

VALUES = np.array([[[[-3.0]], [[0.5]], [[4.0]]]], np.float32)


def compute(*operations: dict[str, Any]) -> NDArray[np.float32]:
    """What a functional model of tf.keras 2.4 to 2.15 with these operations in a row makes of VALUES."""
    entry = {"name": "in", "batch_input_shape": [None, 3, 1, 1], "dtype": "float32"}
    described = [{"class_name": "InputLayer", "name": "in", "config": entry, "inbound_nodes": []}]
    described += [{"class_name": "TFOpLambda", **operation} for operation in operations]
    config = {
        "name": "m",
        "layers": described,
        "input_layers": [["in", 0, 0]],
        "output_layers": [[operations[-1]["name"], 0, 0]],
    }
    model = architecture.build({"class_name": "Functional", "config": config}, Path("m.h5"), "2.8.0")
    return np.asarray(model(VALUES)).ravel()


def operation(name: str, function: str, *node: Any) -> dict[str, Any]:
    config = {"name": name, "trainable": True, "dtype": "float32", "function": function}
    return {"name": name, "config": config, "inbound_nodes": [list(node)]}


def of_in(function: str, **keywords: Any) -> dict[str, Any]:
    return operation("o", function, "in", 0, 0, {**keywords, "name": None})


@pytest.mark.parametrize(
    ("described", "expected"),
    [
        (of_in("math.multiply", y=2.0), [-6, 1, 8]),
        (of_in("math.truediv", y=0.5), [-6, 1, 8]),
        (of_in("__operators__.add", y=1.5), [-1.5, 2, 5.5]),
        (of_in("math.subtract", y=1.5), [-4.5, -1, 2.5]),
        (operation("o", "math.subtract", "_CONSTANT_VALUE", -1, 1.0, {"y": ["in", 0, 0]}), [4, 0.5, -3]),
        (operation("o", "math.add", "in", 0, 0, {"y": ["in", 0, 0], "name": None}), [-6, 1, 8]),
        (of_in("cast", dtype="float32"), [-3, 0.5, 4]),
        (of_in("nn.relu"), [0, 0.5, 4]),
        (of_in("nn.leaky_relu", alpha=0.1), [-0.3, 0.5, 4]),
        (of_in("math.negative"), [3, -0.5, -4]),
        (of_in("math.reduce_mean", axis=[1, 2], keepdims=True), [0.5]),
    ],
    ids=lambda value: value["config"]["function"] if isinstance(value, dict) else None,
)
def test_operation_becomes_a_layer_that_computes_it(described: dict[str, Any], expected: list[float]) -> None:
    np.testing.assert_allclose(compute(described), expected, atol=1e-6)


def test_operations_of_the_graph_of_tensorflow_2_0_are_read() -> None:
    divided = {
        "class_name": "TensorFlowOpLayer",
        "name": "truediv",
        "config": {
            "name": "truediv",
            "dtype": "float32",
            "node_def": {"name": "truediv", "op": "RealDiv", "input": ["in", "truediv/y"]},
            "constants": {"1": 0.5},
        },
        "inbound_nodes": [[["in", 0, 0, {}]]],
    }
    np.testing.assert_allclose(compute(divided), [-6, 1, 8])


def test_operation_without_a_layer_is_refused_by_its_name() -> None:
    with pytest.raises(ModelError, match=r"found the operation resize of TensorFlow in o; build the model"):
        compute(of_in("image.resize", size=[2, 2]))

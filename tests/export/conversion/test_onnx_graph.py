"""The rewriting of ONNX graphs, by what the graphs compute before and after."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

from edge.faces import metadata
from export.conversion import onnx_graph
from tests import onnx_files

CHANNELS, HEIGHT, WIDTH, CLASSES = 3, 4, 5, 7


def flattened(perm: tuple[int, ...] = (0, 2, 3, 1), *, also: str | None = None) -> ModelProto:
    """What tf2onnx makes of Flatten and Dense: the batch's size is computed, channels come last.

    `also` is a value that is an output of the graph as well.
    """
    weights = np.random.default_rng(0).normal(size=(CHANNELS * HEIGHT * WIDTH, CLASSES)).astype(np.float32)
    constants = {
        "zero": np.array(0),
        "rest": np.array([CHANNELS * HEIGHT * WIDTH]),
        "axis": np.array([0]),
        "weights": weights,
    }
    nodes = [
        helper.make_node("Transpose", ["features"], ["last"], perm=perm),
        helper.make_node("Shape", ["features"], ["shape"]),
        helper.make_node("Gather", ["shape", "zero"], ["batch"]),
        helper.make_node("Unsqueeze", ["batch", "axis"], ["first"]),
        helper.make_node("Concat", ["first", "rest"], ["target"], axis=0),
        helper.make_node("Reshape", ["last", "target"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
    ]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", CLASSES])]
    if also:
        outputs.append(helper.make_tensor_value_info(also, TensorProto.FLOAT, None))
    built = helper.make_graph(
        nodes,
        "flattened",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", CHANNELS, HEIGHT, WIDTH])],
        outputs,
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    return helper.make_model(built, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(model: ModelProto, batch: int) -> NDArray[np.float32]:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    features = np.random.default_rng(1).normal(size=(batch, CHANNELS, HEIGHT, WIDTH)).astype(np.float32)
    return np.asarray(session.run(["logits"], {"features": features})[0])


def test_flattening_needs_neither_a_computed_shape_nor_a_transposition() -> None:
    simple = onnx_graph.simplify(flattened())
    assert onnx_graph.count_operators(simple) == {"MatMul": 1, "Reshape": 1}
    for batch in (1, 3):
        np.testing.assert_allclose(run(simple, batch), run(flattened(), batch), rtol=1e-5, atol=1e-5)


def test_constants_that_nobody_reads_any_more_are_dropped() -> None:
    assert len(onnx_graph.simplify(flattened()).graph.initializer) == 2


@pytest.mark.parametrize(
    "model",
    [flattened((0, 3, 1, 2)), flattened(also="last"), flattened(also="flat")],
    ids=["another order", "somebody else reads it", "somebody else reads it flat"],
)
def test_transposition_that_cannot_move_stays(model: ModelProto) -> None:
    simple = onnx_graph.simplify(model)
    assert onnx_graph.count_operators(simple)["Transpose"] == 1
    np.testing.assert_allclose(run(simple, 2), run(model, 2), rtol=1e-5, atol=1e-5)


def test_serialized_model_carries_its_metadata_and_a_batch_called_n(tmp_path: Path) -> None:
    plain = onnx.load(onnx_files.write(tmp_path / "bands.onnx", None, batch="unk__7"))
    plain.opset_import.append(helper.make_opsetid("org.pytorch.aten", 1))
    finished = onnx.load_from_string(onnx_graph.serialized(plain, onnx_files.METADATA))
    assert [
        value.type.tensor_type.shape.dim[0].dim_param
        for value in (*finished.graph.input, *finished.graph.output)
    ] == ["n", "n"]
    assert {entry.key: entry.value for entry in finished.metadata_props} == {
        metadata.KEY: metadata.encode(onnx_files.METADATA)
    }
    assert [imported.domain for imported in finished.opset_import] == [""]
    assert onnx_graph.serialized(plain, onnx_files.METADATA) == onnx_graph.serialized(
        plain, onnx_files.METADATA
    )


def test_parameters_are_counted_without_shapes_and_scales() -> None:
    assert onnx_graph.count_parameters(flattened()) == CHANNELS * HEIGHT * WIDTH * CLASSES

"""The rewriting of ONNX graphs, by what the graphs compute before and after."""

import math
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, helper

from edge.faces import metadata
from export.conversion import onnx_graph
from export.evaluation import model_size
from tests import onnx_files
from tests.export.onnx_graphs import CHANNELS, HEIGHT, WIDTH, make_flattening_model


def run(model: ModelProto, batch: int) -> NDArray[np.float32]:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    features = np.random.default_rng(1).normal(size=(batch, CHANNELS, HEIGHT, WIDTH)).astype(np.float32)
    return np.asarray(session.run(["logits"], {"features": features})[0])


def test_flattening_needs_neither_a_computed_shape_nor_a_transposition() -> None:
    simple = onnx_graph.simplify(make_flattening_model())
    assert model_size.count_operators(simple) == {"MatMul": 1, "Reshape": 1}
    for batch in (1, 3):
        np.testing.assert_allclose(
            run(simple, batch), run(make_flattening_model(), batch), rtol=1e-5, atol=1e-5
        )


def test_constants_that_nobody_reads_any_more_are_dropped() -> None:
    assert len(onnx_graph.simplify(make_flattening_model()).graph.initializer) == 2


@pytest.mark.parametrize(
    "model",
    [
        make_flattening_model((0, 3, 1, 2)),
        make_flattening_model(also="last"),
        make_flattening_model(also="flat"),
    ],
    ids=["another order", "somebody else reads it", "somebody else reads it flat"],
)
def test_transposition_that_cannot_move_stays(model: ModelProto) -> None:
    simple = onnx_graph.simplify(model)
    assert model_size.count_operators(simple)["Transpose"] == 1
    np.testing.assert_allclose(run(simple, 2), run(model, 2), rtol=1e-5, atol=1e-5)


def test_serialized_model_carries_its_metadata_and_a_batch_called_n(tmp_path: Path) -> None:
    plain = onnx.load(onnx_files.write(tmp_path / "bands.onnx", None, batch="unk__7"))
    plain.opset_import.append(helper.make_opsetid("org.pytorch.aten", 1))
    finished = onnx.load_from_string(onnx_graph.serialize(plain, onnx_files.METADATA))
    assert [
        value.type.tensor_type.shape.dim[0].dim_param
        for value in (*finished.graph.input, *finished.graph.output)
    ] == ["n", "n"]
    assert {entry.key: entry.value for entry in finished.metadata_props} == {
        metadata.KEY: metadata.encode(onnx_files.METADATA)
    }
    assert [imported.domain for imported in finished.opset_import] == [""]
    assert onnx_graph.serialize(plain, onnx_files.METADATA) == onnx_graph.serialize(
        plain, onnx_files.METADATA
    )


def test_erfc_is_computed_as_1_minus_erf() -> None:
    ends = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n"]) for name in ("x", "y")]
    node = helper.make_node("Erfc", ["x"], ["y"], "erfc")
    model = helper.make_model(
        helper.make_graph([node], "g", ends[:1], ends[1:]), opset_imports=[helper.make_opsetid("", 17)]
    )
    model.ir_version = 8
    onnx_graph.replace_erfc(model)
    onnx.checker.check_model(model)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    values = np.array([-2, 0, 0.5], np.float32)
    np.testing.assert_allclose(
        session.run(None, {"x": values})[0], [math.erfc(value) for value in values], atol=1e-6
    )

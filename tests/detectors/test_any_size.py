"""Shapes taken out of ONNX files: judged by the library onnx, and by ONNX Runtime."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.detectors.any_size import any_size
from edge.models import classifier_path
from edge.sessions import open_session


@pytest.fixture(scope="module")
def yunet(material: Callable[[str], Path]) -> bytes:
    return material("models/yunet_s_320_320.onnx").read_bytes()


def test_height_and_width_have_names_and_all_else_stays(yunet: bytes) -> None:
    before, after = onnx.load_model_from_string(yunet), onnx.load_model_from_string(any_size(yunet))
    dimensions = after.graph.input[0].type.tensor_type.shape.dim
    assert [dimension.dim_value or dimension.dim_param for dimension in dimensions] == [1, 3, "height", "width"]
    assert not after.graph.value_info
    for output in after.graph.output:
        assert not output.type.tensor_type.HasField("shape")
    assert [node.SerializeToString() for node in after.graph.node] == [
        node.SerializeToString() for node in before.graph.node]
    assert [tensor.SerializeToString() for tensor in after.graph.initializer] == [
        tensor.SerializeToString() for tensor in before.graph.initializer]
    assert [output.name for output in after.graph.output] == [output.name for output in before.graph.output]
    assert (after.ir_version, after.opset_import) == (before.ir_version, before.opset_import)


@pytest.mark.parametrize(("height", "width"), [(32, 64), (96, 96), (128, 320)])
def test_one_session_takes_pictures_of_any_size(yunet: bytes, height: int, width: int) -> None:
    session = open_session(any_size(yunet), threads=1)
    classes, = session.run(["cls_8"], {"input": np.zeros((1, 3, height, width), np.float32)})
    assert classes.shape == (1, height * width // 64, 1)


def test_sizes_of_more_than_a_byte_are_written_as_protocol_buffers_have_them(yunet: bytes) -> None:
    model = onnx.load_model_from_string(yunet)
    model.doc_string = "x" * 20_000
    assert onnx.load_model_from_string(any_size(model.SerializeToString())).doc_string == model.doc_string


def test_network_without_a_picture_is_refused() -> None:
    text = onnx.helper.make_tensor_value_info("text", onnx.TensorProto.FLOAT, [1, 3])
    same = onnx.helper.make_tensor_value_info("same", onnx.TensorProto.FLOAT, [1, 3])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["text"], ["same"])], "graph", [text], [same])
    with pytest.raises(ValueError, match="four dimensions"):
        any_size(onnx.helper.make_model(graph).SerializeToString())


@given(st.binary(max_size=200))
def test_bytes_that_are_no_onnx_file_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="^[^\n]+$"):
        any_size(content)


@given(st.data())
def test_file_cut_or_flipped_anywhere_is_refused_or_rewritten(data: st.DataObject) -> None:
    content = bytearray(classifier_path().read_bytes()[:4000])
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        any_size(bytes(content[:data.draw(st.integers(0, len(content)))]))
    except ValueError as error:
        assert "\n" not in str(error)

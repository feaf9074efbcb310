"""ONNX files with another input and output: judged by the library onnx, and by ONNX Runtime."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.detectors.onnx_file import FOUND, GREY, taking_grey
from edge.detectors.yunet import COLUMNS, OUTPUTS
from edge.models import classifier_path
from edge.sessions import open_session


@pytest.fixture(scope="module")
def yunet(material: Callable[[str], Path]) -> bytes:
    return material("models/yunet_s_320_320.onnx").read_bytes()


def rewritten(model: bytes) -> bytes:
    """As YuNet's detector has it."""
    return taking_grey(model, OUTPUTS)


def test_input_and_output_are_new_and_all_else_stays(yunet: bytes) -> None:
    before, after = onnx.load_model_from_string(yunet), onnx.load_model_from_string(rewritten(yunet))
    onnx.checker.check_model(after)
    picture, = after.graph.input
    assert (picture.name, picture.type.tensor_type.elem_type) == (GREY, onnx.TensorProto.UINT8)
    dimensions = picture.type.tensor_type.shape.dim
    assert [dimension.dim_value or dimension.dim_param for dimension in dimensions] == [1, 1, "height", "width"]
    assert not after.graph.value_info
    assert [output.name for output in after.graph.output] == [FOUND]
    assert [node.SerializeToString() for node in after.graph.node][2:-5] == [
        node.SerializeToString() for node in before.graph.node]
    assert [tensor.SerializeToString() for tensor in after.graph.initializer] == [
        tensor.SerializeToString() for tensor in before.graph.initializer]
    assert (after.ir_version, after.opset_import) == (before.ir_version, before.opset_import)


@pytest.mark.parametrize(("height", "width"), [(32, 64), (96, 96), (128, 320)])
def test_one_session_takes_pictures_of_any_size(yunet: bytes, height: int, width: int) -> None:
    session = open_session(rewritten(yunet), threads=1)
    found, = session.run([FOUND], {GREY: np.zeros((1, 1, height, width), np.uint8)})
    assert found.shape == (1, height * width * 21 // 1024, COLUMNS)


def test_says_of_a_grey_picture_what_the_file_says_of_one_in_colour(yunet: bytes) -> None:
    grey = np.random.default_rng(5).integers(0, 256, (320, 320), np.uint8)
    found, = open_session(rewritten(yunet), threads=1).run([FOUND], {GREY: grey[np.newaxis, np.newaxis]})
    colour = np.broadcast_to(grey, (1, 3, 320, 320)).astype(np.float32)
    theirs = open_session(yunet, threads=1).run(sum(OUTPUTS, []), {"input": colour})
    rows = [np.concatenate(theirs[at:at + 3], axis=1) for at in range(0, len(theirs), 3)]
    np.testing.assert_array_equal(found, np.concatenate(rows, axis=2))


def test_sizes_of_more_than_a_byte_are_written_as_protocol_buffers_have_them(yunet: bytes) -> None:
    model = onnx.load_model_from_string(yunet)
    model.doc_string = "x" * 20_000
    assert onnx.load_model_from_string(rewritten(model.SerializeToString())).doc_string == model.doc_string


def test_network_without_one_picture_is_refused() -> None:
    text = onnx.helper.make_tensor_value_info("text", onnx.TensorProto.FLOAT, [1, 3])
    same = onnx.helper.make_tensor_value_info("same", onnx.TensorProto.FLOAT, [1, 3])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["text"], ["same"])], "graph", [text], [same])
    with pytest.raises(ValueError, match="0 inputs of four dimensions"):
        rewritten(onnx.helper.make_model(graph).SerializeToString())


@given(st.binary(max_size=200))
def test_bytes_that_are_no_onnx_file_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="^[^\n]+$"):
        rewritten(content)


@given(st.data())
def test_file_cut_or_flipped_anywhere_is_refused_or_rewritten(data: st.DataObject) -> None:
    content = bytearray(classifier_path().read_bytes()[:4000])
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        rewritten(bytes(content[:data.draw(st.integers(0, len(content)))]))
    except ValueError as error:
        assert "\n" not in str(error)

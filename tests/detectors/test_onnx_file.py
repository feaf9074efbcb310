"""ONNX files with another input and other outputs: judged by the library onnx, and by ONNX Runtime."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.detectors.onnx_file import GREY_INPUT, Node, Postprocessing, Value, rewrite_model
from edge.detectors.yunet import make_postprocessing
from edge.faces.ort_session import open_session
from edge.models import locate_classifier


@pytest.fixture(scope="module")
def yunet(material: Callable[[str], Path]) -> bytes:
    return material("models/yunet_s_320_320.onnx").read_bytes()


# Halves the scores of the coarsest cells and raises them to a lower limit.
STRIDE = 32
SCORES = Postprocessing(
    [Value("least", "float32", (1,))],
    {"half": np.array([0.5], np.float32)},
    [
        Node("Mul", [f"cls_{STRIDE}", "half"], ["halved"]),
        Node("Max", ["halved", "least"], ["not below"]),
        Node("Transpose", ["not below"], ["scores"], {"perm": (0, 2, 1)}),
    ],
    Value("scores", "float32", (1, 1, "cells")),
)


def test_input_and_output_are_new_and_all_else_stays(yunet: bytes) -> None:
    before, after = (
        onnx.load_model_from_string(yunet),
        onnx.load_model_from_string(rewrite_model(yunet, SCORES)),
    )
    onnx.checker.check_model(after)
    assert [_described(value) for value in after.graph.input] == [
        (GREY_INPUT, onnx.TensorProto.UINT8, [1, 1, "height", "width"]),
        ("least", onnx.TensorProto.FLOAT, [1]),
    ]
    assert [_described(value) for value in after.graph.output] == [
        ("scores", onnx.TensorProto.FLOAT, [1, 1, "cells"])
    ]
    assert not after.graph.value_info
    assert [node.SerializeToString() for node in after.graph.node][2:-3] == [
        node.SerializeToString() for node in before.graph.node
    ]
    *kept, added = after.graph.initializer
    assert [tensor.SerializeToString() for tensor in kept] == [
        tensor.SerializeToString() for tensor in before.graph.initializer
    ]
    assert (added.name, onnx.numpy_helper.to_array(added)) == ("half", np.array([0.5], np.float32))
    assert (after.ir_version, after.opset_import) == (before.ir_version, before.opset_import)


def _described(value: onnx.ValueInfoProto) -> tuple[str, int, list[int | str]]:
    tensor = value.type.tensor_type
    return value.name, tensor.elem_type, [side.dim_value or side.dim_param for side in tensor.shape.dim]


@pytest.mark.parametrize(("height", "width"), [(32, 64), (96, 96), (128, 320)])
def test_one_session_takes_pictures_of_any_size(yunet: bytes, height: int, width: int) -> None:
    session = open_session(rewrite_model(yunet, SCORES), threads=1)
    (scores,) = session.run(
        None, {GREY_INPUT: np.zeros((1, 1, height, width), np.uint8), "least": np.zeros(1, np.float32)}
    )
    assert scores.shape == (1, 1, height * width // STRIDE**2)


def test_says_of_a_grey_picture_what_the_file_says_of_one_in_colour(yunet: bytes) -> None:
    grey = np.random.default_rng(5).integers(0, 256, (320, 320), np.uint8)
    fed = {GREY_INPUT: grey[np.newaxis, np.newaxis], "least": np.array([0.3], np.float32)}
    (scores,) = open_session(rewrite_model(yunet, SCORES), threads=1).run(None, fed)
    colour = np.broadcast_to(grey, (1, 3, 320, 320)).astype(np.float32)
    (theirs,) = open_session(yunet, threads=1).run([f"cls_{STRIDE}"], {"input": colour})
    np.testing.assert_array_equal(scores, np.maximum(theirs / 2, 0.3, dtype=np.float32).transpose(0, 2, 1))
    assert 0 < np.count_nonzero(scores > 0.3) < scores.size


def test_postprocessing_of_the_detector_is_valid(yunet: bytes) -> None:
    onnx.checker.check_model(
        onnx.load_model_from_string(rewrite_model(yunet, make_postprocessing())), full_check=True
    )


def test_sizes_of_more_than_a_byte_are_written_as_protocol_buffers_have_them(yunet: bytes) -> None:
    model = onnx.load_model_from_string(yunet)
    model.doc_string = "x" * 20_000
    assert (
        onnx.load_model_from_string(rewrite_model(model.SerializeToString(), SCORES)).doc_string
        == model.doc_string
    )


def test_network_without_one_picture_is_refused() -> None:
    text = onnx.helper.make_tensor_value_info("text", onnx.TensorProto.FLOAT, [1, 3])
    same = onnx.helper.make_tensor_value_info("same", onnx.TensorProto.FLOAT, [1, 3])
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["text"], ["same"])], "graph", [text], [same]
    )
    with pytest.raises(ValueError, match="0 inputs of four dimensions"):
        rewrite_model(onnx.helper.make_model(graph).SerializeToString(), SCORES)


@given(st.binary(max_size=200))
@example(b"8\x00")  # A field with the graph's number that is an integer.
def test_bytes_that_are_no_onnx_file_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        rewrite_model(content, SCORES)


@given(st.data())
def test_file_cut_or_flipped_anywhere_is_refused_or_rewritten(data: st.DataObject) -> None:
    content = bytearray(locate_classifier().read_bytes()[:4000])
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        rewrite_model(bytes(content[: data.draw(st.integers(0, len(content)))]), SCORES)
    except ValueError as error:
        assert "\n" not in str(error)

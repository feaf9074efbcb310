"""The ONNX Runtime session and the contract that it holds a file to."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge.contracts import Box, Face, Square
from edge.errors import ModelError
from edge.faces import metadata
from edge.faces.classifier import OnnxClassifier
from edge.frames import Frame, PixelFormat
from tests import onnx_files


@pytest.fixture
def classifier(tmp_path: Path) -> OnnxClassifier:
    return OnnxClassifier(onnx_files.write(tmp_path / "bands.onnx"), "haar")


def test_each_crop_gets_its_expression_in_order(classifier: OnnxClassifier) -> None:
    expressions = classifier.classify([onnx_files.crop_of(band) for band in (3, 0, 6, 6)])
    assert [expression.label for expression in expressions] == ["happy", "angry", "neutral", "neutral"]
    for expression in expressions:
        assert expression.probabilities.sum() == pytest.approx(1)


def test_no_crop_gives_no_expression(classifier: OnnxClassifier) -> None:
    assert classifier.classify([]) == []


def test_batch_gives_what_single_crops_give(classifier: OnnxClassifier) -> None:
    crops = [np.random.default_rng(seed).integers(0, 255, (48, 48), np.uint8) for seed in range(8)]
    together = classifier.classify(crops)
    for crop, expression in zip(crops, together, strict=True):
        np.testing.assert_allclose(
            classifier.classify([crop])[0].probabilities, expression.probabilities, rtol=1e-5
        )


def test_crop_is_framed_for_the_detector(tmp_path: Path) -> None:
    path = onnx_files.write(tmp_path / "bands.onnx")
    grey = np.random.default_rng(0).integers(0, 255, (200, 200), np.uint8)
    frame = Frame(grey, PixelFormat.GREY, 200, 200, 0, 0.0, 0.0)
    face = Face(Box(60, 60, 48, 48), 1.0)
    np.testing.assert_array_equal(OnnxClassifier(path, "haar").crop(frame, face), grey[60:108, 60:108])
    wider = OnnxClassifier(path, "yunet").crop(frame, face)
    assert wider.shape == (48, 48) and (wider != grey[60:108, 60:108]).any()


def test_crop_lies_in_the_steadied_square_where_there_is_one(tmp_path: Path) -> None:
    classifier = OnnxClassifier(onnx_files.write(tmp_path / "bands.onnx"), "haar")
    grey = np.random.default_rng(0).integers(0, 255, (200, 200), np.uint8)
    frame = Frame(grey, PixelFormat.GREY, 200, 200, 0, 0.0, 0.0)
    crop = classifier.crop(frame, Face(Box(0, 0, 9, 9), 1.0, square=Square(84.0, 84.0, 48.0)))
    np.testing.assert_array_equal(crop, grey[60:108, 60:108])


def test_temperature_of_the_file_softens_the_probabilities(tmp_path: Path) -> None:
    text = metadata.encode(msgspec.structs.replace(onnx_files.METADATA, temperature=4.0))
    plain = OnnxClassifier(onnx_files.write(tmp_path / "plain.onnx"), "haar")
    soft = OnnxClassifier(onnx_files.write(tmp_path / "soft.onnx", text), "haar")
    crop = onnx_files.crop_of(3)
    assert soft.classify([crop])[0].confidence < plain.classify([crop])[0].confidence
    assert soft.classify([crop])[0].top_label == "happy"


def load_refused(path: Path, detector: str = "haar") -> str:
    with pytest.raises(ModelError) as raised:
        OnnxClassifier(path, detector)
    message = str(raised.value)
    assert "\n" not in message and str(path) in message
    return message


def test_missing_file_says_what_to_run(tmp_path: Path) -> None:
    assert "python -m export convert" in load_refused(tmp_path / "none.onnx")


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.9])
def test_truncated_file_is_load_refused(tmp_path: Path, kept: float) -> None:
    content = onnx_files.write(tmp_path / "whole.onnx").read_bytes()
    path = tmp_path / "cut.onnx"
    path.write_bytes(content[: int(kept * len(content))])
    assert "again" in load_refused(path)


def test_file_without_metadata_is_load_refused(tmp_path: Path) -> None:
    assert "found none" in load_refused(onnx_files.write(tmp_path / "bare.onnx", None))


def test_file_with_another_schema_is_load_refused(tmp_path: Path) -> None:
    assert "schema" in load_refused(onnx_files.write(tmp_path / "new.onnx", '{"schema": 99}'))


def test_file_of_another_input_shape_is_load_refused(tmp_path: Path) -> None:
    message = load_refused(onnx_files.write(tmp_path / "wide.onnx", side=64))
    assert "[n, 48, 48, 1]" in message and "64" in message


def test_file_of_another_number_of_classes_is_load_refused(tmp_path: Path) -> None:
    assert "[n, 7]" in load_refused(onnx_files.write(tmp_path / "few.onnx", classes=5))


def test_file_for_single_crops_alone_is_load_refused(tmp_path: Path) -> None:
    assert "[1, 48, 48, 1]" in load_refused(onnx_files.write(tmp_path / "single.onnx", batch=1))


def test_detector_without_a_framing_is_load_refused(tmp_path: Path) -> None:
    assert "haar, yunet" in load_refused(onnx_files.write(tmp_path / "bands.onnx"), "dlib")


def test_session_leaves_no_file_behind_and_starts_no_telemetry(tmp_path: Path) -> None:
    path = onnx_files.write(tmp_path / "bands.onnx")
    home = tmp_path / "home"
    home.mkdir()
    program = (
        "import sys; from pathlib import Path; from edge.faces.classifier import OnnxClassifier; "
        "import numpy; c = OnnxClassifier(Path(sys.argv[1]), 'haar'); "
        "c.classify([numpy.zeros((48, 48), 'uint8')])"
    )
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    subprocess.run([sys.executable, "-c", program, path], env=environment, check=True, timeout=60)
    assert list(home.rglob("*")) == []

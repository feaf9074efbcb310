"""One suite over every classifier: what edge.contracts.Classifier promises."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.agreement.measurement import LabelSwappingClassifier
from edge.contracts import Box, Classifier, Face
from edge.faces.classifier import OnnxClassifier
from edge.frames import Frame, Image, PixelFormat
from edge.models import locate_classifier
from tests import onnx_files
from tests.fakes import FakeClassifier

# An int8 softmax rounds to a 255th.
ROUNDING = 0.02
SIZE_PX = 48


@pytest.fixture(params=["int8", "float", "small network", "swapping", "fake"])
def classifier(request: pytest.FixtureRequest, tmp_path: Path) -> Classifier:
    if request.param in ("int8", "float"):
        return OnnxClassifier(locate_classifier().with_name(f"fer.{request.param}.onnx"), "haar")
    if request.param == "fake":
        return FakeClassifier()
    small = OnnxClassifier(onnx_files.write(tmp_path / "bands.onnx"), "haar")
    return small if request.param == "small network" else LabelSwappingClassifier(small, ("happy", "sad"))


def frame_of(seed: int = 0) -> Frame:
    grey = np.random.default_rng(seed).integers(0, 256, (SIZE_PX, SIZE_PX), np.uint8)
    return Frame(grey, PixelFormat.GREY, SIZE_PX, SIZE_PX, seed, 0.0, 0.0)


def crops_of(classifier: Classifier, count: int) -> list[Image]:
    face = Face(Box(4, 4, 40, 40), 1.0, track_id=1)
    return [classifier.crop(frame_of(seed), face) for seed in range(count)]


def test_no_crop_gives_no_expression(classifier: Classifier) -> None:
    assert classifier.classify([]) == []


def test_crops_are_grey_and_of_one_size_wherever_the_face_is(classifier: Classifier) -> None:
    boxes = [Box(4, 4, 40, 40), Box(0, 0, 20, 20), Box(38, 38, 10, 10), Box(0, 0, SIZE_PX, SIZE_PX)]
    crops = [classifier.crop(frame_of(), Face(box, 1.0)) for box in boxes]
    assert {(crop.ndim, crop.dtype) for crop in crops} == {(2, np.dtype(np.uint8))}
    assert len({crop.shape for crop in crops}) == 1


def test_crop_leaves_the_frame_as_it_was(classifier: Classifier) -> None:
    frame = frame_of()
    before = frame.grey.copy()
    classifier.classify([classifier.crop(frame, Face(Box(0, 0, 20, 20), 1.0))])
    np.testing.assert_array_equal(frame.grey, before)


@pytest.mark.parametrize("count", [1, 2, 9])
def test_every_crop_gets_probabilities_in_the_order_of_the_labels(classifier: Classifier, count: int) -> None:
    expressions = classifier.classify(crops_of(classifier, count))
    assert len(expressions) == count
    for expression in expressions:
        assert expression.labels == classifier.labels
        assert expression.probabilities.dtype == np.float32
        assert expression.probabilities.shape == (len(classifier.labels),)
        assert expression.probabilities.min() >= 0
        assert expression.probabilities.sum() == pytest.approx(1, abs=ROUNDING)


def test_batch_gives_what_single_crops_give(classifier: Classifier) -> None:
    crops = crops_of(classifier, 5)
    for crop, together in zip(crops, classifier.classify(crops), strict=True):
        (alone,) = classifier.classify([crop])
        np.testing.assert_allclose(alone.probabilities, together.probabilities, atol=ROUNDING)


def test_has_two_labels_or_more_each_once(classifier: Classifier) -> None:
    assert len(set(classifier.labels)) == len(classifier.labels) >= 2

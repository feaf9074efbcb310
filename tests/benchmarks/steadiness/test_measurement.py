"""Real parts over pictures of a real face."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.clip import load_pictures
from benchmarks.steadiness.measurement import CropMeasuringClassifier, add_noise, measure_run
from edge.contracts import Box, Face
from edge.faces import preprocess
from edge.faces.classifier import OnnxClassifier
from edge.frames import Frame, PixelFormat
from edge.models import locate_classifier
from edge.settings.config import Config


def test_noise_has_its_strength_and_is_the_same_in_every_run() -> None:
    grey = np.full((120, 160, 3), 100, np.uint8)
    first, second = add_noise([grey, grey], 2.0, seed=1)
    assert first.std() == pytest.approx(2, rel=0.05) and first.mean() == pytest.approx(100, abs=0.1)
    assert (first[..., 0] == first[..., 2]).all() and (first != second).any()
    np.testing.assert_array_equal(list(add_noise([grey, grey], 2.0, seed=1)), [first, second])
    assert (next(add_noise([grey], 2.0, seed=2)) != first).any()


def test_square_is_that_of_the_crop_and_the_crop_is_left_as_it_is() -> None:
    plain = OnnxClassifier(locate_classifier(), "haar")
    measuring = CropMeasuringClassifier(plain)
    picture = np.random.default_rng(1).integers(0, 256, (240, 320), np.uint8)
    frame = Frame(picture, PixelFormat.GREY, 320, 240, 0, 0.0, 0.0)
    face = Face(Box(100, 70, 90, 90), 1.0, track_id=4)
    np.testing.assert_array_equal(measuring.crop(frame, face), plain.crop(frame, face))
    square = preprocess.make_square(face.box, plain.metadata.framing["haar"])
    measured = measuring.squares[4]
    assert measured.x == pytest.approx(square.left + square.width / 2, abs=0.1)
    assert measured.y == pytest.approx(square.top + square.height / 2, abs=0.1)
    assert measured.side == pytest.approx(square.width, abs=0.2)
    [expression] = measuring.classify([plain.crop(frame, face)])
    assert expression.labels == measuring.labels == plain.labels


def test_run_has_the_face_of_each_picture(face_clip: Path) -> None:
    pictures, fps = load_pictures(face_clip, 5)
    run = measure_run(pictures, fps, Config(detector="haar"))
    assert [len(faces) for faces in run] == [1] * 5
    [face] = run[-1]
    assert face.box.left < face.crop.x < face.box.right
    assert face.crop.side > 0.7 * face.box.width
    assert face.probabilities.sum() == pytest.approx(1, abs=0.01)

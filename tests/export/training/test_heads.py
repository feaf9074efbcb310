"""The two heads, and how they are folded into one."""

from pathlib import Path

import keras
import numpy as np
import pytest

from edge.errors import ModelError
from export.training import heads, networks
from tests.export.conftest import KerasFiles, make_toy_split


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_folded_classifier_computes_the_blend_of_the_two_heads(share: float) -> None:
    offset = np.linspace(-1, 1, 7, dtype=np.float32)
    keras.utils.set_random_seed(0)
    taught = heads.add_heads(networks.build_residual())
    crops = np.random.default_rng(0).random((5, 48, 48, 1), np.float32)
    logits = np.asarray(taught(crops, training=False))
    assert logits.shape == (5, 2, 7)
    classifier = heads.fold(taught, share, offset)
    np.testing.assert_allclose(
        np.asarray(classifier(crops, training=False)), heads.blend(logits, share, offset), atol=1e-6
    )
    assert classifier.count_params() == networks.build_residual().count_params()


def test_offset_favours_rare_classes_by_the_logarithm_of_their_share() -> None:
    labels = np.array([0] * 8 + [1] * 2)
    np.testing.assert_allclose(
        heads.compute_offsets(labels, 2, 0.5), [-0.5 * np.log(0.8), -0.5 * np.log(0.2)], rtol=1e-5
    )
    assert (
        np.isfinite(heads.compute_offsets(labels, 3, 1.0)).all()
        and not heads.compute_offsets(labels, 2, 0.0).any()
    )


def test_classifier_is_no_teacher(keras_files: KerasFiles) -> None:
    with pytest.raises(ModelError, match="two-headed"):
        heads.load_two_headed(keras_files.keras)


def test_teachers_answer_is_the_mean_over_the_image_and_its_mirror(teacher: Path) -> None:
    images = make_toy_split(1, 0).images
    model = heads.load_two_headed(teacher)
    both = heads.average_predictions([model], images)
    assert both.shape == (7, 2, 7)
    np.testing.assert_allclose(both.sum(axis=2), 1, rtol=1e-5)
    np.testing.assert_allclose(
        both, heads.average_predictions([model, model], images[:, :, ::-1]), rtol=1e-4, atol=1e-6
    )

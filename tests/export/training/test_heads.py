"""The two heads, and how they are folded into one."""

from pathlib import Path

import keras
import numpy as np
import pytest

from edge.errors import ModelError
from export.training import compilation, heads, networks
from export.training.recipe import RECIPES
from tests.conftest import ROOT
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


def test_teacher_in_the_repository_answers_by_two_heads_of_seven_classes() -> None:
    model = heads.load_two_headed(ROOT / "models" / "training" / "teacher.keras")
    assert model.input_shape == (None, 48, 48, 1) and model.output_shape == (None, 2, 7)
    answers = heads.average_predictions([model], make_toy_split(1, 0).images[:2])
    np.testing.assert_allclose(answers.sum(axis=2), 1, rtol=1e-5)
    # The weights are of the network that `export train --network teacher --start` begins with.
    compilation.copy_weights(model, compilation.compile_model(RECIPES["teacher"], 1))


def test_teachers_answer_is_the_mean_over_the_image_and_its_mirror(teacher: Path) -> None:
    images = make_toy_split(1, 0).images
    model = heads.load_two_headed(teacher)
    both = heads.average_predictions([model], images)
    assert both.shape == (7, 2, 7)
    np.testing.assert_allclose(both.sum(axis=2), 1, rtol=1e-5)
    np.testing.assert_allclose(
        both, heads.average_predictions([model, model], images[:, :, ::-1]), rtol=1e-4, atol=1e-6
    )

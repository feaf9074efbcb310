"""Training: where a run begins, goes on, ends or is refused."""

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest

from edge.errors import ConfigError, DataError, SinkError
from export.data.dataset import Split
from export.training import compilation, heads, run_folder, train
from export.training.recipe import RECIPES, Recipe
from tests.export.conftest import make_toy_split
from tests.export.training.conftest import RECIPE


def test_finished_run_trains_no_further_when_resumed(splits: tuple[Split, Split], straight: Path) -> None:
    before = (straight / run_folder.LAST).read_bytes()
    assert len(train.train(*splits, straight, RECIPE, resume=True)["loss"]) == RECIPE.epochs
    assert (straight / run_folder.LAST).read_bytes() == before


def test_resume_where_there_is_no_run_begins_one(splits: tuple[Split, Split], tmp_path: Path) -> None:
    assert len(train.train(*splits, tmp_path / "new", RECIPE, resume=True)["loss"]) == RECIPE.epochs


def test_no_partial_file_is_left(straight: Path) -> None:
    assert sorted(path.name for path in straight.iterdir()) == [
        run_folder.BEST,
        run_folder.HISTORY,
        run_folder.LAST,
    ]


def test_every_weight_of_the_network_teacher_is_trained(tmp_path: Path) -> None:
    recipe = dataclasses.replace(RECIPES["teacher"], epochs=1, batch_size=7)
    train.train(make_toy_split(4, 0), make_toy_split(1, 1), tmp_path, recipe)
    keras.utils.set_random_seed(recipe.seed)
    begun = compilation.compile_model(recipe, 4)
    trained = heads.load_two_headed(tmp_path / run_folder.LAST)
    for before, after in zip(begun.trainable_variables, trained.trainable_variables, strict=True):
        assert np.isfinite(after).all() and not np.array_equal(before, after), after.path


def test_run_is_not_overwritten_unless_resumed(splits: tuple[Split, Split], straight: Path) -> None:
    with pytest.raises(DataError, match="--resume"):
        train.train(*splits, straight, RECIPE)


def test_class_without_images_is_refused(splits: tuple[Split, Split], tmp_path: Path) -> None:
    training, public_test = splits
    with pytest.raises(DataError, match="none of disgust"):
        train.train(training.take(training.labels != 1), public_test, tmp_path, RECIPE)


def test_unknown_network_is_refused_with_the_known_ones(splits: tuple[Split, Split], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="baseline"):
        train.train(*splits, tmp_path, Recipe(network="vgg"))


def test_folder_that_cannot_be_made_is_an_output_error(splits: tuple[Split, Split], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SinkError, match="name another"):
        train.train(*splits, tmp_path / "file" / "run", RECIPE)

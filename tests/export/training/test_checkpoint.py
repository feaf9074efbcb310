"""What a run saves, and that an interruption changes nothing."""

import dataclasses
import json
import os
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from edge.errors import ModelError, SinkError
from export.data.dataset import Split
from export.training import checkpoint, heads, run_folder, train
from export.training.recipe import Recipe
from tests.export.conftest import make_toy_split
from tests.export.training.conftest import RECIPE, interrupt_in, limit_file_size, read_history


def read_state(folder: Path) -> list[np.ndarray]:
    """Every weight of the last model and every state of its optimizer."""
    model = keras.models.load_model(folder / run_folder.LAST)
    return [np.asarray(variable) for variable in (*model.weights, *model.optimizer.variables)]


@pytest.mark.parametrize(
    ("method", "index"), [("on_epoch_end", 0), ("on_epoch_end", 1), ("on_train_batch_end", 3)]
)
def test_run_interrupted_and_resumed_ends_like_an_uninterrupted_run(
    splits: tuple[Split, Split], straight: Path, tmp_path: Path, method: str, index: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt_in(patch, method, lambda reached: reached == index)
        with pytest.raises(KeyboardInterrupt):
            train.train(*splits, tmp_path, RECIPE)
    assert 1 <= len(read_history(tmp_path)["loss"]) < RECIPE.epochs
    train.train(*splits, tmp_path, RECIPE, resume=True)
    for resumed, uninterrupted in zip(read_state(tmp_path), read_state(straight), strict=True):
        np.testing.assert_allclose(resumed, uninterrupted, rtol=1e-4, atol=1e-6)
    for name, values in read_history(straight).items():
        assert read_history(tmp_path)[name] == pytest.approx(values, rel=1e-4), name


def test_run_killed_between_model_and_history_loses_no_epoch(
    splits: tuple[Split, Split], straight: Path, tmp_path: Path
) -> None:
    replace = os.replace

    def killed(source: Path, target: Path) -> None:
        if target.name == run_folder.HISTORY and len(json.loads(source.read_text())["history"]["loss"]) == 2:
            raise KeyboardInterrupt
        replace(source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            train.train(*splits, tmp_path, RECIPE)
    assert len(read_history(tmp_path)["loss"]) == 1
    train.train(*splits, tmp_path, RECIPE, resume=True)
    assert read_history(tmp_path)["accuracy"] == pytest.approx(read_history(straight)["accuracy"], rel=1e-4)


def test_best_weights_are_those_of_the_best_epoch(splits: tuple[Split, Split], straight: Path) -> None:
    _, public_test = splits
    history = read_history(straight)
    logits = heads.predict_logits(keras.models.load_model(straight / run_folder.BEST), public_test.images)
    judged = checkpoint.evaluate_folded(logits, public_test, RECIPE.original_share)
    best = checkpoint.find_best_epoch(history)
    assert judged.accuracy == pytest.approx(history["accuracy"][best])
    assert judged.accuracy + (judged.ferplus_accuracy or 0) == pytest.approx(
        max(map(sum, zip(history["accuracy"], history["ferplus_accuracy"], strict=True)))
    )


def test_full_disk_ends_the_run_in_one_line_and_leaves_the_last_good_files(
    splits: tuple[Split, Split], straight: Path, tmp_path: Path
) -> None:
    shutil.copytree(straight, tmp_path / "run")
    more = dataclasses.replace(RECIPE, epochs=4)
    history = json.loads((tmp_path / "run" / run_folder.HISTORY).read_text())
    history["recipe"]["epochs"] = 4
    (tmp_path / "run" / run_folder.HISTORY).write_text(json.dumps(history))
    kept = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    with limit_file_size(), pytest.raises(SinkError, match="make room and go on with --resume") as raised:
        train.train(*splits, tmp_path / "run", more, resume=True)
    assert "\n" not in str(raised.value)
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == kept


def test_run_of_another_recipe_is_not_resumed(splits: tuple[Split, Split], straight: Path) -> None:
    with pytest.raises(ModelError, match=r"batch_size 16 \(now 8\)"):
        train.train(
            *splits, straight, Recipe(network="tiny", epochs=3, batch_size=8, learning_rate=3e-3), resume=True
        )


def test_run_on_other_data_is_not_resumed(splits: tuple[Split, Split], straight: Path) -> None:
    with pytest.raises(ModelError, match="images "):
        train.train(make_toy_split(20, 0), splits[1], straight, RECIPE, resume=True)


@pytest.mark.parametrize("name", [run_folder.LAST, run_folder.HISTORY])
def test_damaged_run_is_refused_in_one_line(
    splits: tuple[Split, Split], straight: Path, tmp_path: Path, name: str
) -> None:
    for file in straight.iterdir():
        content = file.read_bytes()
        (tmp_path / file.name).write_bytes(content[: len(content) // 2] if file.name == name else content)
    with pytest.raises(ModelError, match="expected a run") as raised:
        train.train(*splits, tmp_path, RECIPE, resume=True)
    assert "\n" not in str(raised.value)

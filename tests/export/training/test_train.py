"""Training: what it keeps, and that an interruption changes nothing."""

import contextlib
import dataclasses
import json
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import ConfigError, DataError, ModelError, SinkError
from export.data.dataset import Split
from export.tensorflow_import import import_tensorflow
from export.training.recipe import RECIPES, Recipe
from tests.export.conftest import Export, KerasFiles, Toy, refusal, toy_split

import_tensorflow()

import keras  # noqa: E402  # after its quiet import
from keras import layers  # noqa: E402

from export.training import heads, networks, targets, train  # noqa: E402
from export.training.muon import ConvolutionMuon  # noqa: E402

RECIPE = Recipe(network="tiny", epochs=3, batch_size=16, learning_rate=3e-3)


def tiny(input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Small, with everything that has a state of its own: batch normalisation and two dropouts."""
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(4, 3, strides=2),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(0.25),
            layers.MaxPooling2D(4),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(classes, activation="softmax"),
        ]
    )


@pytest.fixture(autouse=True)
def tiny_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(networks.NETWORKS, "tiny", tiny)
    monkeypatch.setitem(RECIPES, "tiny", RECIPE)


@pytest.fixture(scope="module")
def splits() -> tuple[Split, Split]:
    return toy_split(12, 0), toy_split(4, 1)


@pytest.fixture(scope="module")
def straight(splits: tuple[Split, Split], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody interrupted."""
    folder = tmp_path_factory.mktemp("straight")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(networks.NETWORKS, "tiny", tiny)
        train.train(*splits, folder, RECIPE)
    return folder


def state_of(folder: Path) -> list[np.ndarray]:
    """Every weight of the last model and every state of its optimizer."""
    model = keras.models.load_model(folder / train.LAST)
    return [np.asarray(variable) for variable in (*model.weights, *model.optimizer.variables)]


def history_of(folder: Path) -> dict[str, list[float]]:
    history: dict[str, list[float]] = json.loads((folder / train.HISTORY).read_text())["history"]
    return history


def interrupt_in(patch: pytest.MonkeyPatch, method: str, when: Callable[[int], bool]) -> None:
    """Press Ctrl-C the first time that the callback's `method` has done its work and `when` holds of its index."""
    done = getattr(train.Checkpoint, method)

    def interrupted(self: train.Checkpoint, index: int, logs: Any = None) -> None:
        done(self, index, logs)
        if when(index) and len(self.history.get("loss", ())) >= 1:
            raise KeyboardInterrupt

    patch.setattr(train.Checkpoint, method, interrupted)


@pytest.mark.parametrize(
    ("method", "index"), [("on_epoch_end", 0), ("on_epoch_end", 1), ("on_train_batch_end", 3)]
)
def test_run_interrupted_and_resumed_ends_as_the_run_that_was_not(
    splits: tuple[Split, Split], straight: Path, tmp_path: Path, method: str, index: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt_in(patch, method, lambda reached: reached == index)
        with pytest.raises(KeyboardInterrupt):
            train.train(*splits, tmp_path, RECIPE)
    assert 1 <= len(history_of(tmp_path)["loss"]) < RECIPE.epochs
    train.train(*splits, tmp_path, RECIPE, resume=True)
    for resumed, uninterrupted in zip(state_of(tmp_path), state_of(straight), strict=True):
        np.testing.assert_allclose(resumed, uninterrupted, rtol=1e-4, atol=1e-6)
    for name, values in history_of(straight).items():
        assert history_of(tmp_path)[name] == pytest.approx(values, rel=1e-4), name


def test_run_killed_between_model_and_history_loses_no_epoch(
    splits: tuple[Split, Split], straight: Path, tmp_path: Path
) -> None:
    replace = os.replace

    def killed(source: Path, target: Path) -> None:
        if target.name == train.HISTORY and len(json.loads(source.read_text())["history"]["loss"]) == 2:
            raise KeyboardInterrupt
        replace(source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            train.train(*splits, tmp_path, RECIPE)
    assert len(history_of(tmp_path)["loss"]) == 1
    train.train(*splits, tmp_path, RECIPE, resume=True)
    assert history_of(tmp_path)["accuracy"] == pytest.approx(history_of(straight)["accuracy"], rel=1e-4)


def test_best_weights_are_those_of_the_best_epoch(splits: tuple[Split, Split], straight: Path) -> None:
    _, public_test = splits
    history = history_of(straight)
    logits = train.predict_logits(keras.models.load_model(straight / train.BEST), public_test.images)
    judged = train.judge(logits, public_test, RECIPE.original_share)
    best = train.best_epoch(history)
    assert judged.accuracy == pytest.approx(history["accuracy"][best])
    assert judged.accuracy + (judged.ferplus_accuracy or 0) == pytest.approx(
        max(map(sum, zip(history["accuracy"], history["ferplus_accuracy"], strict=True)))
    )


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow beyond 4 kB: to the one who writes it that is as good as a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_full_disk_ends_the_run_in_one_line_and_leaves_the_last_good_files(
    splits: tuple[Split, Split], straight: Path, tmp_path: Path
) -> None:
    shutil.copytree(straight, tmp_path / "run")
    more = dataclasses.replace(RECIPE, epochs=4)
    history = json.loads((tmp_path / "run" / train.HISTORY).read_text())
    history["recipe"]["epochs"] = 4
    (tmp_path / "run" / train.HISTORY).write_text(json.dumps(history))
    kept = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    with full_disk(), pytest.raises(SinkError, match="make room and go on with --resume") as raised:
        train.train(*splits, tmp_path / "run", more, resume=True)
    assert "\n" not in str(raised.value)
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == kept


def test_finished_run_trains_no_further_when_resumed(splits: tuple[Split, Split], straight: Path) -> None:
    before = (straight / train.LAST).read_bytes()
    assert len(train.train(*splits, straight, RECIPE, resume=True)["loss"]) == RECIPE.epochs
    assert (straight / train.LAST).read_bytes() == before


def test_resume_where_there_is_no_run_begins_one(splits: tuple[Split, Split], tmp_path: Path) -> None:
    assert len(train.train(*splits, tmp_path / "new", RECIPE, resume=True)["loss"]) == RECIPE.epochs


def test_no_partial_file_is_left(straight: Path) -> None:
    assert sorted(path.name for path in straight.iterdir()) == [train.BEST, train.HISTORY, train.LAST]


def test_run_is_not_overwritten_unless_resumed(splits: tuple[Split, Split], straight: Path) -> None:
    with pytest.raises(DataError, match="--resume"):
        train.train(*splits, straight, RECIPE)


def test_run_of_another_recipe_is_not_resumed(splits: tuple[Split, Split], straight: Path) -> None:
    with pytest.raises(ModelError, match=r"batch_size 16 \(now 8\)"):
        train.train(*splits, straight, Recipe("tiny", 3, 8, 3e-3), resume=True)


def test_run_on_other_data_is_not_resumed(splits: tuple[Split, Split], straight: Path) -> None:
    with pytest.raises(ModelError, match="images "):
        train.train(toy_split(20, 0), splits[1], straight, RECIPE, resume=True)


@pytest.mark.parametrize("name", [train.LAST, train.HISTORY])
def test_damaged_run_is_refused_in_one_line(
    splits: tuple[Split, Split], straight: Path, tmp_path: Path, name: str
) -> None:
    for file in straight.iterdir():
        content = file.read_bytes()
        (tmp_path / file.name).write_bytes(content[: len(content) // 2] if file.name == name else content)
    with pytest.raises(ModelError, match="expected a run") as raised:
        train.train(*splits, tmp_path, RECIPE, resume=True)
    assert "\n" not in str(raised.value)


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


def test_baseline_is_the_network_that_its_description_says() -> None:
    model = networks.baseline()
    assert model.input_shape == (None, 48, 48, 1) and model.output_shape == (None, 7)
    assert [layer.filters for layer in model.layers if isinstance(layer, layers.Conv2D)] == [
        32,
        64,
        64,
        128,
        128,
    ]
    assert [layer.rate for layer in model.layers if isinstance(layer, layers.Dropout)] == [0.25, 0.25, 0.5]
    assert [layer.units for layer in model.layers if isinstance(layer, layers.Dense)] == [250, 7]
    assert model.count_params() == 792_439
    assert networks.multiply_adds(model) == pytest.approx(98.3e6, rel=0.001)


def test_residual_has_the_size_that_its_docstring_says() -> None:
    model = networks.residual()
    assert model.count_params() == 655_167
    assert networks.multiply_adds(model) == pytest.approx(29.8e6, rel=0.002)


def test_optimizer_is_the_recipes() -> None:
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
    sgd = train._optimizer(Recipe(optimizer="sgd", weight_decay=1e-4), schedule)
    assert isinstance(sgd, keras.optimizers.SGD) and sgd.momentum == 0.9 and sgd.weight_decay == 1e-4
    adam = train._optimizer(Recipe(), schedule)
    assert isinstance(adam, keras.optimizers.Adam) and adam.weight_decay is None
    assert isinstance(train._optimizer(Recipe(optimizer="muon"), schedule), ConvolutionMuon)


def test_batches_hold_every_image_once_in_an_order_of_their_epoch() -> None:
    split = Split(toy_split(4, 0).images, np.arange(28) % 7)
    recipe = Recipe(batch_size=10, seed=5)
    taught = targets.for_heads(split, recipe)
    first, again = train.Batches(split, taught, recipe, 0), train.Batches(split, taught, recipe, 0)
    assert len(first) == 3 and sum(len(first[index][1]) for index in range(3)) == 28
    np.testing.assert_array_equal(first[1][0], again[1][0])
    again.on_epoch_end()
    assert (first[1][0] != again[1][0]).any()
    np.testing.assert_array_equal(train.Batches(split, taught, recipe, 1)[1][0], again[1][0])


def test_command_trains_draws_and_tells_the_accuracy(
    toy: Toy, tmp_path: Path, export: Export, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    folder = tmp_path / "run"
    command = ["train", "--data", toy.npz, "--output", folder, "--network", "tiny", "--epochs", "1"]
    code, out, _ = export(*command)
    assert code == 0 and "original share" in out and "<- chosen" in out
    assert "training on 420 images of Training, without 0 that stand in PublicTest" in caplog.text
    for name in ("curves.png", "tradeoff.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    classifier = keras.models.load_model(folder / train.CLASSIFIER)
    assert classifier.input_shape == (None, 48, 48, 1) and classifier.output_shape == (None, 7)
    description = json.loads((folder / "run.json").read_text())
    assert "420 images of Training in toy.npz (sha256" in description["training"]
    (folder / "curves.png").unlink()
    assert export(*command, "--resume")[0] == 0 and (folder / "curves.png").exists()


@pytest.fixture(scope="module")
def teacher(straight: Path) -> Path:
    return straight / train.BEST


def test_run_taught_by_another_and_begun_with_its_weights_keeps_both_in_its_recipe(
    toy: Toy, teacher: Path, tmp_path: Path, export: Export
) -> None:
    command = [
        "train",
        "--data",
        toy.npz,
        "--output",
        tmp_path / "run",
        "--network",
        "tiny",
        "--epochs",
        "1",
        "--teacher",
        teacher,
        "--teacher-share",
        "0.5",
        "--start",
        teacher,
    ]
    assert export(*command)[0] == 0
    recipe = json.loads((tmp_path / "run" / train.HISTORY).read_text())["recipe"]
    assert len(recipe["teachers"]) == len(recipe["started_from"]) == 64 and recipe["teacher_share"] == 0.5
    told = json.loads((tmp_path / "run" / "run.json").read_text())["training_command"]
    assert told.count(f"{teacher.parent.name}/best.keras") == 2
    # Another teacher is another recipe.
    refused = refusal(export(*command[:-6], "--resume"))
    assert "teachers" in refused and "started_from" in refused


@pytest.mark.parametrize("option", ["--teacher", "--start"])
def test_teacher_that_is_not_there_is_refused_and_no_run_begun(
    toy: Toy, tmp_path: Path, export: Export, option: str
) -> None:
    missing = tmp_path / "none" / "best.keras"
    assert str(missing) in refusal(
        export("train", "--data", toy.npz, "--output", tmp_path / "run", "--network", "tiny", option, missing)
    )
    assert not (tmp_path / "run").exists()


def test_share_of_no_teacher_is_refused(toy: Toy, tmp_path: Path, export: Export) -> None:
    code, _, err = export("train", "--data", toy.npz, "--output", tmp_path / "run", "--teacher-share", "0.5")
    assert code == 78 and "expected --teacher with --teacher-share" in err


def test_teachers_that_would_teach_nothing_are_refused(
    toy: Toy, teacher: Path, tmp_path: Path, export: Export
) -> None:
    code, _, err = export(
        "train", "--data", toy.npz, "--output", tmp_path / "run", "--network", "tiny", "--teacher", teacher
    )
    assert code == 78 and "expected --teacher-share" in err


def test_run_without_votes_folds_to_the_original_labels_alone(
    toy: Toy, tmp_path: Path, export: Export
) -> None:
    run = tmp_path / "run"
    code, out, _ = export("train", "--data", toy.csv, "--output", run, "--network", "tiny", "--epochs", "1")
    table = out[out.index("original share") :].splitlines()
    assert (
        code == 0
        and len(table) == 2
        and table[1].endswith("<- chosen")
        and not (run / "tradeoff.png").exists()
    )
    code, _, err = export("fold", "--run", run, "--data", toy.csv, "--original-share", "0.5")
    assert code == 78 and "taught no votes" in err
    assert export("fold", "--run", run, "--data", toy.csv, "--original-share", "1")[0] == 0


def test_run_is_not_resumed_with_votes_that_it_did_not_have(toy: Toy, tmp_path: Path, export: Export) -> None:
    command = ["train", "--output", tmp_path / "run", "--network", "tiny", "--epochs", "1"]
    assert export(*command, "--data", toy.csv)[0] == 0
    assert "images " in refusal(export(*command, "--data", toy.npz, "--resume"))


def test_full_disk_while_folding_keeps_the_old_classifier(
    toy: Toy, straight: Path, tmp_path: Path, export: Export
) -> None:
    shutil.copytree(straight, tmp_path / "run")
    export("fold", "--run", tmp_path / "run", "--data", toy.npz, "--original-share", "0.5")
    kept = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    with full_disk():
        code, _, err = export("fold", "--run", tmp_path / "run", "--data", toy.npz, "--original-share", "1")
    assert code == 74 and "make room" in err and "Traceback" not in err
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == kept


def test_muon_moves_a_convolution_by_an_orthogonal_matrix_whatever_the_gradients_size() -> None:
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(5, 3), layers.Flatten(), layers.Dense(2)])
    kernel = model.layers[0].kernel
    moved = []
    for size in (1e-3, 1e3):
        optimizer = ConvolutionMuon(0.1, weight_decay=None, adam_weight_decay=None)
        optimizer.build(model.trainable_variables)
        before = np.asarray(kernel)
        gradients = [
            size * np.random.default_rng(0).standard_normal(variable.shape).astype(np.float32)
            for variable in model.trainable_variables
        ]
        optimizer.apply([keras.ops.convert_to_tensor(gradient) for gradient in gradients])
        moved.append((np.asarray(kernel) - before).reshape(-1, 5) / (-0.1 * 0.2 * np.sqrt(27)))
        singular = np.linalg.svd(moved[-1], compute_uv=False)
        # Five steps of Newton and Schulz bring them near 1, not to it.
        assert (singular > 0.6).all() and (singular < 1.25).all()
        assert (moved[-1] * gradients[0].reshape(-1, 5)).sum() > 0
    np.testing.assert_allclose(*moved, atol=0.01)


def test_run_begins_with_the_weights_that_it_is_given(splits: tuple[Split, Split], teacher: Path) -> None:
    start = train.load_taught(teacher)
    model = train._compiled(RECIPE, 1)
    train._take_weights(model, start)
    for taken, given in zip(model.get_weights(), start.get_weights(), strict=True):
        np.testing.assert_array_equal(taken, given)


def test_weights_of_another_network_are_refused(teacher: Path) -> None:
    with pytest.raises(ModelError, match="weights of the network baseline"):
        train._take_weights(train._compiled(Recipe(), 1), train.load_taught(teacher))


def test_classifier_is_no_teacher(keras_files: KerasFiles) -> None:
    with pytest.raises(ModelError, match="two-headed"):
        train.load_taught(keras_files.keras)


def test_teachers_answer_is_the_mean_over_the_image_and_its_mirror(teacher: Path) -> None:
    images = toy_split(1, 0).images
    model = train.load_taught(teacher)
    both = train.answers([model], images)
    assert both.shape == (7, 2, 7)
    np.testing.assert_allclose(both.sum(axis=2), 1, rtol=1e-5)
    np.testing.assert_allclose(both, train.answers([model, model], images[:, :, ::-1]), rtol=1e-4, atol=1e-6)


def test_fold_writes_the_classifier_of_another_share(
    toy: Toy, straight: Path, tmp_path: Path, export: Export
) -> None:
    run = tmp_path / "run"
    shutil.copytree(straight, run)
    code, out, _ = export(
        "fold", "--run", run, "--data", toy.npz, "--original-share", "0.33", "--balance", "0"
    )
    assert code == 0 and "0.33" in next(line for line in out.splitlines() if "chosen" in line)
    images = toy.splits["PublicTest"].images
    logits = train.predict_logits(train.load_taught(run / train.BEST), images)
    classifier = keras.models.load_model(run / train.CLASSIFIER)
    np.testing.assert_allclose(
        np.asarray(classifier(train.as_input(images))), heads.blended(logits, 0.33), atol=1e-6
    )
    assert json.loads((run / "run.json").read_text())["folding"].endswith(
        "--original-share 0.33 --balance 0.0"
    )
    assert (run / "tradeoff.png").read_bytes().startswith(b"\x89PNG")


def test_interrupted_command_says_how_to_go_on(toy: Toy, tmp_path: Path, export: Export) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt_in(patch, "on_epoch_end", lambda epoch: True)
        code, _, err = export("train", "--data", toy.npz, "--output", tmp_path / "run", "--network", "tiny")
    assert code == 130 and "--resume" in err and "Traceback" not in err

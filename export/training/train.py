"""Train a network on the Training split, judged on PublicTest after every epoch."""

import json
import logging
import math
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge import files
from edge.errors import ConfigError, DataError, ModelError, SinkError
from export import keras_models
from export.data.augmentation import augment
from export.data.dataset import JUDGED_ON, LABELS, SIDE_PX, Split, digest
from export.evaluation import evaluate
from export.evaluation.evaluate import Evaluation
from export.files import one_line
from export.training import heads, targets
from export.training.muon import ConvolutionMuon
from export.training.networks import NETWORKS
from export.training.recipe import Recipe
from export.training.targets import Targets

log = logging.getLogger(__name__)

LAST, BEST, HISTORY = "last.keras", "best.keras", "history.json"
CLASSIFIER = "classifier.keras"
_JUDGED_AT_ONCE = 256


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # keras ships no types
    """Augmented batches of a split in a new order every epoch, the same for the same seed.

    An item is (crops float32 (b, 48, 48, 1) in 0..1, probabilities for each head to learn float32 (b, 2, 7), how much
    each counts float32 (b, 2)).
    """

    def __init__(self, split: Split, taught: Targets, recipe: Recipe, first_epoch: int) -> None:
        super().__init__()
        self._images, self._taught = split.images, taught
        self._recipe, self._epoch = recipe, first_epoch
        self._order = self._shuffled()

    def __len__(self) -> int:
        return math.ceil(len(self._images) / self._recipe.batch_size)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        rows = self._order[index * self._recipe.batch_size : (index + 1) * self._recipe.batch_size]
        random = np.random.default_rng((self._recipe.seed, self._epoch, index))
        images = np.stack([augment(self._images[row], random, self._recipe.erased_share) for row in rows])
        return as_input(images), self._taught.probabilities[rows], self._taught.weights[rows]

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._order = self._shuffled()

    def _shuffled(self) -> NDArray[np.int64]:
        return np.random.default_rng((self._recipe.seed, self._epoch)).permutation(len(self._images))


def as_input(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 (n, 48, 48) as the network's float32 (n, 48, 48, 1) in 0..1."""
    return images[..., np.newaxis].astype(np.float32) / np.float32(255)


class Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]
    """Before every epoch set its randomness; after it judge the model, and keep it with optimizer and history."""

    def __init__(
        self, folder: Path, recipe: Recipe, public_test: Split, history: dict[str, list[float]]
    ) -> None:
        super().__init__()
        self._folder, self._recipe, self._public_test, self.history = folder, recipe, public_test, history

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        # Keras saves no state of its random layers, so it is set here for every epoch: a resumed run drops
        # the same units as one that was never interrupted.
        random = np.random.default_rng((self._recipe.seed, epoch))
        for variable in self.model.variables:
            if variable.name == "seed_generator_state":
                variable.assign(random.integers(2**31, size=variable.shape))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        logits = predict_logits(self.model, self._public_test.images)
        judged = judge(logits, self._public_test, self._recipe.original_share)
        figures = {"loss": (logs or {})["loss"], "accuracy": judged.accuracy, "macro_f1": judged.macro_f1}
        if judged.ferplus_accuracy is not None:
            figures["ferplus_accuracy"] = judged.ferplus_accuracy
        for name, value in figures.items():
            self.history.setdefault(name, []).append(float(value))
        log.info(
            "epoch %d of %d: %s",
            epoch + 1,
            self._recipe.epochs,
            ", ".join(f"{name} {value:.4f}" for name, value in figures.items()),
        )
        try:
            self._keep()
        except OSError as error:
            raise SinkError(
                f"expected to keep epoch {epoch + 1} in {self._folder}, found: {one_line(error)}; what was "
                "kept before is whole: make room and go on with --resume"
            ) from error

    def _keep(self) -> None:
        if best_epoch(self.history) == len(self.history["loss"]) - 1:
            save_atomically(self.model, self._folder / BEST)
        # LAST gets its name first: whoever finds it an epoch ahead of HISTORY finds the history in its temporary file.
        with files.replace_together(self._folder / LAST, self._folder / HISTORY) as (last, history):
            self.model.save(last)
            history.write_text(
                json.dumps({"recipe": asdict(self._recipe), "history": self.history}, indent=1)
            )


def best_epoch(history: dict[str, list[float]]) -> int:
    """The epoch, from 0, with the highest mean of the accuracies by both truths; of equals the last."""
    both = np.mean([history[name] for name in ("accuracy", "ferplus_accuracy") if name in history], axis=0)
    return len(both) - 1 - int(np.argmax(both[::-1]))


def predict_logits(model: keras.Model, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The logits (n, 2, 7) of a two-headed model for crops uint8 (n, 48, 48)."""
    return np.concatenate(
        [
            np.asarray(model.predict_on_batch(as_input(images[start : start + _JUDGED_AT_ONCE])))
            for start in range(0, len(images), _JUDGED_AT_ONCE)
        ]
    )


def judge(logits: NDArray[np.float32], split: Split, original_share: float) -> Evaluation:
    """The figures on `split` of the classifier that is folded with `original_share`."""
    return evaluate.evaluate("folded", JUDGED_ON, split, LABELS, heads.blended(logits, original_share))


def train(
    training: Split,
    public_test: Split,
    folder: Path,
    recipe: Recipe,
    *,
    teachers: Sequence[keras.Model] = (),
    start: keras.Model | None = None,
    resume: bool = False,
) -> dict[str, list[float]]:
    """Train into `folder` (last.keras, best.keras, history.json) and return the history.

    The models kept are two-headed (see heads.py), and so are `teachers` and `start`, whose weights the run begins with.
    With `resume` a run that was interrupted goes on after its last whole epoch, with the optimizer and the order of
    images it would have had.  Raises DataError when `folder` holds a run and `resume` is false, ModelError when the run
    is of another recipe.
    """
    keras.utils.set_random_seed(recipe.seed)
    missing = sorted(set(range(len(LABELS))) - set(training.labels.tolist()))
    if missing:
        raise DataError(
            "expected every class in the Training split, found none of "
            f"{', '.join(LABELS[label] for label in missing)}: add images of them"
        )
    if recipe.network not in NETWORKS:
        raise ConfigError(
            f"expected a network among {', '.join(NETWORKS)}, found {recipe.network}: name one of these"
        )
    recipe = replace(recipe, images=digest(training, public_test))
    _make(folder)
    steps = math.ceil(len(training) / recipe.batch_size)
    if resume and (folder / HISTORY).exists():
        model, history = _restore(folder, recipe, steps)
    elif (folder / HISTORY).exists():
        raise DataError(
            f"expected no run in {folder}, found one: add --resume to go on with it, or name another folder"
        )
    else:
        model, history = _compiled(recipe, steps), {}
        if start is not None:
            _take_weights(model, start)
    done = len(history.get("loss", ()))
    if done < recipe.epochs:
        taught = targets.for_heads(training, recipe, answers(teachers, training.images) if teachers else None)
        model.fit(
            Batches(training, taught, recipe, first_epoch=done),
            epochs=recipe.epochs,
            initial_epoch=done,
            # Batches has its own order, which a resumed run repeats; Keras's would be another.
            callbacks=[Checkpoint(folder, recipe, public_test, history)],
            shuffle=False,
            verbose="auto",
        )
    return history


def answers(teachers: Sequence[keras.Model], images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The mean probabilities (n, 2, 7) of all teachers for each image and its mirror image."""
    views = [predict_logits(teacher, seen) for teacher in teachers for seen in (images, images[:, :, ::-1])]
    return np.asarray(np.mean([heads.softmax(view) for view in views], axis=0), np.float32)


def has_learnt_votes(folder: Path) -> bool:
    """Whether the head for FER+ of the run in `folder` was taught anything."""
    try:
        return "ferplus_accuracy" in json.loads((folder / HISTORY).read_text())["history"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(
            f"expected the history of a run in {folder / HISTORY}, found: {one_line(error)}; "
            "name the folder of a run"
        ) from error


def load_taught(path: Path) -> keras.Model:
    """The two-headed model that a run kept at `path`; ModelError when it is none."""
    model = keras_models.load(path)
    if model.output_shape[1:] != (len(heads.HEADS), len(LABELS)):
        raise ModelError(
            f"expected a two-headed model, such as the {BEST} of a run, in {path}, found an output of "
            f"{model.output_shape[1:]}: name another file"
        )
    return model


def _take_weights(model: keras.Model, start: keras.Model) -> None:
    try:
        model.set_weights(start.get_weights())
    except ValueError as error:
        raise ModelError(
            f"expected weights of the network {model.name} to start from, found those of {start.name}: "
            "name a run of the same network"
        ) from error


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SinkError(
            f"expected to make the folder {folder}, found: {error.strerror}; name another"
        ) from error


def _compiled(recipe: Recipe, steps_per_epoch: int) -> keras.Model:
    model = heads.two_headed(NETWORKS[recipe.network]((SIDE_PX, SIDE_PX, 1), len(LABELS)))
    warmup_steps = round(recipe.warmup_epochs * steps_per_epoch)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=recipe.learning_rate,
        warmup_steps=warmup_steps,
        decay_steps=max(1, recipe.epochs * steps_per_epoch - warmup_steps),
    )
    model.compile(
        _optimizer(recipe, schedule),
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing),
    )
    return model


def _optimizer(
    recipe: Recipe, schedule: keras.optimizers.schedules.LearningRateSchedule
) -> keras.optimizers.Optimizer:
    if recipe.optimizer == "sgd":
        return keras.optimizers.SGD(
            schedule, momentum=0.9, nesterov=True, weight_decay=recipe.weight_decay or None
        )
    if recipe.optimizer == "muon":
        return ConvolutionMuon(
            schedule,
            weight_decay=recipe.weight_decay,
            adam_weight_decay=recipe.weight_decay,
            adam_lr_ratio=0.5,
        )
    return keras.optimizers.Adam(schedule, weight_decay=recipe.weight_decay or None)


def _restore(
    folder: Path, recipe: Recipe, steps_per_epoch: int
) -> tuple[keras.Model, dict[str, list[float]]]:
    """The model and the history after the last whole epoch."""
    try:
        kept: dict[str, Any] = json.loads((folder / HISTORY).read_text())
        model = keras.models.load_model(folder / LAST)
        epochs_seen = int(model.optimizer.iterations) // steps_per_epoch
        if epochs_seen > len(kept["history"]["loss"]):
            # Stopped between the two: see Checkpoint.
            kept = json.loads(files.make_partial_path(folder / HISTORY).read_text())
        kept_recipe: dict[str, Any] = dict(kept["recipe"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"expected a run in {folder} ({HISTORY}, {LAST}), found: {one_line(error)}; "
            "train into another folder"
        ) from error
    if kept_recipe != asdict(recipe):
        differing = [
            f"{key} {kept_recipe.get(key)} (now {value})"
            for key, value in asdict(recipe).items()
            if kept_recipe.get(key) != value
        ]
        raise ModelError(
            f"expected the recipe of the run in {folder}, found another: {', '.join(differing)}; "
            "repeat the run's options or name another folder"
        )
    if epochs_seen != len(kept["history"]["loss"]):
        raise ModelError(
            f"expected {len(kept['history']['loss'])} epochs of {steps_per_epoch} batches behind "
            f"{folder / LAST}, found {int(model.optimizer.iterations)} batches: repeat the run's data, "
            "or name another folder"
        )
    log.info("going on after epoch %d of the run in %s", epochs_seen, folder)
    return model, kept["history"]


def save_atomically(model: keras.Model, path: Path) -> None:
    """Save `model` as .keras; an OSError leaves `path` as it was."""
    with files.replace_together(path) as (partial,):
        model.save(partial)

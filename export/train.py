"""Train a network on the Training split, judged on PublicTest after every epoch."""

import json
import logging
import math
import os
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from edge.errors import ConfigError, DataError, ModelError, SinkError
from export import targets
from export.dataset import LABELS, Split
from export.files import one_line
from export.networks import NETWORKS
from export.recipe import Recipe

log = logging.getLogger(__name__)

LAST, BEST, HISTORY = "last.keras", "best.keras", "history.json"


def augment(image: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """A new view of a (48, 48) crop: mirrored, turned, zoomed, shifted, its light changed.

    The live crop comes from a detector: it is framed within about a tenth of its side, and
    lit by whatever lamp is there.
    """
    side_px = image.shape[0]
    angle_deg, zoom = random.uniform(-12, 12), math.exp(random.uniform(-0.12, 0.12))
    centre_px = (side_px - 1) / 2
    matrix = np.asarray(cv2.getRotationMatrix2D((centre_px, centre_px), angle_deg, zoom), np.float64)
    matrix[:, 2] += random.uniform(-3, 3, size=2)
    if random.random() < 0.5:
        image = np.ascontiguousarray(image[:, ::-1])
    image = np.asarray(cv2.warpAffine(image, matrix, (side_px, side_px), borderMode=cv2.BORDER_REPLICATE))
    contrast, brightness = random.uniform(0.75, 1.25), random.uniform(-24, 24)
    return np.asarray(cv2.convertScaleAbs(image, alpha=contrast, beta=128 * (1 - contrast) + brightness))


def erase(image: NDArray[np.uint8], random: np.random.Generator) -> None:
    """Paint a rectangle over `image`, in place (Zhong et al., "Random Erasing Data Augmentation", 2017)."""
    side_px = image.shape[0]
    height, width = random.integers(side_px // 6, side_px // 2.4, 2)
    top, left = random.integers(-4, side_px - 4, 2)
    image[max(top, 0):top + height, max(left, 0):left + width] = random.integers(0, 256)


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # keras ships no types
    """Augmented batches of a split in a new order every epoch, the same for the same seed.

    An item is (crops float32 (b, 48, 48, 1) in 0..1, probabilities to learn float32 (b, 7)).
    """

    def __init__(self, split: Split, recipe: Recipe, first_epoch: int) -> None:
        super().__init__()
        self._images, self._targets = split.images, targets.blended(split, recipe.original_share)
        self._recipe, self._epoch = recipe, first_epoch
        self._order = self._shuffled()

    def __len__(self) -> int:
        return math.ceil(len(self._images) / self._recipe.batch_size)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        rows = self._order[index * self._recipe.batch_size:(index + 1) * self._recipe.batch_size]
        random = np.random.default_rng((self._recipe.seed, self._epoch, index))
        images = np.stack([augment(self._images[row], random) for row in rows])
        for row in np.flatnonzero(random.random(len(images)) < self._recipe.erased_share):
            erase(images[row], random)
        return as_input(images), self._targets[rows]

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._order = self._shuffled()

    def _shuffled(self) -> NDArray[np.int64]:
        return np.random.default_rng((self._recipe.seed, self._epoch)).permutation(len(self._images))


def as_input(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 (n, 48, 48) as the network's float32 (n, 48, 48, 1) in 0..1."""
    return images[..., np.newaxis].astype(np.float32) / np.float32(255)


class Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]
    """Before every epoch set its randomness; after it keep the model with its optimizer, the best, the history."""

    def __init__(self, folder: Path, recipe: Recipe, history: dict[str, list[float]]) -> None:
        super().__init__()
        self._folder, self._recipe, self.history = folder, recipe, history

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        # Keras saves no state of its random layers, so it is set here for every epoch: a resumed run drops
        # the same units as one that was never interrupted.
        random = np.random.default_rng((self._recipe.seed, epoch))
        for variable in self.model.variables:
            if variable.name == "seed_generator_state":
                variable.assign(random.integers(2**31, size=variable.shape))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(float(value))
        accuracies = self.history["val_accuracy"]
        if accuracies[-1] == max(accuracies):
            save_atomically(self.model, self._folder / BEST)
        # Whole before LAST is replaced: whoever finds LAST an epoch ahead of HISTORY finds the history here.
        partial = _partial(self._folder / HISTORY)
        partial.write_text(json.dumps({"recipe": asdict(self._recipe), "history": self.history}, indent=1))
        save_atomically(self.model, self._folder / LAST)
        os.replace(partial, self._folder / HISTORY)


def train(training: Split, public_test: Split, folder: Path, recipe: Recipe, *,
          resume: bool = False) -> dict[str, list[float]]:
    """Train into `folder` (last.keras, best.keras, history.json) and return the history.

    With `resume` a run that was interrupted goes on after its last whole epoch, with the
    optimizer and the order of images it would have had.  Raises DataError when `folder`
    holds a run and `resume` is false, ModelError when the run is of another recipe.
    """
    keras.utils.set_random_seed(recipe.seed)
    missing = sorted(set(range(len(LABELS))) - set(training.labels.tolist()))
    if missing:
        raise DataError("expected every class in the Training split, found none of "
                        f"{', '.join(LABELS[label] for label in missing)}: add images of them")
    if recipe.network not in NETWORKS:
        raise ConfigError(f"expected a network among {', '.join(NETWORKS)}, found {recipe.network}: name one of these")
    _make(folder)
    steps = math.ceil(len(training) / recipe.batch_size)
    if resume and (folder / HISTORY).exists():
        model, history = _restore(folder, recipe, steps)
    elif (folder / HISTORY).exists():
        raise DataError(f"expected no run in {folder}, found one: add --resume to go on with it, "
                        "or name another folder")
    else:
        model, history = _compiled(recipe, steps), {}
    done = len(history.get("loss", ()))
    checkpoint = Checkpoint(folder, recipe, history)
    model.fit(Batches(training, recipe, first_epoch=done),
              validation_data=(as_input(public_test.images), targets.one_hot(public_test.labels)),
              validation_batch_size=256, epochs=recipe.epochs, initial_epoch=done,
              # Batches has its own order, which a resumed run repeats; Keras's would be another.
              callbacks=[checkpoint], shuffle=False, verbose="auto")
    return checkpoint.history


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SinkError(f"expected to make the folder {folder}, found: {error.strerror}; name another") from error


def _compiled(recipe: Recipe, steps_per_epoch: int) -> keras.Model:
    model = NETWORKS[recipe.network]((48, 48, 1), len(LABELS))
    warmup_steps = round(recipe.warmup_epochs * steps_per_epoch)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0, warmup_target=recipe.learning_rate, warmup_steps=warmup_steps,
        decay_steps=max(1, recipe.epochs * steps_per_epoch - warmup_steps))
    model.compile(_optimizer(recipe, schedule),
                  keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing),
                  metrics=["accuracy"])
    return model


def _optimizer(recipe: Recipe, schedule: keras.optimizers.schedules.LearningRateSchedule) -> keras.optimizers.Optimizer:
    if recipe.optimizer == "sgd":
        return keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True, weight_decay=recipe.weight_decay or None)
    return keras.optimizers.Adam(schedule, weight_decay=recipe.weight_decay or None)


def _restore(folder: Path, recipe: Recipe, steps_per_epoch: int) -> tuple[keras.Model, dict[str, list[float]]]:
    """The model and the history after the last whole epoch."""
    try:
        kept: dict[str, Any] = json.loads((folder / HISTORY).read_text())
        model = keras.models.load_model(folder / LAST)
        epochs_seen = int(model.optimizer.iterations) // steps_per_epoch
        if epochs_seen > len(kept["history"]["loss"]):
            # Stopped between the two: see Checkpoint.
            kept = json.loads(_partial(folder / HISTORY).read_text())
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(f"expected a run in {folder} ({HISTORY}, {LAST}), found: {one_line(error)}; "
                         "train into another folder") from error
    if kept["recipe"] != asdict(recipe):
        differing = [f"{key} {kept['recipe'].get(key)} (now {value})"
                     for key, value in asdict(recipe).items() if kept["recipe"].get(key) != value]
        raise ModelError(f"expected the recipe of the run in {folder}, found another: {', '.join(differing)}; "
                         "repeat the run's options or name another folder")
    if epochs_seen != len(kept["history"]["loss"]):
        raise ModelError(f"expected {len(kept['history']['loss'])} epochs of {steps_per_epoch} batches behind "
                         f"{folder / LAST}, found {int(model.optimizer.iterations)} batches: repeat the run's data, "
                         "or name another folder")
    log.info("going on after epoch %d of the run in %s", epochs_seen, folder)
    return model, kept["history"]


def save_atomically(model: keras.Model, path: Path) -> None:
    """Save `model` as .keras so that `path` is at every moment absent, the old file or the new one."""
    model.save(_partial(path))
    os.replace(_partial(path), path)


def _partial(path: Path) -> Path:
    return path.with_name(f".partial-{path.name}")

"""The state of a run after every epoch: evaluated, saved, and restored after an interruption."""

import json
import logging
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge import files
from edge.errors import ModelError, SinkError
from export.data.dataset import LABELS, VALIDATION_SPLIT, Split
from export.error_text import shorten
from export.evaluation.evaluate import Evaluation, evaluate
from export.training.heads import blend, predict_logits
from export.training.recipe import Recipe
from export.training.run_folder import BEST, HISTORY, LAST

log = logging.getLogger(__name__)

History = dict[str, list[float]]
"""loss, accuracy, macro_f1 and, with votes, ferplus_accuracy: one value per epoch."""


class Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """Seeds the random layers before every epoch; after it evaluates and saves model and optimizer."""

    def __init__(self, folder: Path, recipe: Recipe, public_test: Split, history: History) -> None:
        super().__init__()
        self._folder, self._recipe, self._public_test, self.history = folder, recipe, public_test, history

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Seed the random layers."""
        # Keras saves no state of its random layers, so each epoch gets its own seed: a resumed run drops the
        # same units as one that was never interrupted.
        random = np.random.default_rng((self._recipe.seed, epoch))
        for variable in self.model.variables:
            if variable.name == "seed_generator_state":
                variable.assign(random.integers(2**31, size=variable.shape))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Evaluate the model, log its scores and save it.  Raises SinkError if it cannot be saved."""
        logits = predict_logits(self.model, self._public_test.images)
        evaluation = evaluate_folded(logits, self._public_test, self._recipe.original_share)
        scores = {
            "loss": (logs or {})["loss"],
            "accuracy": evaluation.accuracy,
            "macro_f1": evaluation.macro_f1,
        }
        if evaluation.ferplus_accuracy is not None:
            scores["ferplus_accuracy"] = evaluation.ferplus_accuracy
        for name, value in scores.items():
            self.history.setdefault(name, []).append(float(value))
        log.info(
            "epoch %d of %d: %s",
            epoch + 1,
            self._recipe.epochs,
            ", ".join(f"{name} {value:.4f}" for name, value in scores.items()),
        )
        try:
            self._save()
        except OSError as error:
            raise SinkError(
                f"expected to keep epoch {epoch + 1} in {self._folder}, found: {shorten(error)}; the epochs "
                "before are kept whole: make room and go on with --resume"
            ) from error

    def _save(self) -> None:
        if find_best_epoch(self.history) == len(self.history["loss"]) - 1:
            save_model(self.model, self._folder / BEST)
        # LAST gets its name first: if it is an epoch ahead of HISTORY, the history is in its temporary file.
        with files.replace_together(self._folder / LAST, self._folder / HISTORY) as (last, history):
            self.model.save(last)
            history.write_text(
                json.dumps({"recipe": asdict(self._recipe), "history": self.history}, indent=1)
            )


def evaluate_folded(logits: NDArray[np.float32], split: Split, original_share: float) -> Evaluation:
    """The scores on `split` of the classifier that is folded with `original_share`."""
    return evaluate("folded", VALIDATION_SPLIT, split, LABELS, blend(logits, original_share))


def find_best_epoch(history: History) -> int:
    """The epoch, from 0, with the highest mean of the accuracies by both truths; the last of equals."""
    both = np.mean([history[name] for name in ("accuracy", "ferplus_accuracy") if name in history], axis=0)
    return len(both) - 1 - int(np.argmax(both[::-1]))


def save_model(model: keras.Model, path: Path) -> None:
    """Save `model` as .keras; an OSError leaves `path` as it was."""
    with files.replace_together(path) as (partial,):
        model.save(partial)


def restore(folder: Path, recipe: Recipe, steps_per_epoch: int) -> tuple[keras.Model, History]:
    """The model and the history after the last whole epoch of the run in `folder`.

    Raises ModelError if the run is damaged, is of another recipe, or was trained on other images.
    """
    try:
        saved: dict[str, Any] = json.loads((folder / HISTORY).read_text())
        model = keras.models.load_model(folder / LAST)
        batches_seen = int(model.optimizer.iterations)
        epochs_seen = batches_seen // steps_per_epoch
        if epochs_seen > len(saved["history"]["loss"]):
            # The run was stopped after LAST got its name and before HISTORY did: see Checkpoint.
            saved = json.loads(files.make_partial_path(folder / HISTORY).read_text())
        saved_recipe: dict[str, Any] = dict(saved["recipe"])
        epochs_recorded = len(saved["history"]["loss"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"expected a run in {folder} ({HISTORY}, {LAST}), found: {shorten(error)}; "
            "train into another folder"
        ) from error
    _check_recipe(saved_recipe, recipe, folder)
    if epochs_seen != epochs_recorded:
        raise ModelError(
            f"expected {epochs_recorded} epochs of {steps_per_epoch} batches behind "
            f"{folder / LAST}, found {batches_seen} batches: repeat the run's data, or name another folder"
        )
    log.info("continuing the run in %s after epoch %d", folder, epochs_seen)
    return model, saved["history"]


def _check_recipe(saved: dict[str, Any], recipe: Recipe, folder: Path) -> None:
    if saved == asdict(recipe):
        return
    differences = [
        f"{key} {saved.get(key)} (now {value})"
        for key, value in asdict(recipe).items()
        if saved.get(key) != value
    ]
    raise ModelError(
        f"expected the recipe of the run in {folder}, found another: {', '.join(differences)}; "
        "repeat the run's options or name another folder"
    )

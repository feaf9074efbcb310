"""Training a network on the Training split, evaluated on PublicTest after every epoch."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras

from edge.errors import ConfigError, DataError
from export.data.dataset import LABELS, Split, compute_digest
from export.training import checkpoint, run_folder
from export.training.batches import AugmentedBatches
from export.training.checkpoint import Checkpoint, History
from export.training.compilation import compile_model, copy_weights
from export.training.heads import average_predictions
from export.training.networks import NETWORKS
from export.training.recipe import Recipe
from export.training.run_folder import HISTORY
from export.training.targets import make_targets


def train(
    training: Split,
    public_test: Split,
    folder: Path,
    recipe: Recipe,
    *,
    teachers: Sequence[keras.Model] = (),
    start: keras.Model | None = None,
    resume: bool = False,
) -> History:
    """Train into `folder` (last.keras, best.keras, history.json) and return the history.

    The saved models are two-headed (see heads.py), and so are `teachers` and `start`, whose weights a new run
    begins with.  With `resume` a run that was interrupted continues after its last whole epoch, exactly as if
    it had not been interrupted.  Raises DataError if `folder` holds a run and `resume` is false, ModelError
    if the run is of another recipe.
    """
    keras.utils.set_random_seed(recipe.seed)
    _check(training, recipe)
    recipe = replace(recipe, images=compute_digest(training, public_test))
    run_folder.make(folder)
    steps = math.ceil(len(training) / recipe.batch_size)
    model, history = _begin_or_restore(folder, recipe, steps, start, resume=resume)
    epochs_done = len(history.get("loss", ()))
    if epochs_done < recipe.epochs:
        answers = average_predictions(teachers, training.images) if teachers else None
        targets = make_targets(training, recipe, answers)
        model.fit(
            AugmentedBatches(training, targets, recipe, first_epoch=epochs_done),
            epochs=recipe.epochs,
            initial_epoch=epochs_done,
            callbacks=[Checkpoint(folder, recipe, public_test, history)],
            # The batches have an order of their own, which a resumed run repeats; Keras would choose another
            # one.
            shuffle=False,
            verbose="auto",
        )
    return history


def _check(training: Split, recipe: Recipe) -> None:
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


def _begin_or_restore(
    folder: Path, recipe: Recipe, steps_per_epoch: int, start: keras.Model | None, *, resume: bool
) -> tuple[keras.Model, History]:
    has_run = (folder / HISTORY).exists()
    if has_run and resume:
        return checkpoint.restore(folder, recipe, steps_per_epoch)
    if has_run:
        raise DataError(
            f"expected no run in {folder}, found one: add --resume to go on with it, or name another folder"
        )
    model = compile_model(recipe, steps_per_epoch)
    if start is not None:
        copy_weights(start, model)
    return model, {}

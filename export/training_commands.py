"""The commands train and fold; TensorFlow is imported only when one of them runs."""

import logging
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from edge.errors import ConfigError, SinkError
from edge.files import sha256
from export.artifacts import describe_origin
from export.data import dataset, loading
from export.data.dataset import LABELS, VALIDATION_SPLIT, Split
from export.error_text import shorten
from export.tensorflow_import import import_tensorflow
from export.training.recipe import BALANCE, OPTIONS, RECIPES, Recipe, format_flags

log = logging.getLogger(__name__)


def train(arguments: Namespace) -> None:
    """Train, fold the best weights into a classifier, and plot the curves and the trade-off."""
    import_tensorflow()
    from export.training import checkpoint, heads, run_folder, training_plots
    from export.training import train as training

    split, public_test, left_out = _load_splits(arguments)
    log.info("training on %d images of Training, without %s", len(split), left_out)
    teachers = [heads.load_two_headed(path) for path in arguments.teacher]
    start = heads.load_two_headed(arguments.start) if arguments.start else None
    _check_teachers(arguments)
    recipe = _make_recipe(arguments)
    if recipe.bfloat16:
        _use_bfloat16()
    output: Path = arguments.output
    try:
        history = training.train(
            split, public_test, output, recipe, teachers=teachers, start=start, resume=arguments.resume
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt("add --resume to go on after the last whole epoch") from None
    votes = f", votes of {describe_origin(arguments.ferplus)}" if arguments.ferplus else ""
    source = describe_origin(arguments.data)
    images = f"{len(split):,} images of Training in {source}, without {left_out}{votes}"
    run_folder.write_description(output, images, _format_command(arguments, recipe), recipe)
    title = f"{recipe.network}, {len(split):,} images, seed {recipe.seed}"
    best = checkpoint.find_best_epoch(history)
    training_plots.plot_curves(history, best, output / "curves.png", title)
    _fold(output, split, public_test, recipe.original_share, BALANCE)


def fold(arguments: Namespace) -> None:
    """Fold the two heads of a run again, with another share."""
    import_tensorflow()
    split, public_test, _ = _load_splits(arguments)
    _fold(arguments.folder, split, public_test, arguments.original_share, arguments.balance)


def _load_splits(arguments: Namespace) -> tuple[Split, Split, str]:
    """(Training without images of PublicTest and without copies, PublicTest, what was left out, in words)."""
    splits = loading.load_splits(arguments.data, arguments.ferplus)
    whole = loading.select(splits, "Training", arguments.data)
    public_test = loading.select(splits, VALIDATION_SPLIT, arguments.data)
    apart = dataset.remove_copies(whole, public_test)
    split = dataset.remove_duplicates(apart)
    left_out = (
        f"{len(whole) - len(apart):,} that stand in {VALIDATION_SPLIT} as well and "
        f"{len(apart) - len(split):,} copies of others"
    )
    return split, public_test, left_out


def _make_recipe(arguments: Namespace) -> Recipe:
    """The recipe of the network, changed by the flags that were given."""
    given = {option.name: getattr(arguments, option.name) for option in OPTIONS}
    changes = {name: value for name, value in given.items() if value is not None}
    if not arguments.teacher:
        changes["teacher_share"] = 0.0
    return replace(
        RECIPES[arguments.network],
        **changes,
        teachers=", ".join(sha256(path) for path in arguments.teacher),
        started_from=sha256(arguments.start) if arguments.start else "",
    )


def _check_teachers(arguments: Namespace) -> None:
    """Raise ConfigError unless the teachers and their share are given together."""
    if arguments.teacher_share and not arguments.teacher:
        raise ConfigError(
            "expected --teacher with --teacher-share, found none: name the best.keras of other runs"
        )
    share = arguments.teacher_share
    if share is None:
        share = RECIPES[arguments.network].teacher_share
    if arguments.teacher and not share:
        raise ConfigError(
            f"expected --teacher-share with --teacher for {arguments.network}, found none: give the share of "
            "the teachers' answers in what is taught"
        )


def _format_command(arguments: Namespace, recipe: Recipe) -> str:
    """The command that repeats the training; it names files without the folders of this machine."""
    ferplus = f" --ferplus {arguments.ferplus.name}" if arguments.ferplus else ""
    teachers = " --teacher " + " ".join(map(_name_in_run, arguments.teacher)) if arguments.teacher else ""
    start = f" --start {_name_in_run(arguments.start)}" if arguments.start else ""
    return (
        f"python -m export train --data {arguments.data.name}{ferplus} --output {arguments.output.name} "
        f"{format_flags(recipe)}{teachers}{start}"
    )


def _name_in_run(path: Path) -> str:
    """The file of a run with the folder of the run, because all runs have the same file names."""
    return f"{path.resolve().parent.name}/{path.name}"


def _use_bfloat16() -> None:
    """Compute convolutions in bfloat16: half the time on processors with AMX, more time on others."""
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"auto_mixed_precision_onednn_bfloat16": True})


def _fold(folder: Path, split: Split, public_test: Split, original_share: float, balance: float) -> None:
    """Write classifier.keras and tradeoff.png into the folder of a run; print the scores of each share."""
    from export.training import checkpoint, heads, run_folder, tradeoff, training_plots

    two_headed = heads.load_two_headed(folder / run_folder.BEST)
    # A damaged description is found now, before anything is written.
    run_folder.read_description_beside(folder / run_folder.BEST)
    if original_share < 1 and not run_folder.has_learnt_votes(folder):
        raise ConfigError(
            f"expected --original-share 1 for the run in {folder}, which was taught no votes of FER+, "
            f"found {original_share:g}: train with votes, or fold with 1"
        )
    offsets = heads.compute_offsets(split.labels, len(LABELS), balance)
    logits = heads.predict_logits(two_headed, public_test.images)
    by_model = tradeoff.evaluate_shares(logits, public_test, original_share, offsets)
    votes = tradeoff.predict_from_votes(split, public_test)
    by_votes = {} if votes is None else tradeoff.evaluate_shares(votes, public_test, original_share)
    classifier = folder / run_folder.CLASSIFIER
    try:
        checkpoint.save_model(heads.fold(two_headed, original_share, offsets), classifier)
    except OSError as error:
        raise SinkError(
            f"expected to write {classifier}, found: {shorten(error)}; make room and fold again"
        ) from error
    run_folder.add_to_description(
        folder,
        "folding",
        f"python -m export fold --run {folder.name} --original-share {original_share} --balance {balance}",
    )
    training_plots.plot_tradeoff(by_model, by_votes, original_share, folder / "tradeoff.png")
    print(tradeoff.format_table(by_model, by_votes, original_share))

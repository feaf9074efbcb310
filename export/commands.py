"""What each command of export does with its arguments; TensorFlow is imported only where one needs it."""

import logging
from argparse import Namespace
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from edge import models
from edge.errors import ConfigError, SinkError
from edge.faces.metadata import Metadata
from edge.files import sha256
from export import files
from export.data import calibration, dataset
from export.data.calibration import Images
from export.data.dataset import FER2013_FRAMING, JUDGED_ON, LABELS, Split
from export.evaluation import evaluate
from export.evaluation.evaluate import Predict
from export.files import one_line
from export.tensorflow_import import import_tensorflow
from export.training.recipe import BALANCE, RECIPES, Recipe

if TYPE_CHECKING:
    import keras

log = logging.getLogger(__name__)


def train(arguments: Namespace) -> None:
    """Train, fold the best weights into a classifier, and draw the curves and what the folding trades."""
    import_tensorflow()
    from export.evaluation import plots
    from export.training import run_description
    from export.training import train as training

    split, public_test, without = _splits(arguments)
    log.info("training on %d images of Training, without %s", len(split), without)
    if arguments.teacher_share and not arguments.teacher:
        raise ConfigError(
            "expected --teacher with --teacher-share, found none: name the best.keras of other runs"
        )
    teachers = [training.load_taught(path) for path in arguments.teacher]
    start = training.load_taught(arguments.start) if arguments.start else None
    recipe = _recipe(arguments)
    if teachers and not recipe.teacher_share:
        raise ConfigError(
            f"expected --teacher-share with --teacher for {recipe.network}, found none: say how much of "
            "what is taught are their answers"
        )
    if arguments.bfloat16:
        _use_bfloat16()
    output: Path = arguments.output
    try:
        history = training.train(
            split, public_test, output, recipe, teachers=teachers, start=start, resume=arguments.resume
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt("add --resume to go on after the last whole epoch") from None
    votes = f", votes of {files.origin(arguments.ferplus)}" if arguments.ferplus else ""
    images = f"{len(split):,} images of Training in {files.origin(arguments.data)}, without {without}{votes}"
    run_description.describe(output, images, _training_command(arguments, recipe), recipe)
    title = f"{recipe.network}, {len(split):,} images, seed {recipe.seed}"
    plots.curves(history, training.best_epoch(history), output / "curves.png", title)
    _fold(output, split, public_test, recipe.original_share, BALANCE)


def fold(arguments: Namespace) -> None:
    """Fold a run's two heads again, in another way."""
    import_tensorflow()
    split, public_test, _ = _splits(arguments)
    _fold(arguments.folder, split, public_test, arguments.original_share, arguments.balance)


def _splits(arguments: Namespace) -> tuple[Split, Split, str]:
    """Training without what stands in PublicTest as well and without copies, PublicTest, and what was left out."""
    splits = dataset.load_splits(arguments.data, arguments.ferplus)
    whole, public_test = (dataset.select(splits, name, arguments.data) for name in ("Training", JUDGED_ON))
    apart = dataset.without_copies(whole, public_test)
    split = dataset.without_duplicates(apart)
    return (
        split,
        public_test,
        (
            f"{len(whole) - len(apart):,} that stand in {JUDGED_ON} as well and "
            f"{len(apart) - len(split):,} copies of others"
        ),
    )


def _fold(folder: Path, split: Split, public_test: Split, original_share: float, balance: float) -> None:
    """Write classifier.keras and tradeoff.png into the folder of a run, and print what the shares give."""
    from export.evaluation import plots
    from export.training import heads, run_description, tradeoff
    from export.training import train as training

    taught = training.load_taught(folder / training.BEST)
    run_description.described_beside(folder / training.BEST)
    if original_share < 1 and not training.has_learnt_votes(folder):
        raise ConfigError(
            f"expected --original-share 1 for the run in {folder}, which was taught no votes of FER+, "
            f"found {original_share:g}: train with votes, or fold with 1"
        )
    offset = heads.offsets(split.labels, len(LABELS), balance)
    logits = training.predict_logits(taught, public_test.images)
    by_model = tradeoff.over_shares(logits, public_test, original_share, offset)
    votes = tradeoff.from_votes(split, public_test)
    by_votes = {} if votes is None else tradeoff.over_shares(votes, public_test, original_share)
    try:
        training.save_atomically(heads.folded(taught, original_share, offset), folder / training.CLASSIFIER)
    except OSError as error:
        raise SinkError(
            f"expected to write {folder / training.CLASSIFIER}, found: {one_line(error)}; make room and "
            "fold again"
        ) from error
    run_description.add(
        folder,
        "folding",
        f"python -m export fold --run {folder.name} --original-share {original_share} --balance {balance}",
    )
    plots.tradeoff(by_model, by_votes, original_share, folder / "tradeoff.png")
    print(tradeoff.table(by_model, by_votes, original_share))


def convert(arguments: Namespace) -> None:
    """Load a Keras model of any age and convert it."""
    import_tensorflow()
    from export.conversion import convert as conversion
    from export.evaluation.compare import Tolerances

    if (arguments.architecture is None) != (arguments.weights is None):
        raise ConfigError(
            "expected --architecture and --weights together, found one: give both, or --model alone"
        )
    if arguments.model is None:
        sources = {"architecture": arguments.architecture, "weights": arguments.weights}
    else:
        sources = {"model": arguments.model}
    options = conversion.Options(
        split=arguments.split_calibration,
        votes=arguments.ferplus,
        labels=arguments.labels,
        scale=arguments.scale,
        offset=arguments.offset,
        calibrate_by=arguments.calibrate_by,
        tolerances=Tolerances(
            arguments.difference, arguments.tolerance, arguments.recall_tolerance, arguments.same_top
        ),
    )
    conversion.convert(_load_keras(arguments), sources, arguments.calibration, arguments.output, options)


def quantize(arguments: Namespace) -> None:
    """Quantize a float ONNX file on other images; needs no TensorFlow."""
    from export.conversion.quantize import quantize_file
    from export.evaluation.compare import Tolerances

    images = calibration.choose(arguments.calibration, arguments.split_calibration, arguments.ferplus)
    quantize_file(
        arguments.model,
        *images,
        arguments.output,
        Tolerances(
            accuracy_points=arguments.tolerance,
            recall_points=arguments.recall_tolerance,
            same_top=arguments.same_top,
        ),
    )


def evaluate_model(arguments: Namespace) -> None:
    """Print a model's figures on a split, and write them where asked."""
    split = dataset.load(arguments.data, arguments.split, arguments.ferplus)
    if arguments.model.suffix == ".onnx":
        predict, metadata = evaluate.onnx_predict(arguments.model)
    else:
        import_tensorflow()
        predict, metadata = _keras_predict(
            _load_keras(arguments), arguments.model, arguments.labels, arguments.scale, arguments.offset
        )
    evaluate.numbers(metadata.labels)
    probabilities = evaluate.predictions(predict, evaluate.resized(split.images, metadata), arguments.split)
    evaluate.check_softmax(probabilities, len(metadata.labels), arguments.model)
    evaluation = evaluate.evaluate(
        arguments.model.name,
        arguments.split,
        split,
        metadata.labels,
        probabilities,
        resamples=arguments.resamples,
    )
    if arguments.robustness:
        from export.evaluation import robustness

        evaluation = msgspec.structs.replace(
            evaluation, robustness=robustness.measure(predict, split, metadata)
        )
    if arguments.json:
        files.write({arguments.json: msgspec.json.format(msgspec.json.encode(evaluation)) + b"\n"})
    if arguments.plots:
        from export.evaluation import plots

        plots.evaluation(evaluation, evaluate.answers(split, metadata.labels, probabilities), arguments.plots)
    print(evaluate.table(evaluation))


def card(arguments: Namespace) -> None:
    """Write the card of an ONNX file."""
    from export.evaluation import card as cards

    path = cards.write(
        arguments.model,
        arguments.reference,
        Images(
            dataset.load(arguments.data, arguments.split, arguments.ferplus), arguments.split, arguments.data
        ),
    )
    print(path)


def framing(arguments: Namespace) -> None:
    """Measure how the crops lie in each detector's boxes."""
    from export.data import framing as measurement

    fetched = models.locate_yunet()
    yunet = arguments.yunet or (fetched if fetched.is_file() else None)
    measured = measurement.measure_all(arguments.data, arguments.count, yunet)
    if arguments.json:
        files.write({arguments.json: msgspec.json.format(msgspec.json.encode(measured)) + b"\n"})
    print(measurement.table(measured))


def _load_keras(arguments: Namespace) -> "keras.Model":
    """What --model, or else --architecture and --weights, name."""
    from export import keras_models

    if arguments.model is not None:
        return keras_models.load(arguments.model)
    return keras_models.load_pair(arguments.architecture, arguments.weights)


def _keras_predict(
    model: "keras.Model", source: Path, labels: tuple[str, ...], scale: float, offset: float
) -> tuple[Predict, Metadata]:
    from export import keras_models

    height, width = keras_models.input_side(model, source)
    metadata = Metadata(
        labels=labels,
        height=height,
        width=width,
        scale=scale,
        offset=offset,
        framing=FER2013_FRAMING,
        precision="float32",
    )
    return keras_models.predictor(model, metadata), metadata


def _recipe(arguments: Namespace) -> Recipe:
    """The recipe of the network, with what the user wants otherwise."""
    usual = RECIPES[arguments.network]
    wanted = {field.name: getattr(arguments, field.name, None) for field in fields(Recipe)}
    wanted["teachers"] = ", ".join(sha256(path) for path in arguments.teacher)
    wanted["started_from"] = sha256(arguments.start) if arguments.start else ""
    if not arguments.teacher:
        wanted["teacher_share"] = 0.0
    return replace(usual, **{name: value for name, value in wanted.items() if value is not None})


def _training_command(arguments: Namespace, recipe: Recipe) -> str:
    """The command that repeats the training; it names files without the folders of this machine."""
    teachers = " --teacher " + " ".join(map(_in_run, arguments.teacher)) if arguments.teacher else ""
    start = f" --start {_in_run(arguments.start)}" if arguments.start else ""
    ferplus = f" --ferplus {arguments.ferplus.name}" if arguments.ferplus else ""
    flags = " --bfloat16" if arguments.bfloat16 else ""
    options = " ".join(
        f"--{name.replace('_', '-')} {getattr(recipe, name)}"
        for name in (
            "epochs",
            "batch_size",
            "learning_rate",
            "original_share",
            "inferred_share",
            "teacher_share",
            "seed",
        )
    )
    return (
        f"python -m export train --data {arguments.data.name}{ferplus} --output {arguments.output.name} "
        f"--network {recipe.network} {options}{teachers}{start}{flags}"
    )


def _in_run(path: Path) -> str:
    """The file of a run, with the folder of the run: every run calls its files alike."""
    return f"{path.resolve().parent.name}/{path.name}"


def _use_bfloat16() -> None:
    """Let TensorFlow compute convolutions in bfloat16: half the time on processors with AMX, more on others."""
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"auto_mixed_precision_onednn_bfloat16": True})

"""What each command of export does with its arguments; TensorFlow is imported only where one needs it."""

import logging
from argparse import Namespace
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from edge import models
from edge.errors import ConfigError
from edge.metadata import Metadata
from export import dataset, evaluate, files
from export.dataset import FER2013_FRAMING, JUDGED_ON, LABELS, Split
from export.evaluate import Evaluation, Predict
from export.quiet import import_tensorflow
from export.recipe import RECIPES, Recipe

if TYPE_CHECKING:
    import keras

log = logging.getLogger(__name__)


def train(arguments: Namespace) -> None:
    """Train, then draw the curves, and the confusion matrix of the best weights, beside them."""
    import_tensorflow()
    from export import keras_models, plots, run
    from export import train as training
    splits = dataset.load_splits(arguments.data)
    whole, public_test = (dataset.select(splits, name, arguments.data) for name in ("Training", JUDGED_ON))
    split = dataset.without_copies(whole, public_test)
    copies = len(whole) - len(split)
    log.info("training on %d images of Training; left out %d that stand in %s as well", len(split), copies, JUDGED_ON)
    recipe = _recipe(arguments)
    if arguments.bfloat16:
        _use_bfloat16()
    output: Path = arguments.output
    history = training.train(split, public_test, output, recipe, resume=arguments.resume)
    images = f"{len(split):,} images of Training in {files.origin(arguments.data)}, without {copies:,} that stand in " \
             f"{JUDGED_ON} as well"
    run.describe(output, images, _training_command(arguments, recipe), recipe)
    title = f"{recipe.network}, {len(split):,} images, seed {recipe.seed}"
    plots.curves(history, output / "curves.png", title)
    best = output / training.BEST
    predict, metadata = _keras_predict(keras_models.load(best), best, LABELS, 1 / 255, 0.0)
    evaluation = _evaluate(predict, metadata, public_test, JUDGED_ON, best)
    plots.confusion(evaluation, output / "confusion.png")
    print(evaluate.table(evaluation))


def convert(arguments: Namespace) -> None:
    """Load a Keras model of any age and convert it."""
    import_tensorflow()
    from export import convert as conversion
    from export.compare import Tolerances
    if (arguments.architecture is None) != (arguments.weights is None):
        raise ConfigError("expected --architecture and --weights together, found one: give both, or --model alone")
    if arguments.model is None:
        sources = {"architecture": arguments.architecture, "weights": arguments.weights}
    else:
        sources = {"model": arguments.model}
    options = conversion.Options(
        split=arguments.split_calibration, labels=arguments.labels, scale=arguments.scale, offset=arguments.offset,
        tolerances=Tolerances(arguments.difference, arguments.tolerance, arguments.same_top))
    conversion.convert(_load_keras(arguments), sources, arguments.calibration, arguments.output, options)


def quantize(arguments: Namespace) -> None:
    """Quantize a float ONNX file on other images; needs no TensorFlow."""
    from export.compare import Tolerances
    from export.quantize import quantize_file
    quantize_file(arguments.model, arguments.calibration, arguments.split_calibration, arguments.output,
                  Tolerances(accuracy_points=arguments.tolerance, same_top=arguments.same_top))


def evaluate_model(arguments: Namespace) -> None:
    """Print a model's figures on a split, and write them where asked."""
    split = dataset.load(arguments.data, arguments.split)
    if arguments.model.suffix == ".onnx":
        predict, metadata = evaluate.onnx_predict(arguments.model)
    else:
        import_tensorflow()
        predict, metadata = _keras_predict(
            _load_keras(arguments), arguments.model, arguments.labels, arguments.scale, arguments.offset)
    evaluation = _evaluate(predict, metadata, split, arguments.split, arguments.model)
    if arguments.json:
        files.write({arguments.json: msgspec.json.format(msgspec.json.encode(evaluation)) + b"\n"})
    if arguments.plot:
        from export import plots
        plots.confusion(evaluation, arguments.plot)
    print(evaluate.table(evaluation))


def card(arguments: Namespace) -> None:
    """Write the card of an ONNX file."""
    from export import card as cards
    path = cards.write(arguments.model, arguments.data, arguments.split, arguments.reference)
    print(path)


def framing(arguments: Namespace) -> None:
    """Measure how the crops lie in each detector's boxes."""
    from export import framing as measurement
    fetched = models.yunet_path()
    yunet = arguments.yunet or (fetched if fetched.is_file() else None)
    measured = measurement.measure_all(arguments.data, arguments.count, yunet)
    if arguments.json:
        files.write({arguments.json: msgspec.json.format(msgspec.json.encode(measured)) + b"\n"})
    print(measurement.table(measured))


def _evaluate(predict: Predict, metadata: Metadata, split: Split, split_name: str, model: Path) -> Evaluation:
    evaluate.numbers(metadata.labels)
    crops = evaluate.resized(split.images, metadata)
    probabilities = evaluate.predictions(predict, crops, split_name)
    evaluate.check_softmax(probabilities, len(metadata.labels), model)
    return evaluate.evaluate(model.name, split_name, split, metadata.labels, probabilities)


def _load_keras(arguments: Namespace) -> "keras.Model":
    """What --model, or else --architecture and --weights, name."""
    from export import keras_models
    if arguments.model is not None:
        return keras_models.load(arguments.model)
    return keras_models.load_pair(arguments.architecture, arguments.weights)


def _keras_predict(model: "keras.Model", source: Path, labels: tuple[str, ...], scale: float,
                   offset: float) -> tuple[Predict, Metadata]:
    from export import keras_models
    height, width = keras_models.input_side(model, source)
    metadata = Metadata(labels=labels, height=height, width=width, scale=scale, offset=offset,
                        framing=FER2013_FRAMING, precision="float32")
    return keras_models.predictor(model, metadata), metadata


def _recipe(arguments: Namespace) -> Recipe:
    """The recipe of the network, with what the user wants otherwise."""
    usual = RECIPES[arguments.network]
    wanted = {field.name: getattr(arguments, field.name, None) for field in fields(Recipe)}
    return replace(usual, **{name: value for name, value in wanted.items() if value is not None})


def _training_command(arguments: Namespace, recipe: Recipe) -> str:
    """The command that repeats the training; it names files without the folders of this machine."""
    flags = " --bfloat16" if arguments.bfloat16 else ""
    return (f"python -m export train --data {arguments.data.name} --output {arguments.output.name} "
            f"--network {recipe.network} --epochs {recipe.epochs} --batch-size {recipe.batch_size} "
            f"--learning-rate {recipe.learning_rate} --original-share {recipe.original_share} "
            f"--seed {recipe.seed}{flags}")


def _use_bfloat16() -> None:
    """Let TensorFlow compute convolutions in bfloat16: half the time on processors with AMX, more on others."""
    import tensorflow as tf
    tf.config.optimizer.set_experimental_options({"auto_mixed_precision_onednn_bfloat16": True})

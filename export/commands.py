"""The commands convert, quantize, evaluate, card and framing; they import TensorFlow only if they need it."""

from argparse import Namespace
from pathlib import Path

import msgspec

from edge import models
from edge.errors import ConfigError
from edge.faces.metadata import Metadata
from export.artifacts import write_files
from export.data import calibration, loading
from export.data.calibration import Images
from export.data.framing import FER2013_FRAMING
from export.evaluation.compare import Tolerances
from export.evaluation.evaluate import collect_answers, evaluate, map_labels
from export.evaluation.evaluation_table import format_table
from export.evaluation.predictions import (
    Predictor,
    check_probabilities,
    load_onnx,
    predict_all,
    resize_crops,
)
from export.tensorflow_import import import_tensorflow


def convert(arguments: Namespace) -> None:
    """Convert a Keras model, of any version of Keras."""
    import_tensorflow()
    from export.conversion import convert as conversion
    from export.conversion.request import Options, Request

    if (arguments.architecture is None) != (arguments.weights is None):
        raise ConfigError(
            "expected --architecture and --weights together, found one: give both, or --model alone"
        )
    if arguments.model is None:
        sources = {"architecture": arguments.architecture, "weights": arguments.weights}
    else:
        sources = {"model": arguments.model}
    options = Options(
        split=arguments.split_calibration,
        votes=arguments.ferplus,
        labels=arguments.labels,
        scale=arguments.scale,
        offset=arguments.offset,
        is_as_given=arguments.as_given,
        output_name=arguments.output_name,
        side_px=arguments.side,
        is_float_only=arguments.float_only,
        calibrate_by=arguments.calibrate_by,
        tolerances=Tolerances(
            arguments.difference, arguments.tolerance, arguments.recall_tolerance, arguments.same_top
        ),
    )
    conversion.convert(Request(sources, arguments.calibration, arguments.output, options))


def quantize(arguments: Namespace) -> None:
    """Quantize a float ONNX file on other images; this needs no TensorFlow."""
    from export.conversion.quantize import quantize_file

    images = calibration.choose_images(arguments.calibration, arguments.split_calibration, arguments.ferplus)
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
    """Print the scores of a model on a split, and write them to files if asked to."""
    split = loading.load(arguments.data, arguments.split, arguments.ferplus)
    if arguments.model.suffix == ".onnx":
        predict, metadata = load_onnx(arguments.model)
    else:
        import_tensorflow()
        predict, metadata = _load_keras_predictor(arguments)
    map_labels(metadata.labels)
    probabilities = predict_all(predict, resize_crops(split.images, metadata), arguments.split)
    check_probabilities(probabilities, len(metadata.labels), arguments.model)
    evaluation = evaluate(
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
        _write_json(arguments.json, evaluation)
    if arguments.plots:
        from export.evaluation import evaluation_plots

        answers = collect_answers(split, metadata.labels, probabilities)
        evaluation_plots.plot_all(evaluation, answers, arguments.plots)
    print(format_table(evaluation))


def write_model_card(arguments: Namespace) -> None:
    """Write the card of an ONNX file."""
    from export.evaluation.model_card import write_card

    split = loading.load(arguments.data, arguments.split, arguments.ferplus)
    images = Images(split, arguments.split, arguments.data)
    print(write_card(arguments.model, arguments.reference, images))


def measure_framing(arguments: Namespace) -> None:
    """Measure how the crops lie in the boxes of each detector."""
    from export.data import framing

    fetched = models.locate_yunet()
    yunet = arguments.yunet or (fetched if fetched.is_file() else None)
    stats = framing.measure_all(arguments.data, arguments.count, yunet)
    if arguments.json:
        _write_json(arguments.json, stats)
    print(framing.format_table(stats))


def _load_keras_predictor(arguments: Namespace) -> tuple[Predictor, Metadata]:
    from export import keras_models
    from export.keras_files import adaptation

    path, labels = arguments.model, arguments.labels
    model, _ = adaptation.adapt(
        keras_models.load(path), len(labels), path, arguments.output_name, arguments.side
    )
    height, width = keras_models.read_input_size(model, path)
    metadata = Metadata(
        labels=labels,
        height=height,
        width=width,
        scale=arguments.scale,
        offset=arguments.offset,
        framing=FER2013_FRAMING,
        precision="float32",
    )
    return keras_models.make_predictor(model, metadata), metadata


def _write_json(path: Path, content: object) -> None:
    write_files({path: msgspec.json.format(msgspec.json.encode(content)) + b"\n"})

"""A Keras model becomes a float and an int8 ONNX file that are shown to agree with it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import keras
import msgspec
import tensorflow as tf
import tf2onnx
from onnx import ModelProto

from edge.errors import ModelError
from edge.faces.metadata import Metadata
from export import files, keras_models
from export.conversion import onnx_graph, quantize
from export.data import calibration
from export.data.calibration import Images
from export.data.dataset import FER2013_FRAMING, LABELS
from export.evaluation import compare, evaluate, inference_time
from export.evaluation.compare import Judge, Tolerances, Truth
from export.files import one_line
from export.training import run_description

log = logging.getLogger(__name__)

# tf2onnx refuses 19 and above; 17 runs on every ONNX Runtime since 1.12.
OPSET = 17
TOOLS = ("keras", "tensorflow", "tf2onnx", "onnx", "onnxruntime")


@dataclass(frozen=True)
class Options:
    """What the user may choose of a conversion."""

    split: str = "Training"
    votes: Path | None = None
    """FER+'s own table, where the images have no votes with them."""
    labels: tuple[str, ...] = LABELS
    scale: float = 1 / 255
    offset: float = 0.0
    calibrate_by: Truth = "ferplus"
    """Which truth the temperature is fitted to; the original labels where there are no votes."""
    tolerances: Tolerances = Tolerances()


def convert(
    model: keras.Model, sources: Mapping[str, Path], images: Path, output: Path, options: Options
) -> None:
    """Write OUTPUT.float.onnx and OUTPUT.int8.onnx, or neither, and print how they compare.

    `sources` are the files that `model` came from, by what they are.  Raises ModelError when
    the model is no classifier of grey crops or the forms disagree by more than the
    tolerances, DataError when `images` are of no use, SinkError when nothing can be written.
    """
    source = list(sources.values())[-1]
    height, width = keras_models.input_side(model, source)
    evaluate.numbers(options.labels)
    calibrating, held_out = calibration.choose(images, options.split, options.votes)
    metadata = Metadata(
        labels=options.labels,
        height=height,
        width=width,
        scale=options.scale,
        offset=options.offset,
        framing=FER2013_FRAMING,
        precision="float32",
        made_from=_made_from(sources, calibrating, output, options),
    )
    judge = Judge(held_out, metadata)
    size_bytes = sum(path.stat().st_size for path in sources.values())
    original = judge.compared("Keras", keras_models.predictor(model, metadata), size_bytes, source)
    compare.warn_if_useless(original)

    log.info("converting %s to ONNX", source)
    as_float = quantize.fold(onnx_graph.simplify(to_onnx(model, height, width, source)))
    [float_onnx] = judge.compared_files({"float": onnx_graph.serialized(as_float, metadata)})
    compare.check_float(original, float_onnx, options.tolerances)
    temperature, fitted_to = judge.temperature(float_onnx, options.calibrate_by)
    calibrated = msgspec.structs.replace(
        metadata,
        temperature=temperature,
        made_from={**metadata.made_from, "temperature": f"fitted to {fitted_to}"},
    )
    log.info("quantizing to int8 with %s", calibrating)
    chosen, tried = quantize.best(as_float, calibrating, metadata, judge, float_onnx, options.tolerances)
    contents = {
        "float": onnx_graph.serialized(as_float, calibrated),
        "int8": quantize.serialized(chosen, tried, calibrating, calibrated),
    }
    print(compare.table([original, float_onnx, *(one.compared for one in tried)], str(held_out)))
    print(f"chosen: {chosen.way.name}; temperature {temperature:g}, fitted to {fitted_to}\n")
    print(inference_time.table(contents))
    compare.check_int8(float_onnx, chosen.compared, options.tolerances)
    files.write(
        {output.with_name(f"{output.name}.{name}.onnx"): content for name, content in contents.items()}
    )


def to_onnx(model: keras.Model, height: int, width: int, source: Path) -> ModelProto:
    """`model` as tf2onnx gives it: `crops` (n, height, width, 1) in, `probabilities` (n, classes) out."""
    # Its own account of each pass.
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    signature = [tf.TensorSpec((None, height, width, 1), tf.float32, name="crops")]
    function = tf.function(
        lambda crops: {"probabilities": model(crops, training=False)}, input_signature=signature
    )
    converted: ModelProto
    try:
        converted, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)
    except Exception as error:  # tf2onnx's own exceptions share no narrower base.
        raise ModelError(
            f"expected a network of operations that ONNX has in {source}, found: {one_line(error)}; "
            "replace that layer"
        ) from error
    return converted


def _made_from(
    sources: Mapping[str, Path], calibrating: Images, output: Path, options: Options
) -> dict[str, str]:
    described = {kind: files.origin(path) for kind, path in sources.items()}
    described |= run_description.described_beside(list(sources.values())[-1])
    given = " ".join(f'--{kind} "{path.name}"' for kind, path in sources.items())
    described["conversion_command"] = (
        f"python -m export convert {given} --calibration {calibrating.source.name} "
        f"--split-calibration {calibrating.split_name} --output {output.name} "
        f"{_described(options)}"
    )
    return described | {tool: version(tool) for tool in TOOLS}


def _described(options: Options) -> str:
    """The options that decide the result, as they would be given."""
    votes = f" --ferplus {options.votes.name}" if options.votes else ""
    return (
        f"--labels {','.join(options.labels)} --scale {options.scale} --offset {options.offset} "
        f"--calibrate-by {options.calibrate_by} --difference {options.tolerances.probability} "
        f"--tolerance {options.tolerances.accuracy_points} --recall-tolerance {options.tolerances.recall_points} "
        f"--same-top {options.tolerances.same_top}{votes}"
    )

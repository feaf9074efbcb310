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
from edge.metadata import Metadata
from export import calibration, compare, evaluate, files, graph, keras_models, quantize, run
from export.calibration import Images
from export.compare import Judge, Tolerances
from export.dataset import FER2013_FRAMING, LABELS
from export.files import one_line

log = logging.getLogger(__name__)

# tf2onnx refuses 19 and above; 17 runs on every ONNX Runtime since 1.12.
OPSET = 17
TOOLS = ("keras", "tensorflow", "tf2onnx", "onnx", "onnxruntime")


@dataclass(frozen=True)
class Options:
    """What the user may choose of a conversion."""

    split: str = "Training"
    labels: tuple[str, ...] = LABELS
    scale: float = 1 / 255
    offset: float = 0.0
    tolerances: Tolerances = Tolerances()


def convert(model: keras.Model, sources: Mapping[str, Path], images: Path, output: Path, options: Options) -> None:
    """Write OUTPUT.float.onnx and OUTPUT.int8.onnx, or neither, and print how they compare.

    `sources` are the files that `model` came from, by what they are.  Raises ModelError when
    the model is no classifier of grey crops or the forms disagree by more than the
    tolerances, DataError when `images` are of no use, SinkError when nothing can be written.
    """
    source = list(sources.values())[-1]
    height, width = keras_models.input_side(model, source)
    evaluate.numbers(options.labels)
    calibrating, held_out = calibration.choose(images, options.split)
    metadata = Metadata(labels=options.labels, height=height, width=width, scale=options.scale, offset=options.offset,
                        framing=FER2013_FRAMING, precision="float32",
                        made_from=_made_from(sources, calibrating, output))
    judge = Judge(held_out, metadata)
    size_bytes = sum(path.stat().st_size for path in sources.values())
    original = judge.compared("Keras", keras_models.predictor(model, metadata), size_bytes, source)
    compare.warn_if_useless(original)

    log.info("converting %s to ONNX", source)
    as_float = quantize.fold(graph.simplify(to_onnx(model, height, width, source)))
    log.info("quantizing to int8 with %s", calibrating)
    as_int8 = quantize.quantize(as_float, quantize.prepared(calibrating, metadata))
    contents = {"float": graph.serialized(as_float, metadata),
                "int8": graph.serialized(as_int8, msgspec.structs.replace(metadata, precision="int8"))}
    float_onnx, int8_onnx = judge.compared_files(contents)
    print(compare.table([original, float_onnx, int8_onnx], str(held_out)))
    compare.check_float(original, float_onnx, options.tolerances)
    compare.check_int8(float_onnx, int8_onnx, options.tolerances)
    files.write({output.with_name(f"{output.name}.{name}.onnx"): content for name, content in contents.items()})


def to_onnx(model: keras.Model, height: int, width: int, source: Path) -> ModelProto:
    """`model` as tf2onnx gives it: `crops` (n, height, width, 1) in, `probabilities` (n, classes) out."""
    # Its own account of each pass.
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    signature = [tf.TensorSpec((None, height, width, 1), tf.float32, name="crops")]
    function = tf.function(lambda crops: {"probabilities": model(crops, training=False)}, input_signature=signature)
    converted: ModelProto
    try:
        converted, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)
    except Exception as error:  # tf2onnx's own exceptions share no narrower base.
        raise ModelError(f"expected a network of operations that ONNX has in {source}, found: {one_line(error)}; "
                         "replace that layer") from error
    return converted


def _made_from(sources: Mapping[str, Path], calibrating: Images, output: Path) -> dict[str, str]:
    described = {kind: files.origin(path) for kind, path in sources.items()}
    described |= run.described_beside(list(sources.values())[-1])
    described["calibration"] = calibrating.origin
    given = " ".join(f'--{kind} "{path.name}"' for kind, path in sources.items())
    described["conversion_command"] = (f"python -m export convert {given} --calibration {calibrating.source.name} "
                                       f"--split-calibration {calibrating.split_name} --output {output.name}")
    return described | {tool: version(tool) for tool in TOOLS}

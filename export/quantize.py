"""Static int8 quantization of a float ONNX model, calibrated on real crops."""

import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import msgspec
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto
from onnxruntime import quantization
from onnxruntime.quantization.shape_inference import quant_pre_process

from edge import preprocess
from edge.errors import ModelError
from edge.metadata import Metadata
from export import calibration, compare, evaluate, files, graph
from export.calibration import Images
from export.compare import Judge, Tolerances

_BATCH = 50


class _Crops(quantization.CalibrationDataReader):  # type: ignore[misc]  # onnxruntime ships no types
    """Feeds the calibration with batches of prepared crops."""

    def __init__(self, name: str, crops: NDArray[np.float32]) -> None:
        self._batches: Iterator[dict[str, NDArray[np.float32]]] = iter(
            [{name: crops[start:start + _BATCH]} for start in range(0, len(crops), _BATCH)])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self._batches, None)


def prepared(images: Images, metadata: Metadata) -> NDArray[np.float32]:
    """Images as the model's input, float32 (n, height, width, 1), by the live loop's own functions."""
    return preprocess.as_input(evaluate.resized(images.split.images, metadata), metadata)


def fold(model: ModelProto) -> ModelProto:
    """`model` with its constants computed and its batch normalisation inside the convolutions.

    tf2onnx leaves them apart, and the quantizer would then quantize each.
    """
    with tempfile.TemporaryDirectory() as folder:
        # By way of files: from a model in memory it moves the weights out into a file that it then misses.
        plain, folded = Path(folder) / "plain.onnx", Path(folder) / "folded.onnx"
        onnx.save(model, plain)
        quant_pre_process(plain, folded, skip_symbolic_shape=True)
        return onnx.load(folded)


def quantize(model: ModelProto, crops: NDArray[np.float32]) -> ModelProto:
    """The int8 version of a folded float `model`, its ranges those seen on `crops` (n, height, width, 1).

    Activations are unsigned and weights signed, per channel and of 7 bits (`reduce_range`): x86
    without VNNI adds pairs of products in 16 bits and saturates with 8.  The softmax stays
    in float.
    """
    kept_float = [node.name for node in model.graph.node if node.op_type == "Softmax"]
    with tempfile.TemporaryDirectory() as folder:
        plain, quantized = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, plain)
        quantization.quantize_static(
            plain, quantized, _Crops(model.graph.input[0].name, crops),
            quant_format=quantization.QuantFormat.QDQ, calibrate_method=quantization.CalibrationMethod.MinMax,
            activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8,
            per_channel=True, reduce_range=True, nodes_to_exclude=kept_float)
        return onnx.load(quantized)


def quantize_file(path: Path, images: Path, split: str, output: Path, tolerances: Tolerances) -> None:
    """Write the int8 version of the float model in `path`, or nothing, and print how they compare.

    Raises ModelError when `path` is no float model of ours or the two disagree by more than
    the tolerances, DataError when `images` are of no use, SinkError when nothing can be written.
    """
    predict, metadata = evaluate.onnx_predict(path)
    if metadata.precision != "float32":
        raise ModelError(f"expected a float model in {path}, found {metadata.precision}: name its .float.onnx")
    calibrating, held_out = calibration.choose(images, split)
    judge = Judge(held_out, metadata)
    reference = judge.compared("float", predict, path.stat().st_size, path)
    made_from = {**metadata.made_from, "calibration": calibrating.origin, "onnxruntime": version("onnxruntime")}
    content = graph.serialized(quantize(fold(onnx.load(path)), prepared(calibrating, metadata)),
                               msgspec.structs.replace(metadata, precision="int8", made_from=made_from))
    [int8] = judge.compared_files({"int8": content})
    print(compare.table([reference, int8], str(held_out)))
    compare.check_int8(reference, int8, tolerances)
    files.write({output: content})

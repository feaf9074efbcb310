"""Static int8 quantization of a float ONNX model, calibrated on real crops, in the way that changes it least."""

import contextlib
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import msgspec
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto
from onnxruntime import quantization
from onnxruntime.quantization.shape_inference import quant_pre_process

from edge.errors import ModelError
from edge.faces import preprocess
from edge.faces.metadata import Metadata
from export import files
from export.conversion import onnx_graph
from export.data.calibration import Images
from export.evaluation import compare, evaluate, inference_time, scores
from export.evaluation.compare import Compared, Judge, Tolerances


class _Crops(quantization.CalibrationDataReader):  # type: ignore[misc]  # onnxruntime ships no types
    """Feeds the calibration with prepared crops, all at once: of batches it wants every one to be as large."""

    def __init__(self, name: str, crops: NDArray[np.float32]) -> None:
        self._batches: Iterator[dict[str, NDArray[np.float32]]] = iter([{name: crops}])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self._batches, None)


def prepared(images: Images, metadata: Metadata) -> NDArray[np.float32]:
    """Images as the model's input, float32 (n, height, width, 1), by the live loop's own functions."""
    return preprocess.make_batch(evaluate.resized(images.split.images, metadata), metadata)


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


@dataclass(frozen=True)
class Way:
    """How the ranges of a quantization are found."""

    per_channel: bool
    """Each filter's weights have a range of their own, or all of a layer's have one."""
    method: quantization.CalibrationMethod
    """How an activation's range follows from the values that the calibrating crops give it."""

    @property
    def name(self) -> str:
        """As the comparison and the card call it."""
        return f"{'per channel' if self.per_channel else 'per tensor'}, {self.method.name}"


WAYS = tuple(
    Way(per_channel, method)
    for per_channel in (True, False)
    for method in (
        quantization.CalibrationMethod.MinMax,
        quantization.CalibrationMethod.Entropy,
        quantization.CalibrationMethod.Percentile,
    )
)


def quantize(model: ModelProto, crops: NDArray[np.float32], way: Way) -> ModelProto:
    """The int8 version of a folded float `model`, its ranges those seen on `crops` (n, height, width, 1).

    Activations are unsigned and weights signed and of 7 bits (`reduce_range`): x86 without VNNI adds pairs of products
    in 16 bits and saturates with 8.  The softmax stays in float.
    """
    kept_float = [node.name for node in model.graph.node if node.op_type == "Softmax"]
    with tempfile.TemporaryDirectory() as folder:
        plain, quantized = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, plain)
        # The calibrations of ranges by histogram tell each step on stdout.
        with contextlib.redirect_stdout(io.StringIO()):
            quantization.quantize_static(
                plain,
                quantized,
                _Crops(model.graph.input[0].name, crops),
                quant_format=quantization.QuantFormat.QDQ,
                calibrate_method=way.method,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                per_channel=way.per_channel,
                reduce_range=True,
                nodes_to_exclude=kept_float,
            )
        return onnx.load(quantized)


@dataclass(frozen=True, eq=False)
class Tried:
    """One way, the model it gave and how that compares."""

    way: Way
    model: ModelProto
    compared: Compared
    same_top: float
    """The share of images with the float model's likeliest class."""
    faults: list[str]
    """What is beyond the tolerances."""


def best(
    model: ModelProto,
    calibrating: Images,
    metadata: Metadata,
    judge: Judge,
    reference: Compared,
    tolerances: Tolerances,
) -> tuple[Tried, list[Tried]]:
    """The way to ship, and all that were tried.

    Of the ways within the tolerances it is the one whose likeliest class agrees with the float model's on most images;
    of equals the smaller file.  They all have the same graph and so the same speed.  Where none is within them, it is
    the one that agrees most, for the gate to refuse.
    """
    crops = prepared(calibrating, metadata)
    tried = []
    for way in WAYS:
        quantized = quantize(model, crops, way)
        content = onnx_graph.serialized(quantized, msgspec.structs.replace(metadata, precision="int8"))
        [compared] = judge.compared_files({way.name: content})
        tried.append(
            Tried(
                way,
                quantized,
                compared,
                scores.same_top(reference.probabilities, compared.probabilities),
                compare.faults(reference, compared, tolerances),
            )
        )
    within = [one for one in tried if not one.faults]
    return max(within or tried, key=lambda one: (one.same_top, -one.compared.size_bytes)), tried


def quantize_file(
    path: Path, calibrating: Images, held_out: Images, output: Path, tolerances: Tolerances
) -> None:
    """Write the int8 version of the float model in `path`, or nothing, and print how the ways tried compare.

    Raises ModelError when `path` is no float model of ours or the best way disagrees by more than
    the tolerances, SinkError when nothing can be written.
    """
    predict, metadata = evaluate.onnx_predict(path)
    if metadata.precision != "float32":
        raise ModelError(
            f"expected a float model in {path}, found {metadata.precision}: name its .float.onnx"
        )
    judge = Judge(held_out, metadata)
    reference = judge.compared("float", predict, path.stat().st_size, path)
    chosen, tried = best(fold(onnx.load(path)), calibrating, metadata, judge, reference, tolerances)
    content = serialized(chosen, tried, calibrating, metadata)
    print(compare.table([reference, *(one.compared for one in tried)], str(held_out)))
    print(f"chosen: {chosen.way.name}\n")
    print(inference_time.table({"float": path.read_bytes(), "int8": content}))
    compare.check_int8(reference, chosen.compared, tolerances)
    files.write({output: content})


def serialized(chosen: Tried, tried: list[Tried], calibrating: Images, metadata: Metadata) -> bytes:
    """The int8 file of the chosen way, which tells of all that were tried; `metadata` is the float file's."""
    same = "; ".join(
        f"{one.way.name} {one.same_top:.2%}" + (" (beyond the tolerances)" if one.faults else "")
        for one in tried
    )
    made_from = {
        **metadata.made_from,
        "calibration": calibrating.origin,
        "quantization": chosen.way.name,
        "same_top_1_by_way_tried": same,
        "onnxruntime": version("onnxruntime"),
    }
    return onnx_graph.serialized(
        chosen.model, msgspec.structs.replace(metadata, precision="int8", made_from=made_from)
    )

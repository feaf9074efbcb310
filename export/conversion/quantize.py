"""Static int8 quantization of a float ONNX model, calibrated on crops, by the scheme that changes least."""

import contextlib
import io
import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
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
from edge.faces.ort_session import open_session
from export.artifacts import write_files
from export.conversion import onnx_graph
from export.data.calibration import Images
from export.evaluation import compare, inference_time, scores
from export.evaluation.compare import HeldOutEvaluator, ModelResult, Tolerances
from export.evaluation.predictions import THREADS, load_onnx, resize_crops

# The calibration keeps every activation of a batch, so it runs fewer crops at once where they are larger.
_BATCH = 20
_BATCH_PIXELS = _BATCH * 48 * 48
# Mixed precision is tried with this many of the layers that hurt most left in float, one after the other.
_SHARES_IN_FLOAT = (0.05, 0.1, 0.2, 0.35, 0.5)
# The crops on which the error of each layer is measured.
_CROPS_FOR_ERRORS = 60
_WITH_WEIGHTS = ("Conv", "ConvTranspose", "Gemm", "MatMul")


class _CropReader(quantization.CalibrationDataReader):  # type: ignore[misc]  # onnxruntime ships no types
    """Feeds crops to the calibration in batches, which it asks for one by one."""

    def __init__(self, name: str, crops: NDArray[np.float32], batch: int) -> None:
        self._batches = [{name: crops[start : start + batch]} for start in range(0, len(crops), batch)]
        self._rest: Iterator[dict[str, NDArray[np.float32]]] = iter(self._batches)

    def __len__(self) -> int:
        return len(self._batches)

    def set_range(self, start_index: int, end_index: int) -> None:
        """Go on with the batches from `start_index` to before `end_index`."""
        self._rest = iter(self._batches[start_index:end_index])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next batch; None after the last."""
        return next(self._rest, None)


@dataclass(frozen=True)
class Scheme:
    """A quantization scheme: how the ranges of weights and activations are determined."""

    per_channel: bool
    """Whether each filter's weights have a range of their own, or all weights of a layer share one."""
    method: quantization.CalibrationMethod
    """How the range of an activation is computed from its values on the calibration images."""

    @property
    def name(self) -> str:
        """The name in the comparison, the metadata and the card."""
        return f"{'per channel' if self.per_channel else 'per tensor'}, {self.method.name}"


SCHEMES = tuple(
    Scheme(per_channel, method)
    for per_channel in (True, False)
    for method in (
        quantization.CalibrationMethod.MinMax,
        quantization.CalibrationMethod.Entropy,
        quantization.CalibrationMethod.Percentile,
    )
)


@dataclass(frozen=True, eq=False)
class QuantizedModel:
    """The model that one scheme gave, and how it compares with the float model."""

    scheme: Scheme
    in_float: tuple[str, ...]
    """The nodes that were left in float because they hurt most."""
    model: ModelProto
    result: ModelResult
    same_top: float
    """The share of images for which it finds the float model's likeliest class."""
    violations: list[str]
    """The tolerances that it exceeds."""

    @property
    def name(self) -> str:
        """The name of the scheme, with the number of layers that were left in float."""
        return _name(self.scheme, self.in_float)


def prepare_inputs(images: Images, metadata: Metadata) -> NDArray[np.float32]:
    """Images as the model's input, float32 (n, height, width, 1), by the functions of the live loop."""
    return preprocess.make_batch(resize_crops(images.split.images, metadata), metadata)


def fold_batch_normalisation(model: ModelProto) -> ModelProto:
    """Compute the constants of `model`, and move its batch normalisation into the convolutions.

    tf2onnx leaves them separate, and the quantizer would then quantize each of them.
    """
    with tempfile.TemporaryDirectory() as folder:
        # By way of files: given a model in memory, it moves the weights to a file that it does not find
        # again.
        plain, folded = Path(folder) / "plain.onnx", Path(folder) / "folded.onnx"
        onnx.save(model, plain)
        quant_pre_process(plain, folded, skip_symbolic_shape=True)
        return onnx.load(folded)


def quantize(
    model: ModelProto,
    crops: NDArray[np.float32],
    scheme: Scheme,
    *,
    only: Sequence[str] | None = None,
    in_float: Sequence[str] = (),
    ranges: Path | None = None,
) -> ModelProto:
    """The int8 version of a folded float `model`, its ranges measured on `crops` (n, height, width, 1).

    Activations are unsigned; weights are signed and have 7 bits (`reduce_range`), because x86 without VNNI
    adds pairs of products in 16 bits, which saturate with 8.  The softmax stays in float, as do the nodes in
    `in_float`, or all but those in `only`.  `ranges` is a file for the ranges of the scheme's method: they
    are measured if it is not there, and read if it is.
    """
    float_nodes = [node.name for node in model.graph.node if node.op_type == "Softmax"]
    with tempfile.TemporaryDirectory() as folder:
        plain, quantized = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, plain)
        # The calibrations by histogram print each step to stdout.
        with contextlib.redirect_stdout(io.StringIO()):
            quantization.quantize_static(
                plain,
                quantized,
                _CropReader(model.graph.input[0].name, crops, _choose_batch(crops)),
                quant_format=quantization.QuantFormat.QDQ,
                calibrate_method=scheme.method,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                per_channel=scheme.per_channel,
                reduce_range=True,
                nodes_to_quantize=None if only is None else list(only),
                nodes_to_exclude=[*float_nodes, *in_float],
                # One batch of activations is in memory at a time, in every method.
                extra_options={"CalibStridedMinMax": 1},
                calibration_cache_path=ranges,
            )
        return onnx.load(quantized)


def quantize_best(
    model: ModelProto,
    calibration: Images,
    metadata: Metadata,
    evaluator: HeldOutEvaluator,
    reference: ModelResult,
    tolerances: Tolerances,
) -> tuple[QuantizedModel, list[QuantizedModel]]:
    """(the best int8 model, those of all schemes).

    The best is the one within the tolerances whose likeliest class agrees with the float model's on most
    images; of equals it is the smaller file.  All have the same graph and therefore the same speed.  If none
    is within the tolerances, the scheme that agrees most is tried again with the layers in float that hurt
    most, more and more of them.  If that does not help, it is the one that agrees most, and the caller must
    refuse it.
    """
    crops = prepare_inputs(calibration, metadata)

    def rate(candidate: QuantizedModel) -> tuple[float, int]:
        return candidate.same_top, -candidate.result.size_bytes

    def judge(scheme: Scheme, in_float: tuple[str, ...], quantized: ModelProto) -> QuantizedModel:
        content = onnx_graph.serialize(quantized, msgspec.structs.replace(metadata, precision="int8"))
        [result] = evaluator.evaluate_files({_name(scheme, in_float): content})
        same_top = scores.top_1_agreement(reference.probabilities, result.probabilities)
        violations = compare.find_violations(reference, result, tolerances)
        return QuantizedModel(scheme, in_float, quantized, result, same_top, violations)

    with tempfile.TemporaryDirectory() as folder:
        ranges = {scheme: Path(folder) / f"{scheme.method.name}.json" for scheme in SCHEMES}
        candidates = [
            judge(scheme, (), quantize(model, crops, scheme, ranges=ranges[scheme])) for scheme in SCHEMES
        ]
        if all(candidate.violations for candidate in candidates):
            scheme = max(candidates, key=rate).scheme
            errors = measure_errors(model, crops, scheme, ranges[scheme])
            for in_float in _choose_in_float(errors):
                quantized = quantize(model, crops, scheme, in_float=in_float, ranges=ranges[scheme])
                candidates.append(judge(scheme, in_float, quantized))
                if not candidates[-1].violations:
                    break
    within = [candidate for candidate in candidates if not candidate.violations]
    return max(within or candidates, key=rate), candidates


def measure_errors(
    model: ModelProto, crops: NDArray[np.float32], scheme: Scheme, ranges: Path | None = None
) -> dict[str, float]:
    """By node with weights: the mean square by which the output changes where it alone is quantized."""
    some = crops[:_CROPS_FOR_ERRORS]
    expected = _run(model, some)
    return {
        node.name: float(
            np.square(
                _run(quantize(model, crops, scheme, only=[node.name], ranges=ranges), some) - expected
            ).mean()
        )
        for node in model.graph.node
        if node.op_type in _WITH_WEIGHTS
    }


def _choose_in_float(errors: Mapping[str, float]) -> list[tuple[str, ...]]:
    """The nodes with the largest errors, more and more of them, half of all at most."""
    worst = sorted(errors, key=lambda name: -errors[name])
    counts = sorted({math.ceil(share * len(worst)) for share in _SHARES_IN_FLOAT} - {len(worst)})
    return [tuple(worst[:count]) for count in counts]


def _choose_batch(crops: NDArray[np.float32]) -> int:
    """How many crops are run at once."""
    return max(1, min(_BATCH, _BATCH_PIXELS // int(crops[0].size)))


def _name(scheme: Scheme, in_float: tuple[str, ...]) -> str:
    return scheme.name + (f", {len(in_float)} in float" if in_float else "")


def _run(model: ModelProto, crops: NDArray[np.float32]) -> NDArray[np.float32]:
    session = open_session(model.SerializeToString(), THREADS)
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: crop[np.newaxis]})[0] for crop in crops])


def quantize_file(
    path: Path, calibration: Images, held_out: Images, output: Path, tolerances: Tolerances
) -> None:
    """Write the int8 version of the float model in `path`, or nothing; print the comparison of all schemes.

    Raises ModelError if `path` is no float model with our metadata or if the best scheme disagrees by more
    than the tolerances, SinkError if the file cannot be written.
    """
    predict, metadata = load_onnx(path)
    if metadata.precision != "float32":
        raise ModelError(
            f"expected a float model in {path}, found {metadata.precision}: name its .float.onnx"
        )
    evaluator = HeldOutEvaluator(held_out, metadata)
    reference = evaluator.evaluate("float", predict, path.stat().st_size, path)
    model = fold_batch_normalisation(onnx.load(path))
    best, candidates = quantize_best(model, calibration, metadata, evaluator, reference, tolerances)
    content = serialize_int8(best, candidates, calibration, metadata)
    results = [reference, *(candidate.result for candidate in candidates)]
    print(compare.format_table(results, str(held_out)))
    print(f"chosen: {best.name}\n")
    print(inference_time.format_table({"float": path.read_bytes(), "int8": content}))
    compare.check_int8(reference, best.result, tolerances)
    write_files({output: content})


def serialize_int8(
    best: QuantizedModel, candidates: list[QuantizedModel], calibration: Images, metadata: Metadata
) -> bytes:
    """The int8 file of the best scheme, whose metadata lists all schemes; `metadata` is the float file's."""
    same_top = "; ".join(
        f"{candidate.name} {candidate.same_top:.2%}"
        + (" (beyond the tolerances)" if candidate.violations else "")
        for candidate in candidates
    )
    made_from = {
        **metadata.made_from,
        "calibration": calibration.origin,
        "quantization": best.name,
        "same_top_1_by_way_tried": same_top,
        "onnxruntime": version("onnxruntime"),
    }
    return onnx_graph.serialize(
        best.model, msgspec.structs.replace(metadata, precision="int8", made_from=made_from)
    )

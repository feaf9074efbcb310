"""The conversion of a Keras model to a float and an int8 ONNX file that agree with it, step by step."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from edge.errors import FerEdgeError
from edge.faces.metadata import Metadata
from export import keras_models
from export.artifacts import measure_size, write_files
from export.conversion import input_fit, onnx_graph, origin
from export.conversion.quantize import fold_batch_normalisation, quantize_best, serialize_int8
from export.conversion.request import Request
from export.conversion.states import (
    CalibratedFloatModel,
    ComparedFloatModel,
    Evaluated,
    FloatModel,
    Loaded,
    Prepared,
    Quantized,
    list_fields,
)
from export.conversion.tracing import trace
from export.data.calibration import choose_images
from export.data.framing import FER2013_FRAMING
from export.evaluation import compare, inference_time
from export.evaluation.compare import HeldOutEvaluator
from export.evaluation.evaluate import map_labels
from export.keras_files import adaptation

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """One step of the conversion: it takes what the step before it returned."""

    name: str
    run: Callable[[Any], Any]


def convert(request: Request) -> None:
    """Write OUTPUT.float.onnx and OUTPUT.int8.onnx, and print how they compare.

    Writes no file that is beyond the tolerances; where int8 alone is, the float file is written.  Raises
    ModelError if the model cannot be loaded, is no classifier of faces, or disagrees with a converted form by
    more than the tolerances; DataError if the images cannot be used; SinkError if a file cannot be
    written.  The message begins with the name of the step that failed.
    """
    state: Any = request
    for step in STEPS:
        try:
            state = step.run(state)
        except FerEdgeError as error:
            raise type(error)(f"{step.name}: {error}") from error


def _load(request: Request) -> Loaded:
    sources = request.sources
    if "model" in sources:
        model = keras_models.load(sources["model"])
    else:
        model = keras_models.load_architecture_and_weights(sources["architecture"], sources["weights"])
    options = request.options
    model, changes = adaptation.adapt(
        model, len(options.labels), request.source, options.output_name, options.side_px
    )
    for change in changes:
        log.info("%s: %s", request.source, change)
    height, width = keras_models.read_input_size(model, request.source)
    return Loaded(request, model, changes, height, width)


def _choose_images(loaded: Loaded) -> Prepared:
    request, options = loaded.request, loaded.request.options
    map_labels(options.labels)
    calibration, held_out = choose_images(request.images, options.split, options.votes)
    metadata = Metadata(
        labels=options.labels,
        height=loaded.height,
        width=loaded.width,
        scale=options.scale,
        offset=options.offset,
        framing=FER2013_FRAMING,
        precision="float32",
        made_from=origin.describe(request)
        | ({"changes": "; ".join(loaded.changes)} if loaded.changes else {}),
    )
    return Prepared(
        **list_fields(loaded),
        metadata=metadata,
        calibration=calibration,
        held_out=held_out,
        evaluator=HeldOutEvaluator(held_out, metadata),
    )


def _evaluate_keras(prepared: Prepared) -> Evaluated:
    request = prepared.request
    size_bytes = sum(measure_size(path) for path in request.sources.values())
    predict = keras_models.make_predictor(prepared.model, prepared.metadata)
    result = prepared.evaluator.evaluate("Keras", predict, size_bytes, request.source)
    compare.warn_if_useless(result)
    return Evaluated(**list_fields(prepared), keras_result=result)


def _check_labels_and_scaling(state: Evaluated) -> Evaluated:
    if not state.request.options.is_as_given:
        input_fit.check(
            state.keras_result.evaluation,
            lambda metadata: keras_models.make_predictor(state.model, metadata),
            state.metadata,
            state.held_out,
            state.request.source,
        )
    return state


def _trace(evaluated: Evaluated) -> FloatModel:
    log.info("converting %s to ONNX", evaluated.request.source)
    model = trace(evaluated.model, evaluated.height, evaluated.width, evaluated.request.source)
    return FloatModel(**list_fields(evaluated), onnx_model=model)


def _simplify(state: FloatModel) -> FloatModel:
    return replace(state, onnx_model=onnx_graph.simplify(state.onnx_model))


def _fold_batch_normalisation(state: FloatModel) -> FloatModel:
    return replace(state, onnx_model=fold_batch_normalisation(state.onnx_model))


def _compare_float(state: FloatModel) -> ComparedFloatModel:
    content = onnx_graph.serialize(state.onnx_model, state.metadata)
    [result] = state.evaluator.evaluate_files({"float": content})
    compare.check_float(state.keras_result, result, state.request.options.tolerances)
    return ComparedFloatModel(**list_fields(state), float_result=result)


def _fit_temperature(state: ComparedFloatModel) -> CalibratedFloatModel:
    calibrate_by = state.request.options.calibrate_by
    temperature, fitted_to = state.evaluator.fit_temperature(state.float_result, calibrate_by)
    metadata = msgspec.structs.replace(
        state.metadata,
        temperature=temperature,
        made_from={**state.metadata.made_from, "temperature": f"fitted to {fitted_to}"},
    )
    return CalibratedFloatModel(**list_fields(state), calibrated_metadata=metadata, fitted_to=fitted_to)


def _quantize(state: CalibratedFloatModel) -> Quantized:
    as_float = onnx_graph.serialize(state.onnx_model, state.calibrated_metadata)
    if state.request.options.is_float_only:
        return Quantized(**list_fields(state), best=None, candidates=[], contents={"float": as_float})
    log.info("quantizing to int8 with %s", state.calibration)
    best, candidates = quantize_best(
        state.onnx_model,
        state.calibration,
        state.metadata,
        state.evaluator,
        state.float_result,
        state.request.options.tolerances,
    )
    contents = {
        "float": as_float,
        "int8": serialize_int8(best, candidates, state.calibration, state.calibrated_metadata),
    }
    return Quantized(**list_fields(state), best=best, candidates=candidates, contents=contents)


def _report(state: Quantized) -> Quantized:
    results = [state.keras_result, state.float_result, *(model.result for model in state.candidates)]
    temperature = f"{state.calibrated_metadata.temperature:g}, fitted to {state.fitted_to}"
    print(compare.format_table(results, str(state.held_out)))
    chosen = "float alone" if state.best is None else state.best.name
    print(f"chosen: {chosen}; temperature {temperature}\n")
    print(inference_time.format_table(state.contents))
    return state


def _write(state: Quantized) -> Quantized:
    output = state.request.output
    is_int8_refused = state.best is not None and state.best.violations
    write_files(
        {
            output.with_name(f"{output.name}.{name}.onnx"): content
            for name, content in state.contents.items()
            if name == "float" or not is_int8_refused
        }
    )
    return state


def _compare_int8(state: Quantized) -> None:
    if state.best is None or not state.best.violations:
        return
    output = state.request.output
    old = output.with_name(f"{output.name}.int8.onnx")
    raise compare.make_int8_refusal(
        state.best.result,
        state.best.violations,
        f"{output.name}.float.onnx was written, which needs no int8"
        + (f"; {old.name} is of an earlier conversion" if old.exists() else ""),
    )


STEPS = (
    Step("load the Keras model", _load),
    Step("choose the images", _choose_images),
    Step("evaluate the Keras model", _evaluate_keras),
    Step("check labels and scaling", _check_labels_and_scaling),
    Step("trace to ONNX", _trace),
    Step("simplify the graph", _simplify),
    Step("fold the batch normalisation", _fold_batch_normalisation),
    Step("compare float ONNX with Keras", _compare_float),
    Step("fit the temperature", _fit_temperature),
    Step("quantize to int8", _quantize),
    Step("print the comparison", _report),
    Step("write the files", _write),
    Step("compare int8 with float ONNX", _compare_int8),
)

"""The card of a model: every number in it comes from the file itself or from running it, none by hand."""

from pathlib import Path

import msgspec
import onnx

from edge.faces.metadata import Metadata
from edge.files import sha256
from export.artifacts import write_files
from export.data.calibration import Images
from export.data.dataset import VALIDATION_SPLIT
from export.evaluation import compare, evaluate, inference_time, model_card_text, model_size, robustness
from export.evaluation.compare import HeldOutEvaluator, ModelResult
from export.evaluation.evaluate import Evaluation
from export.evaluation.evaluation_table import find_worst, format_interval, format_scores, format_share
from export.evaluation.predictions import load_onnx


def write_card(model: Path, reference: Path | None, images: Images) -> Path:
    """Run the ONNX file on `images` and write the card beside it; returns the path of the card.

    With `reference`, the float file of the same network, the card compares the two.
    Raises ModelError for files without our metadata.
    """
    predict, metadata = load_onnx(model)
    evaluator = HeldOutEvaluator(images, metadata)
    result = evaluator.evaluate(metadata.precision, predict, model.stat().st_size, model)
    evaluation = msgspec.structs.replace(
        evaluate.evaluate(
            model.name,
            images.split_name,
            images.split,
            metadata.labels,
            result.probabilities,
            resamples=evaluate.RESAMPLES,
        ),
        robustness=robustness.measure(predict, images.split, metadata),
    )
    sections = [
        _describe_file(model, metadata),
        _describe_scores(model, metadata, evaluation, images),
        _describe_robustness(evaluation),
    ]
    if reference is not None:
        float_predict, float_metadata = load_onnx(reference)
        float_size = reference.stat().st_size
        float_result = evaluator.evaluate(float_metadata.precision, float_predict, float_size, reference)
        times = inference_time.format_table(
            {float_metadata.precision: reference.read_bytes(), metadata.precision: model.read_bytes()}
        )
        sections.append(_describe_comparison([float_result, result], images, times))
    sections += [
        _describe_origin(metadata),
        model_card_text.USE,
        _describe_licences(metadata),
        model_card_text.SOURCES,
    ]
    path = model.with_suffix(".md")
    write_files({path: "\n".join(sections).encode()})
    return path


def _describe_file(path: Path, metadata: Metadata) -> str:
    model = onnx.load(path)
    crops, probabilities = model.graph.input[0].name, model.graph.output[0].name
    precision, size = metadata.precision, f"{metadata.height}, {metadata.width}"
    operators = model_size.count_operators(model)
    rows = {
        "size": f"{path.stat().st_size:,} bytes",
        "parameters": f"{model_size.count_parameters(model):,}, batch normalisation folded",
        "multiply-adds": f"{model_size.count_multiply_adds(model) / 1e6:.1f} M per face",
        "operators": ", ".join(f"{count} {name}" for name, count in operators.items()),
        "input": f"`{crops}`, float32 (n, {size}, 1), {metadata.channel}",
        "preprocessing": f"a pixel p of 0 to 255 becomes p × {metadata.scale:.9g} + {metadata.offset:g}",
        "output": f"`{probabilities}`, float32 (n, {len(metadata.labels)}), sums to 1",
        "labels": ", ".join(metadata.labels),
        "temperature": f"{metadata.temperature:g}",
        "sha256": sha256(path),
    }
    framings = "\n".join(
        f"| {name} | {framing.scale} | {framing.shift_down} |" for name, framing in metadata.framing.items()
    )
    return f"""\
# {path.name}

Classifies apparent facial expressions in grey crops of faces: a convolutional network in {precision}, for
ONNX Runtime. Its input, its output and its origin are also in the file's own metadata, which fer-edge reads.

{_format_rows(rows)}

The square crop around a detector's box, with s the mean of the box's width and height:

| detector | side / s | centre below the box's / s |
|---|---|---|
{framings}
"""


def _describe_scores(model: Path, metadata: Metadata, evaluation: Evaluation, images: Images) -> str:
    labels, split = list(evaluation.recall), images.split_name
    rows = "\n".join(
        f"| {label} | {sum(row):,} | {format_share(evaluation.recall[label])}"
        f"{format_interval(evaluation, label)} | " + " | ".join(map(str, row)) + " |"
        for label, row in zip(labels, evaluation.confusion, strict=True)
    )
    scores = {title: f"{score}{interval}" for title, score, interval in format_scores(evaluation)}
    ferplus = (
        ""
        if evaluation.ferplus_images is None
        else f"The scores by FER+ are those on the {evaluation.ferplus_images:,} images whose majority is "
        "one of the labels.\n"
    )
    return f"""\
## How good

On {evaluation.images:,} images of {split}; the likeliest class is the answer, however close the next one is.
In brackets 95 % intervals, by bootstrap over the images; for a calibration error no interval is sound.
{_describe_choices(metadata, images)}{ferplus}
{_format_rows(scores)}

By true class, with the numbers of images by predicted class:

| true | images | recall | {" | ".join(labels)} |
|---|---|---|{"---|" * len(labels)}
{rows}

    python -m export evaluate --model {model.name} --data {images.source.name} --split {split} --robustness
"""


def _describe_choices(metadata: Metadata, images: Images) -> str:
    """What was chosen on the images that the model is now evaluated on."""
    made_from, is_validation = metadata.made_from, images.split_name == VALIDATION_SPLIT
    choices = {
        "the epoch whose weights were kept": is_validation and "training" in made_from,
        "the share of the two heads": is_validation and "folding" in made_from,
        "the temperature": made_from.get("temperature", "").endswith(f"of {images.split_name}"),
        "the way of quantizing": is_validation and "quantization" in made_from,
    }
    chosen = [choice for choice, was_chosen in choices.items() if was_chosen]
    if not chosen:
        return ""
    return f"Chosen on these same images, which flatters the scores a little: {', '.join(chosen)}.\n"


def _describe_robustness(evaluation: Evaluation) -> str:
    rows = "\n".join(
        f"| {name} | {format_share(disturbed.accuracy)} | {format_share(disturbed.ferplus_accuracy)} |"
        for name, disturbed in evaluation.robustness.items()
    )
    return f"""\
## How robust

The same images, disturbed. Worst: {find_worst(evaluation.robustness)}.

| disturbed by | accuracy | by the FER+ majority |
|---|---|---|
{rows}
"""


def _describe_comparison(results: list[ModelResult], images: Images, times: str) -> str:
    return f"""\
## Against the float model

```
{compare.format_table(results, str(images))}

{times}
```

The times were measured on the machine that wrote this card; `python -m export quantize` measures them, too.
"""


def _describe_origin(metadata: Metadata) -> str:
    rows = {key.replace("_", " "): value for key, value in metadata.made_from.items()}
    return f"## Made from\n\n{_format_rows(rows)}\n"


def _describe_licences(metadata: Metadata) -> str:
    is_own = "training" in metadata.made_from
    weights = model_card_text.LICENCE_OF_OWN_WEIGHTS if is_own else model_card_text.LICENCE_OF_OTHER_WEIGHTS
    return f"## Licences\n\n{weights}\n{model_card_text.LICENCE_OF_IMAGES}\n"


def _format_rows(rows: dict[str, str]) -> str:
    """A table of two columns without titles."""
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())])

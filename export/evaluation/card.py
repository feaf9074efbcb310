"""The card of a model: every figure in it comes from the file and from a run of it, none by hand."""

from pathlib import Path

import msgspec
import onnx

from edge.faces.metadata import Metadata
from edge.files import sha256
from export import files
from export.conversion import onnx_graph
from export.data.calibration import Images
from export.data.dataset import JUDGED_ON
from export.evaluation import compare, evaluate, inference_time, robustness
from export.evaluation.compare import Compared, Judge
from export.evaluation.evaluate import Evaluation

_USE = """\
## For what

To tell what a face *looks like* to the people who labelled the images: in installations, in teaching how such models
work and fail, in research that needs a time series of apparent expressions and checks it against people.

Not for deciding anything about a person: hiring, grading, insurance, health, guilt, attention. Not for telling what
somebody feels, which a face does not show reliably. Not at work or in schools, where the European Union forbids emotion
recognition but for medical and safety reasons (AI Act, Article 5(1)(f)). Not without telling the people in front of
the camera.

## Known biases

- The images were found on the web by searching for words, and many are posed, or stock photography and actors: mild
  everyday expressions are rare among them.
- The labels are noisy: one label per image, with which other people often disagree (see the sources).
- The classes are far from equally frequent: happy is the commonest, and of disgust there are so few images, to learn
  from and to judge by, that its figures mean little (see the column of images above).
- The images carry no age, sex, origin or skin colour, so nothing can be claimed about how errors differ between groups
  of people; assume that they do.
"""
_SOURCES = """\
## Sources

- FER2013: I. J. Goodfellow et al., "Challenges in Representation Learning: A report on three machine learning
  contests", ICONIP 2013. Its authors put the agreement of people with its labels at 65 ± 5 %.
- FER+: E. Barsoum et al., "Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label
  Distribution", ICMI 2016.
"""


def write(model: Path, reference: Path | None, images: Images) -> Path:
    """Run the ONNX file on `images` and write the card beside it; returns the card's path.

    With `reference`, the float file of the same network, the card says how the two compare.
    Raises ModelError for files that are not ours.
    """
    predict, metadata = evaluate.onnx_predict(model)
    judge = Judge(images, metadata)
    judged = judge.compared(metadata.precision, predict, model.stat().st_size, model)
    evaluation = msgspec.structs.replace(
        evaluate.evaluate(
            model.name,
            images.split_name,
            images.split,
            metadata.labels,
            judged.probabilities,
            resamples=evaluate.RESAMPLES,
        ),
        robustness=robustness.measure(predict, images.split, metadata),
    )
    sections = [
        _file(model, metadata),
        _figures(model, metadata, evaluation, images),
        _robustness(evaluation),
    ]
    if reference is not None:
        float_predict, float_metadata = evaluate.onnx_predict(reference)
        first = judge.compared(float_metadata.precision, float_predict, reference.stat().st_size, reference)
        times = inference_time.table(
            {float_metadata.precision: reference.read_bytes(), metadata.precision: model.read_bytes()}
        )
        sections.append(_comparison([first, judged], images, times))
    sections += [_origin(metadata), _USE, _licences(metadata), _SOURCES]
    path = model.with_suffix(".md")
    files.write({path: "\n".join(sections).encode()})
    return path


def _file(path: Path, metadata: Metadata) -> str:
    model = onnx.load(path)
    framings = "\n".join(
        f"| {name} | {framing.scale} | {framing.shift_down} |" for name, framing in metadata.framing.items()
    )
    operators = ", ".join(f"{count} {name}" for name, count in onnx_graph.count_operators(model).items())
    return f"""\
# {path.name}

Tells apparent facial expressions from grey crops of faces: a convolutional network in {metadata.precision}, for ONNX
Runtime. What goes in and comes out, and where it is from, also stands in the file's own metadata, which fer-edge reads.

| | |
|---|---|
| size | {path.stat().st_size:,} bytes |
| parameters | {onnx_graph.count_parameters(model):,}, batch normalisation folded |
| multiply-adds | {onnx_graph.count_multiply_adds(model) / 1e6:.1f} M per face |
| operators | {operators} |
| input | `{model.graph.input[0].name}`, float32 (n, {metadata.height}, {metadata.width}, 1), {metadata.channel} |
| preprocessing | a pixel p of 0 to 255 becomes p × {metadata.scale:.9g} + {metadata.offset:g} |
| output | `{model.graph.output[0].name}`, float32 (n, {len(metadata.labels)}), sums to 1 |
| labels | {", ".join(metadata.labels)} |
| temperature | {metadata.temperature:g} |
| sha256 | {sha256(path)} |

The square crop around a detector's box, with s the mean of the box's width and height:

| detector | side / s | centre below the box's / s |
|---|---|---|
{framings}
"""


def _figures(model: Path, metadata: Metadata, evaluation: Evaluation, images: Images) -> str:
    labels = list(evaluation.recall)
    rows = "\n".join(
        f"| {label} | {sum(row):,} | {evaluate.percent(evaluation.recall[label])}"
        f"{evaluate.interval_of(evaluation, label)} | " + " | ".join(map(str, row)) + " |"
        for label, row in zip(labels, evaluation.confusion, strict=True)
    )
    summary = "\n".join(
        f"| {title} | {figure}{interval} |" for title, figure, interval in evaluate.summary(evaluation)
    )
    ferplus = (
        ""
        if evaluation.ferplus_images is None
        else f"By FER+ are judged the {evaluation.ferplus_images:,} images whose majority is one of the labels.\n"
    )
    return f"""\
## How good

On {evaluation.images:,} images of {images.split_name}; the likeliest class decides, however close. In brackets 95 %
intervals, by bootstrap over the images; of a calibration error there is none that is sound.
{_seen(metadata, images)}{ferplus}
| | |
|---|---|
{summary}

By true class, and what it was taken for:

| true | images | recall | {" | ".join(labels)} |
|---|---|---|{"---|" * len(labels)}
{rows}

    python -m export evaluate --model {model.name} --data {images.source.name} --split {images.split_name} --robustness
"""


def _licences(metadata: Metadata) -> str:
    weights = (
        "The weights are fer-edge's own, trained from random ones; the licence of the repository is theirs"
        if "training" in metadata.made_from
        else "The weights were trained elsewhere (see above), and their licence is their maker's; that of the code is the "
        "repository's"
    )
    return f"""\
## Licences

{weights}, and where it names none, none is granted. The data has terms of its own: FER2013's images were collected from
the web for research and are not in the repository; FER+'s votes are Microsoft's, under the MIT licence.
"""


def _seen(metadata: Metadata, images: Images) -> str:
    """What was chosen by the very images that judge."""
    made_from = metadata.made_from
    chosen = ["the epoch whose weights were kept"] * (
        "training" in made_from and images.split_name == JUDGED_ON
    )
    chosen += ["the share of the two heads"] * ("folding" in made_from and images.split_name == JUDGED_ON)
    chosen += ["the temperature"] * made_from.get("temperature", "").endswith(f"of {images.split_name}")
    chosen += ["the way of quantizing"] * ("quantization" in made_from and images.split_name == JUDGED_ON)
    if not chosen:
        return ""
    return f"Chosen by these very images, which flatters the figures a little: {', '.join(chosen)}.\n"


def _robustness(evaluation: Evaluation) -> str:
    rows = "\n".join(
        f"| {name} | {evaluate.percent(disturbed.accuracy)} | {evaluate.percent(disturbed.ferplus_accuracy)} |"
        for name, disturbed in evaluation.robustness.items()
    )
    return f"""\
## How robust

The same images, disturbed. Worst: {evaluate.worst(evaluation.robustness)}.

| disturbed by | accuracy | by the FER+ majority |
|---|---|---|
{rows}
"""


def _comparison(models: list[Compared], images: Images, times: str) -> str:
    return f"""\
## Against the float model

```
{compare.table(models, str(images))}

{times}
```

The times are of the machine that wrote this card; `python -m export quantize` gives them, too.
"""


def _origin(metadata: Metadata) -> str:
    rows = "\n".join(f"| {key.replace('_', ' ')} | {value} |" for key, value in metadata.made_from.items())
    return f"## Made from\n\n| | |\n|---|---|\n{rows}\n"

"""Finding out whether a network was trained with other labels or another scaling than the command says."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from edge.errors import ModelError
from edge.faces.metadata import Metadata
from export.data import dataset
from export.data.calibration import Images
from export.evaluation.compare import HeldOutEvaluator
from export.evaluation.evaluate import Evaluation
from export.evaluation.label_order import OrderFit, fit_orders
from export.evaluation.predictions import Predictor

# What networks for faces are trained with: 0 to 1, -1 to 1, pixels as they are (often with a Rescaling
# inside), -0.5 to 0.5, and the mean of ImageNet subtracted, here that of its three channels.
SCALINGS = {
    ("1/255", "0"): (1 / 255, 0.0),
    ("2/255", "-1"): (2 / 255, -1.0),
    ("1", "0"): (1.0, 0.0),
    ("1/255", "-0.5"): (1 / 255, -0.5),
    ("1", "-114.8"): (1.0, -114.8),
}
_IMAGES = 400
_SEED = 0


def check(
    evaluation: Evaluation,
    make_predictor: Callable[[Metadata], Predictor],
    metadata: Metadata,
    held_out: Images,
    source: Path,
) -> None:
    """Raise ModelError, which names the flags to give, if other labels or another scaling fit far better.

    `evaluation` is that of the network as it was given, on the images that are held out.
    """
    given, best = fit_orders(evaluation)
    flags = ""
    sample = Images(dataset.sample(held_out.split, _IMAGES, _SEED), held_out.split_name, held_out.source)

    def measure(scale: float, offset: float) -> OrderFit | None:
        scaled = msgspec.structs.replace(metadata, scale=scale, offset=offset)
        try:
            result = HeldOutEvaluator(sample, scaled).evaluate("scaling", make_predictor(scaled), 0, source)
        except ModelError:  # It gives no probabilities with this scaling.
            return None
        return fit_orders(result.evaluation)[1]

    as_given = measure(metadata.scale, metadata.offset)
    for (scale, offset), scaling in SCALINGS.items():
        if scaling == (metadata.scale, metadata.offset):
            continue
        other = measure(*scaling)
        if as_given and other and other.is_clearly_better_than(as_given):
            as_given, best, flags = other, other, f"--scale {scale} --offset {offset}"
    if best.labels != given.labels:
        flags = f"{flags} --labels {','.join(best.labels)}".strip()
    if flags:
        raise ModelError(
            f"expected the labels and the scaling of the training for {source}, found a mean recall of "
            f"{given.mean_recall:.0%} with those given and of {best.mean_recall:.0%} with others; give "
            f"{flags}, or --as-given to keep yours"
        )

"""The trade-off between the two truths: a model's scores for each share of the original labels."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from export.data.dataset import LABELS, VALIDATION_SPLIT, Split
from export.evaluation.evaluate import Evaluation, evaluate
from export.evaluation.evaluation_table import format_share
from export.training import heads, targets

SHARES = tuple(step / 20 for step in range(21))
# The smallest share of votes, since the logarithm of 0 is infinite.
_LEAST = 1e-3


def evaluate_shares(
    logits: NDArray[np.float32],
    split: Split,
    chosen: float,
    offsets: NDArray[np.float32] | None = None,
) -> dict[float, Evaluation]:
    """The scores by share of the classifiers that the logits (n, 2, classes) fold into; one is `chosen`.

    Without votes in `split` there is only `chosen`, since the head for FER+ cannot be evaluated.
    """
    shares = {*SHARES, chosen} if split.votes is not None else {chosen}
    return {
        share: evaluate("folded", VALIDATION_SPLIT, split, LABELS, heads.blend(logits, share, offsets))
        for share in sorted(shares)
    }


def predict_from_votes(training: Split, split: Split) -> NDArray[np.float32] | None:
    """The logits (n, 2, 7) of a predictor that sees no image but knows the votes; None without votes.

    Its answer for FER+ is the votes; its answer for the original label is the mean label of images in
    `training` with the same votes.  A model that learns nothing but expressions cannot be expected to be
    better by both truths at once.
    """
    if training.votes is None or split.votes is None:
        return None
    expected = targets.infer_labels(training, split)
    voted, _ = targets.make_ferplus_targets(split)
    return np.asarray(np.log(np.maximum(np.stack([expected, voted], axis=1), _LEAST)), np.float32)


def format_table(model: Mapping[float, Evaluation], votes: Mapping[float, Evaluation], chosen: float) -> str:
    """A line per share with the scores of the model and of the votes of ten people; `chosen` is marked."""
    lines = [
        f"{'':14}{'the model':>30}{'the votes of ten people':>30}",
        f"{'original share':14}" + 2 * f"{'accuracy':>10}{'macro-F1':>10}{'by FER+':>10}",
    ]
    for share, evaluation in model.items():
        lines.append(
            f"{share:>14.2f}{_format_scores(evaluation)}"
            + (_format_scores(votes[share]) if votes else f"{'–':>30}")
            + (" <- chosen" if share == chosen else "")
        )
    return "\n".join(lines)


def _format_scores(evaluation: Evaluation) -> str:
    ferplus = format_share(evaluation.ferplus_accuracy)
    return f"{evaluation.accuracy:>10.2%}{evaluation.macro_f1:>10.4f}{ferplus:>10}"

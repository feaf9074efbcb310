"""What a two-headed model gives by each truth, over the share of the original labels in its folding."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from export.data.dataset import JUDGED_ON, LABELS, Split
from export.evaluation import evaluate
from export.evaluation.evaluate import Evaluation
from export.training import heads, targets

SHARES = tuple(step / 20 for step in range(21))
# Of a share of votes, before its logarithm.
_LEAST = 1e-3


def over_shares(
    logits: NDArray[np.float32],
    split: Split,
    chosen: float,
    offset: NDArray[np.float32] | None = None,
) -> dict[float, Evaluation]:
    """The figures of every classifier that folds the logits (n, 2, classes), by its share; one is `chosen`.

    Without votes in `split` it is the only one: nothing is known of the head for FER+.
    """
    shares = {*SHARES, chosen} if split.votes is not None else {chosen}
    return {
        share: evaluate.evaluate("folded", JUDGED_ON, split, LABELS, heads.blended(logits, share, offset))
        for share in sorted(shares)
    }


def from_votes(training: Split, split: Split) -> NDArray[np.float32] | None:
    """The logits (n, 2, 7) of who sees no image but knows what ten people voted for it; None without votes.

    The votes are the answer for FER+; the answer for the original label is what images of Training with such votes
    have.  No model that learns expressions alone can be expected to do better by both truths at once.
    """
    if training.votes is None or split.votes is None:
        return None
    expected = targets.expected_labels(training, split)
    voted, _ = targets.voted(split)
    return np.asarray(np.log(np.maximum(np.stack([expected, voted], axis=1), _LEAST)), np.float32)


def table(model: Mapping[float, Evaluation], votes: Mapping[float, Evaluation], chosen: float) -> str:
    """What each share gives, a line each, and what the votes of ten people would; `chosen` is marked."""
    lines = [
        f"{'':14}{'the model':>30}{'the votes of ten people':>30}",
        f"{'original share':14}" + 2 * f"{'accuracy':>10}{'macro-F1':>10}{'by FER+':>10}",
    ]
    for share, figures in model.items():
        lines.append(
            f"{share:>14.2f}{_row(figures)}"
            + (_row(votes[share]) if votes else f"{'–':>30}")
            + (" <- chosen" if share == chosen else "")
        )
    return "\n".join(lines)


def _row(figures: Evaluation) -> str:
    ferplus = evaluate.percent(figures.ferplus_accuracy)
    return f"{figures.accuracy:>10.2%}{figures.macro_f1:>10.4f}{ferplus:>10}"

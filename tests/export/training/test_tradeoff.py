"""The trade-off between the two truths."""

import numpy as np

from export.data.dataset import LABELS, Split
from export.training import tradeoff

HAPPY, NEUTRAL = LABELS.index("happy"), LABELS.index("neutral")


def test_votes_alone_give_the_majority_at_one_end_and_the_likeliest_label_at_the_other() -> None:
    votes = np.zeros((100, 10), np.uint8)
    votes[:, 0], votes[:, 1] = 4, 3  # neutral leads before happiness; most such images are labelled happy
    split = Split(np.zeros((100, 48, 48), np.uint8), np.where(np.arange(100) % 4 == 0, NEUTRAL, HAPPY), votes)
    logits = tradeoff.predict_from_votes(split, split)
    assert logits is not None
    figures = tradeoff.evaluate_shares(logits, split, 0.5)
    assert set(figures) == set(tradeoff.SHARES)
    assert figures[0.0].ferplus_accuracy == 1.0 and figures[0.0].accuracy == 0.25
    assert figures[1.0].ferplus_accuracy == 0.0 and figures[1.0].accuracy == 0.75


def test_without_votes_there_is_nothing_to_compare_with() -> None:
    split = Split(np.zeros((3, 48, 48), np.uint8), np.array([0, 1, 2]))
    assert tradeoff.predict_from_votes(split, split) is None
    figures = tradeoff.evaluate_shares(np.zeros((3, 2, 7), np.float32), split, 0.33)
    lines = tradeoff.format_table(figures, {}, 0.33).splitlines()
    assert (
        len({len(line.partition(" <-")[0]) for line in lines}) == 1
        and len(lines) == 3
        and "chosen" in lines[2]
    )

"""The scores of an evaluation as text."""

from collections.abc import Mapping

from export.evaluation.evaluate import DisturbedScores, Evaluation
from export.evaluation.robustness import UNDISTURBED


def format_table(evaluation: Evaluation) -> str:
    """A line per score with its interval, the confusion matrix, and the robustness if it was measured."""
    lines = [
        f"{evaluation.model} on {evaluation.images:,} images of {evaluation.split}"
        + ("; in brackets 95 % intervals" if evaluation.intervals else "")
    ]
    lines += [f"{title:42}{score}{interval}" for title, score, interval in format_scores(evaluation)]
    labels = list(evaluation.recall)
    lines += ["", f"{'true, predicted':>16}" + "".join(f"{label[:8]:>9}" for label in labels) + "   recall"]
    for label, row in zip(labels, evaluation.confusion, strict=True):
        share = evaluation.recall[label]
        lines.append(
            f"{label:>16}"
            + "".join(f"{count:>9}" for count in row)
            + (f"{share:>9.1%}" if share is not None else f"{'–':>9}")
            + format_interval(evaluation, label)
        )
    if evaluation.robustness:
        lines += ["", f"{'disturbed by':>24}{'accuracy':>10}{'by FER+':>10}"]
        lines += [
            f"{name:>24}{disturbed.accuracy:>10.2%}{format_share(disturbed.ferplus_accuracy):>10}"
            for name, disturbed in evaluation.robustness.items()
        ]
        lines.append(f"worst: {find_worst(evaluation.robustness)}")
    return "\n".join(lines)


def format_scores(evaluation: Evaluation) -> list[tuple[str, str, str]]:
    """The scores of the whole split: (title, score, interval, which may be empty)."""
    rows = [
        ("accuracy", "accuracy", ".2%"),
        ("macro-F1", "macro_f1", ".4f"),
        ("accuracy by the FER+ majority", "ferplus_accuracy", ".2%"),
        ("expected calibration error", "calibration_error", ".2%"),
        ("expected calibration error by FER+", "ferplus_calibration_error", ".2%"),
    ]
    return [
        (title, format(value, form), format_interval(evaluation, name, form))
        for title, name, form in rows
        if (value := getattr(evaluation, name)) is not None
    ]


def format_interval(evaluation: Evaluation, name: str, form: str = ".1%") -> str:
    """The interval of the score `name`, with a space before it; empty if there is none."""
    if name not in evaluation.intervals:
        return ""
    lower, upper = evaluation.intervals[name]
    return f" [{lower:{form}}, {upper:{form}}]"


def format_share(share: float | None) -> str:
    """A share in percent; a dash for None."""
    return "–" if share is None else f"{share:.2%}"


def find_worst(robustness: Mapping[str, DisturbedScores]) -> str:
    """The disturbance that costs most accuracy by the original labels."""
    disturbed = [name for name in robustness if name != UNDISTURBED]
    return min(disturbed, key=lambda name: robustness[name].accuracy)

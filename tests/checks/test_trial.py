"""The trial of the doctor, with the real model on the demo's face."""

from pathlib import Path

from edge.cameras.demo import PORTRAIT
from edge.checks import trial


def test_trial_reports_the_model_and_the_expression_that_people_see() -> None:
    found = trial.run_trial(["--camera", "demo", "--detector", "haar"])
    assert found["detector"] == "haar" and found["precision"] == "int8"
    assert found["expected"] == found["label"] == "happy"
    assert found["expected"] in found["labels"]  # type: ignore[operator]


def test_expression_is_in_the_comment_of_the_portrait(tmp_path: Path) -> None:
    assert trial.read_expression(PORTRAIT) == "happy"
    (tmp_path / "plain.jpg").write_bytes(b"\xff\xd8\xff\xd9")
    assert trial.read_expression(tmp_path / "plain.jpg") is None

"""Evaluation of Keras and ONNX files on a split."""

import json
from pathlib import Path

import numpy as np
import pytest

from edge.errors import DataError
from export.data.dataset import LABELS, Split
from export.evaluation import evaluate
from export.evaluation.robustness import DISTURBANCES
from tests import onnx_files
from tests.export.conftest import Converted, Export, KerasFiles, Toy, make_toy_split, read_refusal


def read_figures(path: Path) -> dict[str, object]:
    read: dict[str, object] = json.loads(path.read_text())
    return read


def test_json_holds_the_figures_of_an_onnx_file(
    converted: Converted, toy: Toy, tmp_path: Path, export: Export
) -> None:
    code, stdout, _ = export(
        "evaluate",
        "--model",
        converted.as_float,
        "--data",
        toy.npz,
        "--split",
        "PublicTest",
        "--json",
        tmp_path / "out.json",
        "--plots",
        tmp_path / "plots",
        "--robustness",
    )
    read = json.loads((tmp_path / "out.json").read_text())
    assert code == 0 and "accuracy" in stdout
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == [
        "confusion.png",
        "reliability.png",
        "robustness.png",
    ]
    assert set(read) == {
        "model",
        "split",
        "images",
        "accuracy",
        "macro_f1",
        "calibration_error",
        "recall",
        "confusion",
        "ferplus_images",
        "ferplus_accuracy",
        "ferplus_calibration_error",
        "intervals",
        "robustness",
    }
    assert set(read["robustness"]) == set(DISTURBANCES)
    assert read["robustness"]["nothing"] == {name: read[name] for name in ("accuracy", "ferplus_accuracy")}
    assert set(read["intervals"]) == {"accuracy", "macro_f1", "ferplus_accuracy", *LABELS}
    assert all(
        lower <= read[name] <= upper for name, (lower, upper) in read["intervals"].items() if name in read
    )
    assert all(name in stdout for name in DISTURBANCES) and "worst: " in stdout
    counts = np.array(read["confusion"])
    assert (
        counts.shape == (7, 7) and counts.sum() == read["images"] == 140 and (counts.sum(axis=1) == 20).all()
    )
    assert read["accuracy"] == pytest.approx(np.trace(counts) / 140) and read["accuracy"] > 0.9
    assert read["recall"] == {
        label: pytest.approx(counts[number, number] / 20) for number, label in enumerate(LABELS)
    }
    # The toy's votes agree with its labels.
    assert read["ferplus_accuracy"] == pytest.approx(read["accuracy"])
    assert read["model"] == "tiny.float.onnx" and read["split"] == "PublicTest"


@pytest.mark.parametrize("form", ["keras", "full_h5"])
def test_keras_file_has_the_figures_of_its_float_onnx(
    converted: Converted, keras_files: KerasFiles, toy: Toy, tmp_path: Path, export: Export, form: str
) -> None:
    # The temperature stands in the ONNX file alone, and changes nothing but how sure the answers are.
    sureness = {"calibration_error": 0, "ferplus_calibration_error": 0, "model": "", "intervals": {}}
    for model, name in ((getattr(keras_files, form), "keras.json"), (converted.as_float, "onnx.json")):
        assert (
            export(
                "evaluate",
                "--model",
                model,
                "--data",
                toy.npz,
                "--split",
                "PublicTest",
                "--json",
                tmp_path / name,
            )[0]
            == 0
        )
    keras, onnx = read_figures(tmp_path / "keras.json"), read_figures(tmp_path / "onnx.json")
    assert {**keras, **sureness} == {**onnx, **sureness}


def test_no_resamples_give_no_intervals(
    converted: Converted, toy: Toy, tmp_path: Path, export: Export
) -> None:
    code, stdout, _ = export(
        "evaluate",
        "--model",
        converted.as_float,
        "--data",
        toy.npz,
        "--split",
        "PublicTest",
        "--resamples",
        "0",
        "--json",
        tmp_path / "out.json",
    )
    assert code == 0 and "intervals" not in stdout
    assert not {"intervals", "robustness"} & set(read_figures(tmp_path / "out.json"))


def test_data_without_votes_gives_no_accuracy_by_votes(
    converted: Converted, toy: Toy, tmp_path: Path, export: Export
) -> None:
    export(
        "evaluate",
        "--model",
        converted.as_int8,
        "--data",
        toy.csv,
        "--split",
        "PublicTest",
        "--json",
        tmp_path / "out.json",
    )
    assert "ferplus_accuracy" not in read_figures(tmp_path / "out.json")


def test_likeliest_class_decides_however_close() -> None:
    split = Split(np.zeros((2, 48, 48), np.uint8), np.array([3, 4]))
    close = np.full((2, 7), 0.14, np.float32)
    close[:, 3] = 0.16
    evaluation = evaluate.evaluate("m", "PublicTest", split, LABELS, close)
    assert (
        evaluation.accuracy == 0.5
        and evaluation.recall["happy"] == 1.0
        and evaluation.recall["angry"] is None
    )


def test_labels_of_a_model_may_stand_in_another_order() -> None:
    split = make_toy_split(3, 0)
    order = tuple(reversed(LABELS))
    sure = np.eye(7, dtype=np.float32)[6 - split.labels]
    evaluation = evaluate.evaluate("m", "PublicTest", split, order, sure)
    assert evaluation.accuracy == evaluation.ferplus_accuracy == 1.0 and list(evaluation.recall) == list(
        order
    )


def test_images_of_classes_that_the_model_lacks_are_left_out() -> None:
    split = make_toy_split(3, 0)
    sure = np.eye(2, dtype=np.float32)[(split.labels == 4).astype(int)]
    evaluation = evaluate.evaluate("m", "PublicTest", split, ("happy", "sad"), sure)
    assert evaluation.images == 6 and evaluation.accuracy == 1.0


def test_model_of_other_classes_alone_cannot_be_judged_on_such_images() -> None:
    split = make_toy_split(3, 0)
    angry = split.take(split.labels == 0)
    with pytest.raises(DataError, match="happy, sad"):
        evaluate.evaluate("m", "PublicTest", angry, ("happy", "sad"), np.zeros((3, 2), np.float32))


def test_votes_for_contempt_unknown_and_no_face_are_left_out() -> None:
    split = make_toy_split(1, 0)
    assert split.votes is not None
    votes = split.votes.copy()
    votes[0] = 0
    votes[0, 9] = 10
    wrong = np.eye(7, dtype=np.float32)[np.where(np.arange(7) == 0, 1, split.labels)]
    evaluation = evaluate.evaluate("m", "PublicTest", Split(split.images, split.labels, votes), LABELS, wrong)
    assert evaluation.accuracy == pytest.approx(6 / 7) and evaluation.ferplus_accuracy == 1.0


def test_model_with_a_foreign_label_is_refused(toy: Toy, tmp_path: Path, export: Export) -> None:
    text = (
        '{"schema":1,"labels":["a","b","c","d","e","f","g"],"height":48,"width":48,"scale":1,'
        '"precision":"float32","framing":{"haar":{"scale":1,"shift_down":0}}}'
    )
    path = onnx_files.write(tmp_path / "foreign.onnx", text)
    assert "a, b, c" in read_refusal(
        export("evaluate", "--model", path, "--data", toy.npz, "--split", "PublicTest")
    )


def test_missing_and_truncated_models_are_refused_and_no_json_is_written(
    converted: Converted, keras_files: KerasFiles, toy: Toy, tmp_path: Path, export: Export
) -> None:
    for whole in (converted.as_int8, keras_files.keras):
        cut = tmp_path / f"cut{whole.suffix}"
        for content in (None, whole.read_bytes()[:1000]):
            if content is not None:
                cut.write_bytes(content)
            line = read_refusal(
                export(
                    "evaluate",
                    "--model",
                    cut,
                    "--data",
                    toy.npz,
                    "--split",
                    "PublicTest",
                    "--json",
                    tmp_path / "out.json",
                )
            )
            assert str(cut) in line and not (tmp_path / "out.json").exists()


def test_split_that_the_data_lacks_is_refused(converted: Converted, toy: Toy, export: Export) -> None:
    line = read_refusal(
        export("evaluate", "--model", converted.as_int8, "--data", toy.npz, "--split", "PrivateTest")
    )
    assert "Training (420), PublicTest (140)" in line


def test_json_that_cannot_be_written_is_an_output_error(
    converted: Converted, toy: Toy, tmp_path: Path, export: Export
) -> None:
    (tmp_path / "file").touch()
    code, _, err = export(
        "evaluate",
        "--model",
        converted.as_int8,
        "--data",
        toy.npz,
        "--split",
        "PublicTest",
        "--json",
        tmp_path / "file" / "out.json",
    )
    assert code == 74 and "Traceback" not in err


def test_contempt_is_a_class_without_true_images() -> None:
    labels = (*LABELS, "contempt")
    split = make_toy_split(2, 0)
    probabilities = np.eye(8, dtype=np.float32)[split.labels]
    probabilities[0] = np.eye(8, dtype=np.float32)[7]
    result = evaluate.evaluate("m", "PublicTest", split, labels, probabilities)
    assert result.accuracy == 13 / 14 and result.recall["contempt"] is None
    assert result.recall["angry"] == 0.5 and result.ferplus_accuracy == 13 / 14

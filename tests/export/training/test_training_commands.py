"""The commands train and fold."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from export.training import heads, networks, run_folder
from tests.export.conftest import Export, Toy, read_refusal
from tests.export.training.conftest import interrupt_in, limit_file_size


def test_command_trains_plots_and_prints_the_accuracy(
    toy: Toy, tmp_path: Path, export: Export, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    folder = tmp_path / "run"
    command = ["train", "--data", toy.npz, "--output", folder, "--network", "tiny", "--epochs", "1"]
    code, out, _ = export(*command)
    assert code == 0 and "original share" in out and "<- chosen" in out
    assert "training on 420 images of Training, without 0 that stand in PublicTest" in caplog.text
    for name in ("curves.png", "tradeoff.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    classifier = keras.models.load_model(folder / run_folder.CLASSIFIER)
    assert classifier.input_shape == (None, 48, 48, 1) and classifier.output_shape == (None, 7)
    description = json.loads((folder / "run.json").read_text())
    assert "420 images of Training in toy.npz (sha256" in description["training"]
    (folder / "curves.png").unlink()
    assert export(*command, "--resume")[0] == 0 and (folder / "curves.png").exists()


def test_run_taught_by_another_and_begun_with_its_weights_keeps_both_in_its_recipe(
    toy: Toy, teacher: Path, tmp_path: Path, export: Export
) -> None:
    command = [
        "train",
        "--data",
        toy.npz,
        "--output",
        tmp_path / "run",
        "--network",
        "tiny",
        "--epochs",
        "1",
        "--teacher",
        teacher,
        "--teacher-share",
        "0.5",
        "--start",
        teacher,
    ]
    assert export(*command)[0] == 0
    recipe = json.loads((tmp_path / "run" / run_folder.HISTORY).read_text())["recipe"]
    assert len(recipe["teachers"]) == len(recipe["started_from"]) == 64 and recipe["teacher_share"] == 0.5
    command_again = json.loads((tmp_path / "run" / "run.json").read_text())["training_command"]
    assert command_again.count(f"{teacher.parent.name}/best.keras") == 2
    # Another teacher is another recipe.
    refused = read_refusal(export(*command[:-6], "--resume"))
    assert "teachers" in refused and "started_from" in refused


@pytest.mark.parametrize("option", ["--teacher", "--start"])
def test_missing_teacher_is_refused_before_a_run_begins(
    toy: Toy, tmp_path: Path, export: Export, option: str
) -> None:
    missing = tmp_path / "none" / "best.keras"
    assert str(missing) in read_refusal(
        export("train", "--data", toy.npz, "--output", tmp_path / "run", "--network", "tiny", option, missing)
    )
    assert not (tmp_path / "run").exists()


def test_share_without_a_teacher_is_refused(toy: Toy, tmp_path: Path, export: Export) -> None:
    code, _, err = export("train", "--data", toy.npz, "--output", tmp_path / "run", "--teacher-share", "0.5")
    assert code == 78 and "expected --teacher with --teacher-share" in err


def test_teacher_without_a_share_is_refused(toy: Toy, teacher: Path, tmp_path: Path, export: Export) -> None:
    code, _, err = export(
        "train", "--data", toy.npz, "--output", tmp_path / "run", "--network", "tiny", "--teacher", teacher
    )
    assert code == 78 and "expected --teacher-share" in err


def test_run_without_votes_folds_to_the_original_labels_alone(
    toy: Toy, tmp_path: Path, export: Export
) -> None:
    run = tmp_path / "run"
    code, out, _ = export("train", "--data", toy.csv, "--output", run, "--network", "tiny", "--epochs", "1")
    table = out[out.index("original share") :].splitlines()
    assert (
        code == 0
        and len(table) == 2
        and table[1].endswith("<- chosen")
        and not (run / "tradeoff.png").exists()
    )
    code, _, err = export("fold", "--run", run, "--data", toy.csv, "--original-share", "0.5")
    assert code == 78 and "taught no votes" in err
    assert export("fold", "--run", run, "--data", toy.csv, "--original-share", "1")[0] == 0


def test_run_is_not_resumed_with_votes_that_it_did_not_have(toy: Toy, tmp_path: Path, export: Export) -> None:
    command = ["train", "--output", tmp_path / "run", "--network", "tiny", "--epochs", "1"]
    assert export(*command, "--data", toy.csv)[0] == 0
    assert "images " in read_refusal(export(*command, "--data", toy.npz, "--resume"))


def test_full_disk_while_folding_keeps_the_old_classifier(
    toy: Toy, straight: Path, tmp_path: Path, export: Export
) -> None:
    shutil.copytree(straight, tmp_path / "run")
    export("fold", "--run", tmp_path / "run", "--data", toy.npz, "--original-share", "0.5")
    kept = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    with limit_file_size():
        code, _, err = export("fold", "--run", tmp_path / "run", "--data", toy.npz, "--original-share", "1")
    assert code == 74 and "make room" in err and "Traceback" not in err
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == kept


def test_fold_writes_the_classifier_of_another_share(
    toy: Toy, straight: Path, tmp_path: Path, export: Export
) -> None:
    run = tmp_path / "run"
    shutil.copytree(straight, run)
    code, out, _ = export(
        "fold", "--run", run, "--data", toy.npz, "--original-share", "0.33", "--balance", "0"
    )
    assert code == 0 and "0.33" in next(line for line in out.splitlines() if "chosen" in line)
    images = toy.splits["PublicTest"].images
    logits = heads.predict_logits(heads.load_two_headed(run / run_folder.BEST), images)
    classifier = keras.models.load_model(run / run_folder.CLASSIFIER)
    np.testing.assert_allclose(
        np.asarray(classifier(networks.scale_crops(images))), heads.blend(logits, 0.33), atol=1e-6
    )
    assert json.loads((run / "run.json").read_text())["folding"].endswith(
        "--original-share 0.33 --balance 0.0"
    )
    assert (run / "tradeoff.png").read_bytes().startswith(b"\x89PNG")


def test_message_of_an_interrupted_command_names_resume(toy: Toy, tmp_path: Path, export: Export) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt_in(patch, "on_epoch_end", lambda epoch: True)
        code, _, err = export("train", "--data", toy.npz, "--output", tmp_path / "run", "--network", "tiny")
    assert code == 130 and "--resume" in err and "Traceback" not in err

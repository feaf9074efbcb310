"""A folder tree of FER2013, whole and damaged."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from export.data import loading
from tests.export.conftest import Toy
from tests.export.data.conftest import expect_refusal


def test_test_folder_is_public_test_when_there_is_no_validation_folder(
    toy: Toy, caplog: pytest.LogCaptureFixture
) -> None:
    assert list(loading.load_splits(toy.folders)) == ["Training", "PublicTest"]
    assert "test is used as PublicTest" in caplog.text


def test_image_of_another_size_is_resized_and_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import cv2

    folder = tmp_path / "train" / "happy"
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "a.jpg"), np.full((96, 80, 3), 200, np.uint8))
    split = loading.load(tmp_path, "Training")
    assert split.images.shape == (1, 48, 48) and split.images.mean() == pytest.approx(200, abs=2)
    assert "converted 1 images" in caplog.text


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    assert "found no images" in expect_refusal(tmp_path)


def test_folder_of_an_unknown_label_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train" / "bored").mkdir(parents=True)
    assert "bored" in expect_refusal(tmp_path)


def test_file_that_is_no_image_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "train" / "sad").mkdir(parents=True)
    (tmp_path / "train" / "sad" / "a.png").write_text("not a picture")
    assert "a.png" in expect_refusal(tmp_path)


def test_folders_with_other_names_of_the_classes_are_read(tmp_path: Path) -> None:
    for name in ("Anger", "happiness", "Surprised"):
        folder = tmp_path / "train" / name
        folder.mkdir(parents=True)
        cv2.imwrite(str(folder / "1.png"), np.zeros((48, 48), np.uint8))
    splits = loading.load_splits(tmp_path)
    assert splits["Training"].labels.tolist() == [0, 3, 5]

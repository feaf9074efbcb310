"""Loading FER2013 from any of its forms."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from export.data import dataset, ferplus, loading
from export.data.dataset import LABELS
from tests.export.conftest import Toy, make_toy_split
from tests.export.data.conftest import expect_refusal


@pytest.mark.parametrize("split", ["Training", "PublicTest"])
def test_csv_npz_and_folders_hold_the_same_images(toy: Toy, split: str) -> None:
    from_npz, from_csv = loading.load(toy.npz, split), loading.load(toy.csv, split)
    np.testing.assert_array_equal(from_npz.images, from_csv.images)
    np.testing.assert_array_equal(from_npz.labels, from_csv.labels)
    from_folders = loading.load(toy.folders, split)
    assert len(from_folders) == len(from_npz)
    assert {
        (image.tobytes(), label)
        for image, label in zip(from_folders.images, from_folders.labels, strict=True)
    } == {(image.tobytes(), label) for image, label in zip(from_npz.images, from_npz.labels, strict=True)}


def test_only_the_npz_has_votes(toy: Toy) -> None:
    votes = loading.load(toy.npz, "PublicTest").votes
    assert votes is not None and votes.shape == (140, 10)
    assert loading.load(toy.csv, "PublicTest").votes is None


def test_real_data_has_the_counts_of_fer2013(material: Callable[[str], Path]) -> None:
    splits = loading.load_splits(material("data/fer2013.npz"))
    assert {name: len(split) for name, split in splits.items()} == {"Training": 28_709, "PublicTest": 3_589}
    assert len(dataset.remove_copies(splits["Training"], splits["PublicTest"])) == 28_358


def test_unknown_split_is_refused_with_the_known_ones(toy: Toy) -> None:
    assert "Training, PublicTest, PrivateTest" in expect_refusal(toy.npz, "Test")


def test_missing_split_is_refused_with_those_present(toy: Toy) -> None:
    assert "Training (420), PublicTest (140)" in expect_refusal(toy.npz, "PrivateTest")


def test_missing_source_is_refused(tmp_path: Path) -> None:
    assert "found nothing" in expect_refusal(tmp_path / "fer2013.csv")


def test_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.zip"
    path.touch()
    assert ".csv, an .npz or a folder" in expect_refusal(path)


def test_toy_votes_agree_with_its_labels() -> None:
    split = make_toy_split(1, 0)
    assert split.votes is not None and len(LABELS) == 7
    np.testing.assert_array_equal(ferplus.find_majority(split.votes), split.labels)

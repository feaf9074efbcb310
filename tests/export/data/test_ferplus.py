"""FER+'s own table beside FER2013 in its forms."""

from pathlib import Path

import numpy as np
import pytest

from edge.errors import DataError
from export.data import ferplus, loading
from tests.export.conftest import Toy


@pytest.fixture
def table(toy: Toy, tmp_path: Path) -> Path:
    """The toy's votes as FER+ writes them."""
    lines = ["Usage,Image name," + ",".join(ferplus.COLUMNS)]
    for split, images in toy.splits.items():
        assert images.votes is not None
        lines += [
            f"{split},fer{number:07}.png," + ",".join(map(str, row))
            for number, row in enumerate(images.votes)
        ]
    path = tmp_path / "fer2013new.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("form", ["csv", "npz"])
def test_votes_go_to_the_images_in_their_order(toy: Toy, table: Path, tmp_path: Path, form: str) -> None:
    with np.load(toy.npz) as arrays:
        np.savez(tmp_path / "without.npz", **{name: arrays[name] for name in ("image", "label", "usage")})
    source = {"csv": toy.csv, "npz": tmp_path / "without.npz"}[form]
    assert loading.load(source, "Training").votes is None
    for name, split in loading.load_splits(source, table).items():
        np.testing.assert_array_equal(split.votes, toy.splits[name].votes)


def test_broken_image_does_not_shift_the_votes(toy: Toy, table: Path, tmp_path: Path) -> None:
    lines = toy.csv.read_text().splitlines()
    lines[3] = "happy," + lines[3].partition(",")[2]
    broken = tmp_path / "broken.csv"
    broken.write_text("\n".join(lines))
    whole = toy.splits["Training"]
    read = loading.load(broken, "Training", table)
    assert whole.votes is not None and len(read) == len(whole) - 1
    np.testing.assert_array_equal(read.votes, np.delete(whole.votes, 2, axis=0))
    np.testing.assert_array_equal(read.images, np.delete(whole.images, 2, axis=0))


def test_folder_tree_cannot_have_votes(toy: Toy, table: Path) -> None:
    with pytest.raises(DataError, match="folder tree"):
        loading.load(toy.folders, "Training", table)


def test_other_count_of_images_is_refused(toy: Toy, table: Path) -> None:
    lines = table.read_text().splitlines()
    table.write_text("\n".join(lines[:-5]))
    with pytest.raises(DataError, match=r"PublicTest as FER\+ has votes for \(135\), found 140"):
        loading.load(toy.npz, "PublicTest", table)


@pytest.mark.parametrize("line", ["", "Training,fer.png,1,2,3", "Training,fer.png,1,2,3,x,5,6,7,8,9,10"])
def test_broken_row_is_refused_by_its_line(table: Path, line: str) -> None:
    lines = table.read_text().splitlines()
    lines[4] = line
    table.write_text("\n".join(lines))
    with pytest.raises(DataError, match="ten counts in line 5"):
        ferplus.read_votes(table)


def test_other_table_and_missing_table_are_refused(toy: Toy, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found others"):
        ferplus.read_votes(toy.csv)
    with pytest.raises(DataError, match="check the path"):
        ferplus.read_votes(tmp_path / "none.csv")


def test_tie_goes_to_the_column_that_is_named_first() -> None:
    votes = np.zeros((1, 10), np.uint8)
    votes[0, [3, 4]] = 5
    assert ferplus.find_majority(votes).tolist() == [4]


@pytest.mark.parametrize(("column", "label"), list(enumerate([6, 3, 5, 4, 0, 1, 2, -1, -1, -1])))
def test_ferplus_column_becomes_the_label_of_fer2013(column: int, label: int) -> None:
    votes = np.zeros((1, 10), np.uint8)
    votes[0, column] = 8
    votes[0, 9 - column] += 2
    assert ferplus.find_majority(votes).tolist() == [label]

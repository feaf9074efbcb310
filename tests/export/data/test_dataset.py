"""FER2013 in the forms in which people have it, whole and damaged."""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.errors import DataError
from export.data import dataset, ferplus
from export.data.dataset import LABELS, Split
from tests.export.conftest import Toy, save_npz, toy_split


def refused(path: Path, split: str = "Training") -> str:
    with pytest.raises(DataError) as raised:
        dataset.load(path, split)
    message = str(raised.value)
    assert "\n" not in message and message.startswith("expected ") and "found" in message
    return message


def save_csv(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(["emotion,pixels,Usage", *rows]) + "\n")
    return path


def row(label: object = 3, pixels: str | None = None, usage: str = "Training") -> str:
    return f"{label},{pixels if pixels is not None else ' '.join(['7'] * 48 * 48)},{usage}"


@pytest.mark.parametrize("split", ["Training", "PublicTest"])
def test_csv_npz_and_folders_hold_the_same_images(toy: Toy, split: str) -> None:
    from_npz, from_csv = dataset.load(toy.npz, split), dataset.load(toy.csv, split)
    np.testing.assert_array_equal(from_npz.images, from_csv.images)
    np.testing.assert_array_equal(from_npz.labels, from_csv.labels)
    from_folders = dataset.load(toy.folders, split)
    assert len(from_folders) == len(from_npz)
    assert {
        (image.tobytes(), label)
        for image, label in zip(from_folders.images, from_folders.labels, strict=True)
    } == {(image.tobytes(), label) for image, label in zip(from_npz.images, from_npz.labels, strict=True)}


def test_only_the_npz_has_votes(toy: Toy) -> None:
    votes = dataset.load(toy.npz, "PublicTest").votes
    assert votes is not None and votes.shape == (140, 10)
    assert dataset.load(toy.csv, "PublicTest").votes is None


def test_real_data_has_the_counts_of_fer2013(material: Callable[[str], Path]) -> None:
    splits = dataset.load_splits(material("data/fer2013.npz"))
    assert {name: len(split) for name, split in splits.items()} == {"Training": 28_709, "PublicTest": 3_589}
    assert len(dataset.without_copies(splits["Training"], splits["PublicTest"])) == 28_358


def test_test_folder_is_public_test_when_there_is_no_validation_folder(
    toy: Toy, caplog: pytest.LogCaptureFixture
) -> None:
    assert list(dataset.load_splits(toy.folders)) == ["Training", "PublicTest"]
    assert "test is used as PublicTest" in caplog.text


def test_image_of_another_size_is_resized_and_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import cv2

    folder = tmp_path / "train" / "happy"
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "a.jpg"), np.full((96, 80, 3), 200, np.uint8))
    split = dataset.load(tmp_path, "Training")
    assert split.images.shape == (1, 48, 48) and split.images.mean() == pytest.approx(200, abs=2)
    assert "converted 1 images" in caplog.text


def test_unknown_split_is_refused_with_the_known_ones(toy: Toy) -> None:
    assert "Training, PublicTest, PrivateTest" in refused(toy.npz, "Test")


def test_missing_split_is_refused_with_those_present(toy: Toy) -> None:
    assert "Training (420), PublicTest (140)" in refused(toy.npz, "PrivateTest")


def test_missing_source_is_refused(tmp_path: Path) -> None:
    assert "found nothing" in refused(tmp_path / "fer2013.csv")


def test_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.zip"
    path.touch()
    assert ".csv, an .npz or a folder" in refused(path)


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    assert "found no images" in refused(tmp_path)


def test_folder_of_an_unknown_label_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train" / "bored").mkdir(parents=True)
    assert "bored" in refused(tmp_path)


def test_file_that_is_no_image_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "train" / "sad").mkdir(parents=True)
    (tmp_path / "train" / "sad" / "a.png").write_text("not a picture")
    assert "a.png" in refused(tmp_path)


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.99])
def test_truncated_npz_is_refused(toy: Toy, tmp_path: Path, kept: float) -> None:
    content = toy.npz.read_bytes()
    path = tmp_path / "cut.npz"
    path.write_bytes(content[: int(kept * len(content))])
    assert "copy the file again" in refused(path)


def test_npz_with_damaged_bytes_is_refused(toy: Toy, tmp_path: Path) -> None:
    path = tmp_path / "damaged.npz"
    with np.load(toy.npz) as arrays:
        np.savez_compressed(path, **arrays)
    content = bytearray(path.read_bytes())
    content[5_000:5_200] = bytes(200)
    path.write_bytes(content)
    refused(path)


def test_npz_without_labels_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", image=np.zeros((2, 48, 48), np.uint8))
    assert "label" in refused(tmp_path / "a.npz")


@pytest.mark.parametrize("shape", [(5, 64, 64), (5, 30, 40), (5, 48, 48, 3), (5, 48, 48, 1), (5, 96, 96, 3)])
def test_npz_of_another_size_or_in_colour_is_converted_and_said_so(
    tmp_path: Path, shape: tuple[int, ...], caplog: pytest.LogCaptureFixture
) -> None:
    np.savez(
        tmp_path / "a.npz",
        image=np.full(shape, 200, np.uint8),
        label=np.zeros(5, int),
        usage=np.zeros(5, int),
    )
    split = dataset.load(tmp_path / "a.npz", "Training")
    assert (
        split.images.shape == (5, 48, 48) and split.images.dtype == np.uint8 and (split.images == 200).all()
    )
    assert "converted 5 images" in caplog.text


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((5, 48, 48, 4), np.uint8), ((5, 2304), np.uint8), ((5, 0, 48), np.uint8), ((5, 48, 48), np.float32)],
)
def test_npz_of_another_shape_is_refused(tmp_path: Path, shape: tuple[int, ...], dtype: type) -> None:
    np.savez(tmp_path / "a.npz", image=np.zeros(shape, dtype), label=np.zeros(5, int), usage=np.zeros(5, int))
    assert "(n, 48, 48)" in refused(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("label", np.zeros(4, int)),
        ("label", np.zeros((5, 7), int)),
        ("label", np.zeros(5)),
        ("usage", np.zeros(6, int)),
        ("votes", np.zeros((5, 7), int)),
    ],
)
def test_npz_whose_arrays_do_not_belong_together_is_refused(
    tmp_path: Path, name: str, array: np.ndarray
) -> None:
    arrays = {"image": np.zeros((5, 48, 48), np.uint8), "label": np.zeros(5, int), "usage": np.zeros(5, int)}
    np.savez(tmp_path / "a.npz", **{**arrays, name: array})
    assert name in refused(tmp_path / "a.npz")


def test_npz_with_a_label_beyond_the_seven_is_refused(tmp_path: Path) -> None:
    split = toy_split(1, 0)
    path = save_npz(tmp_path / "a.npz", {"Training": Split(split.images, split.labels + 1, split.votes)})
    assert "found 7" in refused(path)


def test_csv_without_the_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("label,image\n3,abc\n")
    assert "label, image" in refused(path)


def test_csv_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"emotion,pixels,Usage\n\xff\xfe\x00")
    assert "table of text" in refused(path)


def test_broken_csv_rows_are_left_out_and_reported_by_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = row()
    path = save_csv(
        tmp_path / "a.csv",
        good,
        row(label=7),
        row(label="x"),
        row(pixels="1 2 3"),
        row(usage="Test"),
        row(pixels=" ".join(["256"] * 48 * 48)),
        row(pixels="a " * 48 * 48),
        "3",
        good,
    )
    with caplog.at_level(logging.WARNING):
        assert len(dataset.load(path, "Training")) == 2
    assert "left out 7 broken rows (lines 3, 4, 5, 6, 7, 8, 9)" in caplog.text


def test_csv_of_nothing_but_broken_rows_is_refused(tmp_path: Path) -> None:
    assert "found no images" in refused(save_csv(tmp_path / "a.csv", row(label=9)))


def test_without_copies_drops_the_images_that_stand_in_the_other_split() -> None:
    first, second = toy_split(2, 0), toy_split(2, 1)
    mixed = Split(
        np.concatenate([first.images, second.images]), np.concatenate([first.labels, second.labels])
    )
    left = dataset.without_copies(mixed, second)
    np.testing.assert_array_equal(left.images, first.images)


def test_sample_keeps_the_share_of_each_class() -> None:
    labels = np.repeat(np.arange(7), [10, 20, 30, 40, 50, 60, 70])
    split = Split(np.zeros((280, 48, 48), np.uint8), labels)
    taken = dataset.sample(split, 28, seed=1)
    np.testing.assert_allclose(np.bincount(taken.labels), [1, 2, 3, 4, 5, 6, 7], atol=1)
    assert len(taken) == 28


def test_sample_repeats_itself_for_the_same_seed_alone() -> None:
    split = toy_split(20, 0)
    once, again, other = (dataset.sample(split, 30, seed).images for seed in (1, 1, 2))
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()


def test_sample_of_more_than_there_is_is_all() -> None:
    split = toy_split(2, 0)
    assert dataset.sample(split, 100, seed=0) is split


@pytest.mark.parametrize(("column", "label"), list(enumerate([6, 3, 5, 4, 0, 1, 2, -1, -1, -1])))
def test_ferplus_column_becomes_the_label_of_fer2013(column: int, label: int) -> None:
    votes = np.zeros((1, 10), np.uint8)
    votes[0, column] = 8
    votes[0, 9 - column] += 2
    assert ferplus.labels(votes).tolist() == [label]


def test_toy_votes_agree_with_its_labels() -> None:
    split = toy_split(1, 0)
    assert split.votes is not None and len(LABELS) == 7
    np.testing.assert_array_equal(ferplus.labels(split.votes), split.labels)


def test_one_of_each_group_of_copies_is_kept_and_none_where_their_labels_differ() -> None:
    images = np.arange(6, dtype=np.uint8)[:, np.newaxis, np.newaxis] * np.ones((1, 48, 48), np.uint8)
    split = Split(images[[0, 1, 0, 2, 1, 3]], np.array([3, 4, 3, 5, 6, 0]))
    kept = dataset.without_duplicates(split)
    assert kept.images[:, 0, 0].tolist() == [0, 2, 3] and kept.labels.tolist() == [3, 5, 0]

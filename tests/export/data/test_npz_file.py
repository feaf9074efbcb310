"""An .npz of FER2013, whole and damaged."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from export.data import loading
from export.data.dataset import Split
from tests.export.conftest import Toy, make_toy_split, save_npz
from tests.export.data.conftest import expect_refusal


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.99])
def test_truncated_npz_is_refused(toy: Toy, tmp_path: Path, kept: float) -> None:
    content = toy.npz.read_bytes()
    path = tmp_path / "cut.npz"
    path.write_bytes(content[: int(kept * len(content))])
    assert "copy the file again" in expect_refusal(path)


def test_npz_with_damaged_bytes_is_refused(toy: Toy, tmp_path: Path) -> None:
    path = tmp_path / "damaged.npz"
    with np.load(toy.npz) as arrays:
        np.savez_compressed(path, **arrays)
    content = bytearray(path.read_bytes())
    content[5_000:5_200] = bytes(200)
    path.write_bytes(content)
    expect_refusal(path)


def test_npz_without_labels_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", image=np.zeros((2, 48, 48), np.uint8))
    assert "label" in expect_refusal(tmp_path / "a.npz")


@pytest.mark.parametrize("shape", [(5, 64, 64), (5, 30, 40), (5, 48, 48, 3), (5, 48, 48, 1), (5, 96, 96, 3)])
def test_npz_of_another_size_or_in_colour_is_converted_and_logged(
    tmp_path: Path, shape: tuple[int, ...], caplog: pytest.LogCaptureFixture
) -> None:
    np.savez(
        tmp_path / "a.npz",
        image=np.full(shape, 200, np.uint8),
        label=np.zeros(5, int),
        usage=np.zeros(5, int),
    )
    split = loading.load(tmp_path / "a.npz", "Training")
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
    assert "(n, 48, 48)" in expect_refusal(tmp_path / "a.npz")


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
def test_npz_with_arrays_of_different_lengths_or_types_is_refused(
    tmp_path: Path, name: str, array: np.ndarray
) -> None:
    arrays = {"image": np.zeros((5, 48, 48), np.uint8), "label": np.zeros(5, int), "usage": np.zeros(5, int)}
    arrays[name] = array
    # As keywords of any type: numpy's stubs take every one of a mapping for allow_pickle as well.
    keywords: dict[str, Any] = arrays
    np.savez(tmp_path / "a.npz", **keywords)
    assert name in expect_refusal(tmp_path / "a.npz")


def test_npz_with_a_label_beyond_the_seven_is_refused(tmp_path: Path) -> None:
    split = make_toy_split(1, 0)
    path = save_npz(tmp_path / "a.npz", {"Training": Split(split.images, split.labels + 1, split.votes)})
    assert "found 7" in expect_refusal(path)

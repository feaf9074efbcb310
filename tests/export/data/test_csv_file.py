"""fer2013.csv, whole and damaged."""

import logging
from pathlib import Path

import pytest

from export.data import loading
from tests.export.data.conftest import expect_refusal


def save_csv(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(["emotion,pixels,Usage", *rows]) + "\n")
    return path


def row(label: object = 3, pixels: str | None = None, usage: str = "Training") -> str:
    return f"{label},{pixels if pixels is not None else ' '.join(['7'] * 48 * 48)},{usage}"


def test_csv_without_the_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("label,image\n3,abc\n")
    assert "label, image" in expect_refusal(path)


def test_csv_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"emotion,pixels,Usage\n\xff\xfe\x00")
    assert "table of text" in expect_refusal(path)


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
        assert len(loading.load(path, "Training")) == 2
    assert "left out 7 broken rows (lines 3, 4, 5, 6, 7, 8, 9)" in caplog.text


def test_csv_of_nothing_but_broken_rows_is_refused(tmp_path: Path) -> None:
    assert "found no images" in expect_refusal(save_csv(tmp_path / "a.csv", row(label=9)))

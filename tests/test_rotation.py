"""The names of an output's files, when one is full, and which are removed."""

from pathlib import Path

import pytest

from edge.rotation import FileSeries, RotationLimits, list_series


def fill(series: FileSeries, *texts: str) -> None:
    for text in texts:
        series.rotate()
        series.path.write_text(text)


def contents(path: Path) -> list[str]:
    return [file.read_text() for file in list_series(path)]


def test_newest_has_the_name_and_the_others_count_up(tmp_path: Path) -> None:
    fill(FileSeries(tmp_path / "out.csv"), "a", "b", "c")
    assert [path.name for path in list_series(tmp_path / "out.csv")] == [
        "out-0001.csv",
        "out-0002.csv",
        "out.csv",
    ]
    assert contents(tmp_path / "out.csv") == ["a", "b", "c"]


def test_later_run_counts_on(tmp_path: Path) -> None:
    fill(FileSeries(tmp_path / "out.csv"), "a", "b")
    fill(FileSeries(tmp_path / "out.csv"), "c")
    assert contents(tmp_path / "out.csv") == ["a", "b", "c"]


def test_only_the_file_of_an_earlier_run_is_replaced(tmp_path: Path) -> None:
    fill(FileSeries(tmp_path / "out.csv"), "a")
    fill(FileSeries(tmp_path / "out.csv", replaces=True), "b", "c")
    assert contents(tmp_path / "out.csv") == ["b", "c"]


def test_so_many_are_kept_and_others_files_are_left_alone(tmp_path: Path) -> None:
    others = ["out-1.csv", "out-0001.jsonl", "out-0001.csv.bak", "about-0001.csv"]
    for name in others:
        (tmp_path / name).write_text("mine")
    fill(FileSeries(tmp_path / "out.csv", RotationLimits(keep=2)), *"abcd")
    assert contents(tmp_path / "out.csv") == ["c", "d"]
    assert all((tmp_path / name).exists() for name in others)


def test_removed_files_give_no_number_back(tmp_path: Path) -> None:
    fill(FileSeries(tmp_path / "out.csv", RotationLimits(keep=2)), *"abcd")
    assert [path.name for path in list_series(tmp_path / "out.csv")] == ["out-0003.csv", "out.csv"]


def test_empty_file_takes_no_number(tmp_path: Path) -> None:
    fill(FileSeries(tmp_path / "out.csv"), "", "a")
    assert contents(tmp_path / "out.csv") == ["a"]


def test_ten_thousandth_file_comes_after_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "out-9999.csv").write_text("a")
    fill(FileSeries(tmp_path / "out.csv"), "b", "c")
    assert contents(tmp_path / "out.csv") == ["a", "b", "c"]


def test_name_with_signs_of_patterns_is_taken_as_it_is(tmp_path: Path) -> None:
    fill(FileSeries(tmp_path / "a[1].*.csv"), "a", "b")
    assert contents(tmp_path / "a[1].*.csv") == ["a", "b"]


@pytest.mark.parametrize(
    ("rotation", "elapsed_s", "size", "is_full"),
    [
        (RotationLimits(), 1e9, 10**12, False),
        (RotationLimits(seconds=60), 69.9, 0, False),
        (RotationLimits(seconds=60), 70.0, 0, True),
        (RotationLimits(mb=2), 11.0, 1_999_999, False),
        (RotationLimits(mb=2), 11.0, 2_000_000, True),
        (RotationLimits(mb=2, seconds=60), 11.0, 2_000_000, True),
    ],
)
def test_file_is_full_by_its_size_or_its_time(
    rotation: RotationLimits, elapsed_s: float, size: int, is_full: bool
) -> None:
    series = FileSeries(Path("out.csv"), rotation)
    assert not series.is_full(10.0, 0)
    assert series.is_full(elapsed_s, size) is is_full

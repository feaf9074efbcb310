"""Files that are written together, and how a model file refers to others."""

import hashlib
from pathlib import Path

import pytest

from edge.errors import SinkError
from export.artifacts import describe_origin, write_files


def test_files_are_written_into_new_folders(tmp_path: Path) -> None:
    write_files({tmp_path / "new" / "a": b"1", tmp_path / "b": b"2"})
    assert (tmp_path / "new" / "a").read_bytes() == b"1" and (tmp_path / "b").read_bytes() == b"2"


def test_nothing_is_written_if_one_file_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(SinkError, match=r"expected to write .*b, found: .*; name another output"):
        write_files({tmp_path / "a": b"1", tmp_path / "b": b"2"})
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_origin_of_a_file_has_its_digest_and_that_of_a_folder_has_none(tmp_path: Path) -> None:
    (tmp_path / "a.keras").write_bytes(b"model")
    digest = hashlib.sha256(b"model").hexdigest()
    assert describe_origin(tmp_path / "a.keras") == f"a.keras (sha256 {digest})"
    assert describe_origin(tmp_path) == tmp_path.name

"""Files that are replaced as a whole: their readers see the old content or the new one, never a part."""

import hashlib
import os
import stat
from pathlib import Path

import pytest

from edge import files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_text_and_bytes_are_written_alone_and_together(tmp_path: Path) -> None:
    files.write(tmp_path / "text", "é\n")
    files.write_all({tmp_path / "bytes": b"\xff", tmp_path / "more": "m"})
    assert (tmp_path / "text").read_bytes() == b"\xc3\xa9\n" and (tmp_path / "bytes").read_bytes() == b"\xff"
    assert names(tmp_path) == ["bytes", "more", "text"]


def test_file_that_is_replaced_hands_its_permissions_on(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o640)
    files.write(path, "new")
    assert path.read_text() == "new" and stat.S_IMODE(path.stat().st_mode) == 0o640


def test_content_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    fsync, replace = os.fsync, os.replace

    def note_fsync(descriptor: int) -> None:
        calls.append("fsync")
        fsync(descriptor)

    def note_replace(old: Path, new: Path) -> None:
        calls.append("replace")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "replace", note_replace)
    files.write_all({tmp_path / "a": b"a", tmp_path / "b": b"b"})
    assert calls == ["fsync", "fsync", "replace", "replace"]


@pytest.mark.parametrize("broken", ["folder", "no/such/folder", "file/in a file"])
def test_one_that_cannot_be_written_leaves_all_as_they_were(tmp_path: Path, broken: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("file")
    (tmp_path / "first").write_text("old")
    with pytest.raises(OSError) as raised:
        files.write_all({tmp_path / "first": "new", tmp_path / broken: "new"})
    assert raised.value.filename == str(tmp_path / broken) and raised.value.strerror
    assert (tmp_path / "first").read_text() == "old" and names(tmp_path) == ["file", "first", "folder"]


def test_interruption_of_the_writer_leaves_all_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), files.replace_together(path) as (partial,):
        assert partial.suffix == ".keras"
        partial.write_text("ne")
        raise KeyboardInterrupt
    assert path.read_text() == "old" and names(tmp_path) == ["model.keras"]


def test_one_killed_between_two_files_leaves_the_second_whole_beside_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    replace = os.replace

    def die_at_second(old: Path, new: Path) -> None:
        if new == second:
            raise KeyboardInterrupt
        replace(old, new)

    monkeypatch.setattr(os, "replace", die_at_second)
    with pytest.raises(KeyboardInterrupt):
        files.write_all({first: "1", second: "2"})
    assert first.read_text() == "1" and not second.exists()
    assert files.make_partial_path(second).read_text() == "2"


def test_digest_is_that_of_the_content(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"model")
    assert files.sha256(tmp_path / "model") == hashlib.sha256(b"model").hexdigest()


def test_folders_are_where_xdg_says_or_below_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/pi")
    for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    assert files.locate_data_folder() == Path("/home/pi/.local/share/fer-edge")
    assert files.locate_cache_folder() == Path("/home/pi/.cache/fer-edge")
    monkeypatch.setenv("XDG_DATA_HOME", "/var/lib")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache")
    assert files.locate_data_folder() == Path("/var/lib/fer-edge")
    assert files.locate_cache_folder() == Path("/var/cache/fer-edge")

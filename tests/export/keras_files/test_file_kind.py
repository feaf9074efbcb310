"""What a file is by its first bytes."""

import zipfile
from pathlib import Path

import h5py
import pytest

from edge.errors import ModelError
from export.keras_files.file_kind import FileKind, identify

WHOLE = b"\x89HDF\r\n\x1a\n" + bytes(90)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file; copy it again"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "run git lfs pull"),
        (b"\n<!DOCTYPE html>\n<html></html>", "a page of the web"),
        (WHOLE.replace(b"\r\n", b"\n"), "its first bytes are 89 48 44 46 0a 1a 0a 00"),
        (WHOLE.decode("latin-1").encode(), "a text editor or a transfer as text"),
        (WHOLE.decode(errors="replace").encode(), "not 89 48 44 46 0d 0a 1a 0a"),
        (b"PK\x03\x04" + bytes(50), "found the beginning of one"),
        (b"\x1c\0\0\0TFL3" + bytes(50), "TensorFlow Lite"),
        (b"\x80\x04\x95" + bytes(50), "a pickle"),
        (b"GIF89a", "begins with 47 49 46 38 39 61"),
    ],
)
def test_what_is_no_model_is_refused_by_what_it_is(tmp_path: Path, content: bytes, found: str) -> None:
    (tmp_path / "m.h5").write_bytes(content)
    with pytest.raises(ModelError, match=r"m\.h5") as raised:
        identify(tmp_path / "m.h5")
    assert found in str(raised.value)


def test_zip_of_something_else_is_refused_by_what_is_in_it(tmp_path: Path) -> None:
    for member, found in (("model.h5", "a zip of model.h5; unpack it"), ("m/data.pkl", "PyTorch")):
        with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
            archive.writestr(member, "")
        with pytest.raises(ModelError, match=found):
            identify(tmp_path / "m.keras")


def test_hdf5_behind_a_block_of_the_user_is_found(tmp_path: Path) -> None:
    h5py.File(tmp_path / "m.model", "w", userblock_size=512).close()
    assert identify(tmp_path / "m.model") is FileKind.HDF5


def test_folder_is_a_saved_model_or_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"found a folder without saved_model\.pb"):
        identify(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    assert identify(tmp_path) is FileKind.SAVED_MODEL

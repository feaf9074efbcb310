"""What a model file is by its content, whatever it is called."""

import zipfile
from enum import Enum
from pathlib import Path

import h5py

from edge.errors import ModelError

_FIRST_BYTES = 512
_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK\x03\x04"
_SAVED_MODEL = "saved_model.pb"


class FileKind(Enum):
    """The forms that can be read."""

    HDF5 = "HDF5"
    KERAS_ZIP = "a zip of Keras"
    JSON = "JSON"
    SAVED_MODEL = "a SavedModel folder"


def identify(path: Path) -> FileKind:
    """The form of the model in `path`.

    Raises ModelError, which says what else it is, if it is none of FileKind.
    """
    if path.is_dir():
        return _identify_folder(path)
    if not path.is_file():
        raise ModelError(f"expected a Keras file at {path}, found no such file; check the path")
    with path.open("rb") as file:
        first = file.read(_FIRST_BYTES)
    if first.startswith(_ZIP):
        _check_zip(path)
        return FileKind.KERAS_ZIP
    # HDF5 may begin behind a block of the user's own.
    if first.startswith(_HDF5) or h5py.is_hdf5(path):
        return FileKind.HDF5
    # A string within JSON begins with a quotation mark.
    if first.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b'"', b"["):
        return FileKind.JSON
    raise ModelError(f"expected a .keras or .h5 file in {path}, found {_describe(first, path)}")


def _identify_folder(path: Path) -> FileKind:
    if (path / _SAVED_MODEL).is_file():
        return FileKind.SAVED_MODEL
    raise ModelError(
        f"expected a Keras file or a SavedModel in {path}, found a folder without {_SAVED_MODEL}; name the "
        "file of the model in it"
    )


def _check_zip(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile as error:
        raise ModelError(
            f"expected a whole .keras file in {path}, found the beginning of one ({error}); copy it again"
        ) from error
    if "config.json" in names:
        return
    if any(name.endswith("data.pkl") for name in names):
        raise ModelError(
            f"expected a .keras or .h5 file in {path}, found a model of PyTorch; this command reads "
            "Keras alone"
        )
    raise ModelError(
        f"expected a .keras file in {path}, found a zip of {', '.join(names[:3]) or 'nothing'}; unpack it, "
        "and name the model in it"
    )


def _describe(first: bytes, path: Path) -> str:
    """What a file is that holds no Keras model, and what to do."""
    text = first.lstrip().lower()
    if not first:
        return "an empty file; copy it again"
    if text.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS in place of the file; run git lfs pull where it was cloned"
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a page of the web in place of the file; download the file itself"
    if b"HDF" in first[:8]:
        return (
            f"HDF5 that a text editor or a transfer as text has changed (its first bytes are "
            f"{first[:8].hex(' ')}, not {_HDF5.hex(' ')}); copy the original again, as binary"
        )
    if first[4:8] == b"TFL3":
        return "a model of TensorFlow Lite; give the Keras model that it was made from"
    if first.startswith(b"\x80") or path.suffix in (".pkl", ".pickle"):
        return "a pickle, which could run any code; load it where it was made, and save it by model.save(…)"
    return f"a file that begins with {first[:8].hex(' ')} ({first[:16]!r}); save the model by model.save(…)"

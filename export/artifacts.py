"""The files that the commands write, and how a model file refers to the files that it was made from."""

from collections.abc import Mapping
from pathlib import Path

from edge import files
from edge.errors import SinkError


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write all of `contents`, or none of them if one cannot be written.

    Missing folders are made.  Raises SinkError.
    """
    try:
        for path in contents:
            path.parent.mkdir(parents=True, exist_ok=True)
        files.write_all(contents)
    except OSError as error:
        raise SinkError(
            f"expected to write {error.filename}, found: {error.strerror}; name another output"
        ) from error


def measure_size(path: Path) -> int:
    """The bytes in a file, or in all files of a folder."""
    files_in_it = [part for part in path.rglob("*") if part.is_file()] if path.is_dir() else [path]
    return sum(part.stat().st_size for part in files_in_it)


def describe_origin(path: Path) -> str:
    """The name of a file and its digest, for the metadata of a model; of a folder the name alone."""
    return f"{path.name} (sha256 {files.sha256(path)})" if path.is_file() else path.name

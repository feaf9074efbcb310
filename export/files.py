"""Output files that are never half-written, and where input files are told apart."""

from collections.abc import Mapping
from pathlib import Path

from edge import files
from edge.errors import SinkError


def write(contents: Mapping[Path, bytes]) -> None:
    """Write all of `contents` or none: none has its final name before every one is whole on the disk.

    Raises SinkError when one cannot be written.
    """
    try:
        for path in contents:
            path.parent.mkdir(parents=True, exist_ok=True)
        files.write_all(contents)
    except OSError as error:
        raise SinkError(
            f"expected to write {error.filename}, found: {error.strerror}; name another output"
        ) from error


def origin(path: Path) -> str:
    """What a model file says of a file that it was made from: its name, and its digest where it is no folder."""
    return f"{path.name} (sha256 {files.sha256(path)})" if path.is_file() else path.name


def one_line(error: BaseException) -> str:
    """A library's many-lined message as one line: what it says first and last, where it is long."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 240 else f"{text[:120]} … {text[-120:]}"

"""Output files that are never half-written, and where input files are told apart."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from edge.errors import SinkError


def write(files: Mapping[Path, bytes]) -> None:
    """Write all of `files` or none: none has its final name before every one is whole on the disk.

    Raises SinkError when one cannot be written.
    """
    partials = {path: path.with_name(f".partial-{path.name}") for path in files}
    try:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                raise IsADirectoryError(None, "it is a folder")
            partials[path].write_bytes(content)
        for path, partial in partials.items():
            os.replace(partial, path)
    except OSError as error:
        raise SinkError(f"expected to write {path}, found: {error.strerror}; name another output") from error
    finally:
        for partial in partials.values():
            # A parent that is a file, or was never made, holds no partial file.
            if partial.parent.is_dir():
                partial.unlink(missing_ok=True)


def origin(path: Path) -> str:
    """What a model file says of a file that it was made from: its name, and its digest where it is no folder."""
    return f"{path.name} (sha256 {sha256(path)})" if path.is_file() else path.name


def sha256(path: Path) -> str:
    """The digest of a file's content, in hexadecimal."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def one_line(error: BaseException) -> str:
    """A library's many-lined message as one line: what it says first and last, where it is long."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 240 else f"{text[:120]} … {text[-120:]}"

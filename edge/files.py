"""Writes files as a whole or not at all, computes their digests, and finds XDG's folders."""

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

_FOLDER = "fer-edge"


def locate_data_folder() -> Path:
    """The folder of what one command keeps for another: $XDG_DATA_HOME/fer-edge, else in ~/.local/share."""
    return _locate_folder("XDG_DATA_HOME", "~/.local/share")


def locate_cache_folder() -> Path:
    """The folder of what can be made again: $XDG_CACHE_HOME/fer-edge, else in ~/.cache."""
    return _locate_folder("XDG_CACHE_HOME", "~/.cache")


def _locate_folder(variable: str, default: str) -> Path:
    # expanduser, unlike Path.home(), raises nothing for a user without a home.
    return Path(os.environ.get(variable) or os.path.expanduser(default)) / _FOLDER


def sha256(path: Path) -> str:
    """The digest of a file's content, in hexadecimal; OSError if it cannot be read."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def make_partial_path(path: Path) -> Path:
    """The temporary file that becomes `path`: in its folder, hence on the same disk, and with its suffix."""
    return path.with_name(f".partial-{path.name}")


def write(path: Path, content: bytes | str) -> None:
    """Put `content` at `path`, text as UTF-8.  An OSError leaves `path` as it was."""
    write_all({path: content})


def write_all(contents: Mapping[Path, bytes | str]) -> None:
    """Put every content at its path: none has its final name before all are on the disk.

    An OSError leaves every path as it was; its `filename` is the path that could not be written.
    """
    for path in contents:
        if path.is_dir():
            raise IsADirectoryError(None, "it is a folder", str(path))
    with replace_together(*contents) as partials:
        for (path, content), partial in zip(contents.items(), partials, strict=True):
            try:
                partial.write_bytes(content.encode() if isinstance(content, str) else content)
            except OSError as error:
                error.filename = str(path)
                raise


@contextlib.contextmanager
def replace_together(*paths: Path) -> Iterator[list[Path]]:
    """Yield a temporary path for each of `paths`; the block writes there, and then the files get their names.

    A program that reads one of `paths` meanwhile, or after a power cut, finds the old file or the new one.
    The new file gets the permissions of the old one.  An exception in the block removes the temporary files
    and leaves `paths` as they were.  `paths` are replaced in their order; if the program is killed meanwhile,
    the remaining temporary files stay, each of them complete.
    """
    partials = [make_partial_path(path) for path in paths]
    try:
        yield partials
        for path, partial in zip(paths, partials, strict=True):
            _flush(partial)
            _keep_permissions(path, partial)
    except BaseException:
        _remove(partials)
        raise
    try:
        for path, partial in zip(paths, partials, strict=True):
            os.replace(partial, path)
    except OSError:
        _remove(partials)
        raise


def _remove(partials: list[Path]) -> None:
    for partial in partials:
        # If the folder does not exist, or is a file, there is no temporary file either.
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def _keep_permissions(path: Path, partial: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        partial.chmod(stat.S_IMODE(path.stat().st_mode))


def _flush(path: Path) -> None:
    """Wait until the content is on the disk: otherwise a power cut may leave an empty file at `path`."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Writes the files that the user names: whole or not at all, and a fault is a ConfigError."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge import files
from edge.errors import ConfigError


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`.

    Raises ConfigError, and leaves `path` as it was, when that cannot be done.
    """
    try:
        files.write(path, content)
    except OSError as error:
        raise ConfigError(f"expected to write {path}, found: {error.strerror}; name another file") from error


def write_json(path: Path, stats: Mapping[str, Any]) -> None:
    """Write `stats` as JSON for people and programs; raises ConfigError."""
    write_bytes(path, (json.dumps(stats, indent=2, ensure_ascii=False) + "\n").encode())

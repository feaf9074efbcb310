"""Figures on disk: written whole or not at all."""

import json
from pathlib import Path
from typing import Any

from edge import files
from edge.errors import ConfigError


def write(path: Path, content: bytes) -> None:
    """Put `content` at `path`; ConfigError, and nothing changed there, when it cannot be."""
    try:
        files.write(path, content)
    except OSError as error:
        raise ConfigError(f"expected to write {path}, found: {error.strerror}; name another file") from error


def write_json(path: Path, figures: dict[str, Any]) -> None:
    """`figures` as JSON for people and programs."""
    write(path, (json.dumps(figures, indent=2, ensure_ascii=False) + "\n").encode())

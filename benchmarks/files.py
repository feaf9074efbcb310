"""Figures on disk: written whole or not at all."""

import json
import os
from pathlib import Path
from typing import Any

from edge.errors import ConfigError


def write(path: Path, content: bytes) -> None:
    """Put `content` at `path`; ConfigError, and nothing changed there, when it cannot be."""
    partial = path.with_name(f".partial-{path.name}")
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    except OSError as error:
        if path.parent.is_dir():
            partial.unlink(missing_ok=True)
        raise ConfigError(f"expected to write {path}, found: {error.strerror}; name another file") from error


def write_json(path: Path, figures: dict[str, Any]) -> None:
    """`figures` as JSON for people and programs."""
    write(path, (json.dumps(figures, indent=2, ensure_ascii=False) + "\n").encode())

"""A virtual environment per kind of peer, kept in a cache folder and made once."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge import files

ROOT = Path(__file__).parents[2]
# TensorFlow is 600 MB to fetch.
INSTALL_WITHIN_S = 1800.0


class Unavailable(Exception):
    """A peer cannot take part; says why."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What stands in one virtual environment."""

    name: str
    requirements: tuple[str, ...]
    without_dependencies: tuple[str, ...] = ()
    """Installed besides, without what they ask for."""

    def __str__(self) -> str:
        """All requirements, a line each: what the environment is told by."""
        return "\n".join((*self.requirements, *self.without_dependencies))


def cache_folder() -> Path:
    """The folder of the peers' environments and of what they fetch."""
    return files.cache_folder() / "peers"


def run(command: list[str]) -> None:
    """Run `command` in silence; Unavailable, with the last it said, when it fails."""
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_WITHIN_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(str(error)) from error
    if ended.returncode:
        raise Unavailable(last_line(ended.stderr or ended.stdout))


def interpreter(environment: Environment, cache: Path, do: Callable[[list[str]], None] = run) -> Path:
    """The environment's Python; makes the environment where there is none of these very requirements.

    Raises Unavailable when something cannot be installed; what there was of it is taken away.
    """
    folder = cache / environment.name
    python, stamp = folder / "bin/python", folder / "requirements.txt"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == str(environment):
        return python
    shutil.rmtree(folder, ignore_errors=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        do([sys.executable, "-m", "venv", str(folder)])
        do([*pip, *environment.requirements])
        if environment.without_dependencies:
            do([*pip, "--no-deps", *environment.without_dependencies])
    except Unavailable as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise Unavailable(f"could not be installed: {error}") from error
    stamp.write_text(str(environment), encoding="utf-8")
    return python


def last_line(text: str) -> str:
    """The last line of `text` with anything on it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "nothing was said"

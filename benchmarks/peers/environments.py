"""A virtual environment for each kind of peer, kept in a cache folder and made once."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge import files

ROOT = Path(__file__).parents[2]
# TensorFlow is 600 MB to download.
INSTALL_WITHIN_S = 1800.0


class PeerUnavailable(Exception):
    """A peer cannot take part; the message says why."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The packages of one virtual environment."""

    name: str
    requirements: tuple[str, ...]
    without_dependencies: tuple[str, ...] = ()
    """Packages that are installed besides, without what they require."""

    def __str__(self) -> str:
        """List all packages, a line each; an environment with the same list need not be made again."""
        return "\n".join((*self.requirements, *self.without_dependencies))


def find_cache_folder() -> Path:
    """Find the folder of the peers' environments and of what they download."""
    return files.locate_cache_folder() / "peers"


def run_silently(command: list[str]) -> None:
    """Run `command` without output; raises PeerUnavailable with the last line of its output when it fails."""
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_WITHIN_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerUnavailable(str(error)) from error
    if ended.returncode:
        raise PeerUnavailable(get_last_line(ended.stderr or ended.stdout))


def prepare_interpreter(
    environment: Environment, cache: Path, run: Callable[[list[str]], None] = run_silently
) -> Path:
    """Return the environment's Python; make the environment unless one with the same packages is there.

    Raises PeerUnavailable when something cannot be installed; the unfinished environment is then removed.
    """
    folder = cache / environment.name
    python, stamp = folder / "bin/python", folder / "requirements.txt"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == str(environment):
        return python
    shutil.rmtree(folder, ignore_errors=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        run([sys.executable, "-m", "venv", str(folder)])
        run([*pip, *environment.requirements])
        if environment.without_dependencies:
            run([*pip, "--no-deps", *environment.without_dependencies])
    except PeerUnavailable as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise PeerUnavailable(f"could not be installed: {error}") from error
    stamp.write_text(str(environment), encoding="utf-8")
    return python


def get_last_line(text: str) -> str:
    """Return the last line of `text` that is not blank."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing"

"""Another commit of this repository in a git worktree of its own, in a temporary folder."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.errors import ConfigError

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Worktree:
    """A checkout of a commit: its root folder, and the commit's whole hash."""

    path: Path
    commit: str


@contextmanager
def open_worktree(commit: str, repository: Path = ROOT) -> Iterator[Worktree]:
    """Check `commit` out into a temporary folder, which is removed in the end.

    Raises ConfigError where `repository` is no git checkout or has no such commit.
    """
    found = _run_git(repository, "rev-parse", "--verify", "--end-of-options", f"{commit}^{{commit}}")
    with tempfile.TemporaryDirectory(prefix="fer-edge-") as folder:
        path = Path(folder, "checkout")
        _run_git(repository, "worktree", "add", "--quiet", "--detach", str(path), found)
        try:
            yield Worktree(path, found)
        finally:
            _run_git(repository, "worktree", "remove", "--force", str(path))


def _run_git(repository: Path, *arguments: str) -> str:
    try:
        ended = subprocess.run(
            ["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=True
        )
    except OSError as error:
        raise ConfigError(f"expected git to run, found: {error.strerror}; install git") from error
    except subprocess.CalledProcessError as error:
        raise ConfigError(
            f"expected a commit of the git repository in {repository}, found: "
            f"{error.stderr.strip().splitlines()[-1] if error.stderr.strip() else 'no message'}; "
            "name a commit that git log lists"
        ) from error
    return ended.stdout.strip()

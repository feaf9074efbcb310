"""Worktrees of a small repository."""

import subprocess
from pathlib import Path

import pytest

from benchmarks.speed.worktree import open_worktree
from edge.errors import ConfigError


def run_git(repository: Path, *arguments: str) -> str:
    who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
    command = ["git", "-C", str(repository), *who, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits; the file says which."""
    path = tmp_path / "repository"
    path.mkdir()
    run_git(path, "init", "--quiet")
    for content in ("old", "new"):
        (path / "file").write_text(content)
        run_git(path, "add", "file")
        run_git(path, "commit", "--quiet", "--message", content)
    return path


def test_commit_is_checked_out_and_removed(repository: Path) -> None:
    with open_worktree("HEAD~1", repository) as worktree:
        assert (worktree.path / "file").read_text() == "old"
        assert worktree.commit == run_git(repository, "rev-parse", "HEAD~1").strip()
        (worktree.path / "left").write_text("a file that a pass left there")
    assert not worktree.path.parent.exists()
    assert len(run_git(repository, "worktree", "list").splitlines()) == 1


def test_worktree_is_removed_after_an_error(repository: Path) -> None:
    with pytest.raises(ZeroDivisionError), open_worktree("HEAD", repository) as worktree:
        _ = 1 / 0
    assert not worktree.path.parent.exists()
    assert len(run_git(repository, "worktree", "list").splitlines()) == 1


@pytest.mark.parametrize("commit", ["none", "--all", ""])
def test_commit_that_does_not_exist_is_refused(commit: str, repository: Path) -> None:
    with (
        pytest.raises(ConfigError, match="expected a commit of the git repository"),
        open_worktree(commit, repository),
    ):
        pass


def test_folder_without_a_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="name a commit"), open_worktree("HEAD", tmp_path):
        pass

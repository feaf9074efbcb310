"""The environments of the peers; nothing is installed."""

import sys
from pathlib import Path

import pytest

from benchmarks.peers.environments import Environment, PeerUnavailable, prepare_interpreter, run_silently


class Pip:
    """Makes what venv would, and notes what pip is stats."""

    def __init__(self, fails_at: str = "never") -> None:
        self.commands: list[list[str]] = []
        self._fails_at = fails_at

    def __call__(self, stats: list[str]) -> None:
        self.commands.append(stats)
        if "venv" in stats:
            Path(stats[-1]).mkdir()
        if self._fails_at in stats:
            raise PeerUnavailable("no such release")


def test_environment_is_made_once_per_set_of_requirements(tmp_path: Path) -> None:
    pip = Pip()
    python = prepare_interpreter(Environment("x", ("a==1", "b")), tmp_path, pip)
    assert python == tmp_path / "x/bin/python"
    prepare_interpreter(Environment("x", ("a==1", "b")), tmp_path, pip)
    assert len(pip.commands) == 2 and pip.commands[1][-2:] == ["a==1", "b"]
    prepare_interpreter(Environment("x", ("a==2",), without_dependencies=("c",)), tmp_path, pip)
    assert pip.commands[-1][-2:] == ["--no-deps", "c"]
    assert len(pip.commands) == 5


def test_environment_that_cannot_be_installed_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(PeerUnavailable, match="could not be installed: no such release"):
        prepare_interpreter(Environment("x", ("a==9",)), tmp_path, Pip(fails_at="a==9"))
    assert not list(tmp_path.iterdir())


def test_failing_command_is_reported_by_its_last_line() -> None:
    with pytest.raises(PeerUnavailable, match=r"^the end$"):
        run_silently([sys.executable, "-c", "import sys; sys.exit('first\\nthe end\\n')"])

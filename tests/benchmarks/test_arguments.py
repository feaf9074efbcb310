"""The one command of all benchmarks."""

import importlib
import subprocess
import sys
from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.arguments import make_parser

NAMES = [
    "stages",
    "line",
    "agreement",
    "steadiness",
    "recall",
    "soak",
    "peers",
    "arm64",
    "load",
    "cycles",
    "fleet",
]


def get_commands() -> dict[str, ArgumentParser]:
    (commands,) = (action for action in make_parser()._actions if isinstance(action, _SubParsersAction))
    return dict(commands.choices)


def test_all_benchmarks_are_listed() -> None:
    assert list(get_commands()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_benchmark_is_the_module_of_its_name(name: str) -> None:
    module = get_commands()[name].get_default("module")
    assert module.rpartition(".")[2] == name
    assert callable(importlib.import_module(module).run)


@pytest.mark.parametrize("name", ["peers", "arm64"])
def test_alias_is_the_benchmark_itself(name: str) -> None:
    def run_help(*arguments: str) -> str:
        command = [sys.executable, "-m", *arguments, "--help"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert run_help(f"benchmarks.{name}") == run_help("benchmarks", name)


def test_no_name_means_stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[Namespace] = []
    monkeypatch.setattr("benchmarks.speed.stages.run", chosen.append)
    assert main([]) == 0
    assert [namespace.command for namespace in chosen] == ["stages"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["soak", "--viewers", "0"], "expected a whole number of at least 1, found 0"),
        (["soak", "--minutes", "inf"], "expected a number above 0, found inf"),
        (["sprint"], "invalid choice: 'sprint'"),
    ],
)
def test_wrong_argument_is_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 78
    assert message in capsys.readouterr().err

"""The checks of the model files and of the trial."""

from pathlib import Path

import pytest

from edge.checks import model
from edge.checks.check_result import CheckState
from edge.checks.machine import CommandResult
from edge.settings import benchmark_result
from edge.settings.config import Config
from tests.checks.machines import TRIAL, make_machine, states_of, write_file


@pytest.mark.parametrize(
    ("ran", "state", "text"),
    [
        (
            CommandResult(65, "", "INFO x\nexpected a model at x, found no file; make one"),
            CheckState.PROBLEM,
            "expected a model at x",
        ),
        (CommandResult(78, "", "expected"), CheckState.SKIPPED, "no trial before the settings are right"),
        (
            CommandResult(124, "", "no answer within 60 s"),
            CheckState.PROBLEM,
            "the trial fails: no answer within 60 s",
        ),
        (
            CommandResult(0, TRIAL.stdout.replace('"happy", "took', 'null, "took'), ""),
            CheckState.PROBLEM,
            "no face",
        ),
        (
            CommandResult(0, TRIAL.stdout.replace('"happy", "took', '"angry", "took'), ""),
            CheckState.WARNING,
            "where happy is expected",
        ),
    ],
)
def test_trial_that_goes_wrong(pi: Path, ran: CommandResult, state: CheckState, text: str) -> None:
    *_, (found, said) = states_of(model.check_model(make_machine(pi, {"edge.checks.trial": ran}), Config()))
    assert found is state and text in said


def test_result_of_the_benchmark(pi: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    here = make_machine(pi)
    assert [state for state, _ in states_of(model.check_benchmark(here, Config()))] == [CheckState.SKIPPED]
    write_file(benchmark_result.locate(), "{")
    assert [state for state, _ in states_of(model.check_benchmark(here, Config()))] == [CheckState.WARNING]
    write_file(
        benchmark_result.locate(),
        '{"machine": "another", "compared": {}, "model": "a", "threads": 1, "why": "b"}',
    )
    [(state, text)] = states_of(model.check_benchmark(here, Config()))
    assert state is CheckState.WARNING and "it is of another" in text

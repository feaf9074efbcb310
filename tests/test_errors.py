"""How commands end whose reader goes, as `head` does."""

import os
import subprocess
import sys

import pytest

from edge.errors import READER_GONE, command
from tests.conftest import ROOT


@pytest.mark.parametrize("environment", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["at the end", "at once"])
@pytest.mark.parametrize(
    "arguments", [("edge.doctor", "--json", "--camera", "demo"), ("edge.run", "--print-config")], ids=" ".join
)
def test_command_whose_reader_has_gone_ends_quietly(
    arguments: tuple[str, ...], environment: dict[str, str]
) -> None:
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**inherited, **environment},
    ) as ran:
        assert ran.stdout and ran.stderr
        ran.stdout.close()
        assert ran.stderr.read() == b""
    assert ran.returncode == READER_GONE == 128 + 13


def test_command_without_an_output_does_its_work() -> None:
    ended = subprocess.run(
        f"{sys.executable} -m edge.run --print-config >&-",
        shell=True,
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_pipe_that_breaks_elsewhere_is_a_bug() -> None:
    @command
    def breaking() -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        breaking()

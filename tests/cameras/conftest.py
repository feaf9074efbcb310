"""A fixture that holds a file open in another process."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def hold_open() -> Iterator[Callable[[Path], int]]:
    """A function that opens a file in another process and returns that process's id."""
    started: list[subprocess.Popen[str]] = []

    def start(path: Path) -> int:
        program = "import sys; file = open(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
        process = subprocess.Popen(
            [sys.executable, "-c", program, path], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        started.append(process)
        assert process.stdout is not None and process.stdout.readline() == "open\n"
        return process.pid

    yield start
    for process in started:
        process.communicate("")

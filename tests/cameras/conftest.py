"""A process that holds a file open."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def hold() -> Iterator[Callable[[Path], int]]:
    """Opens a file in another process, and gives that process's number."""
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

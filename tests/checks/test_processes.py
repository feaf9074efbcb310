"""Which processes are known to be ours."""

from pathlib import Path

from edge.checks.processes import read_process
from tests.checks.machines import add_process


def test_our_own_program_is_recognized(pi: Path) -> None:
    add_process(pi, 5, "python3", "python3 -m edge.run --camera 0")
    add_process(pi, 6, "python3", "python3 -m edge.runner")
    assert read_process(5, pi / "proc").is_ours and not read_process(6, pi / "proc").is_ours

"""Commands and versions on this very machine."""

import sys

from edge.checks.machine import CommandResult, find_version, run


def test_commands_have_a_time_limit_and_missing_ones_give_none() -> None:
    assert run(["no-such-command"], 1) is None
    assert run([sys.executable, "-c", "import time; time.sleep(60)"], 0.1) == CommandResult(
        124, "", "no answer within 0.1 s"
    )
    killed = run([sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGILL)"], 60)
    assert killed is not None and killed.code == -4
    assert find_version("no-such-distribution") is None and find_version("numpy")

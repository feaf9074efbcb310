"""Prometheus' own checks, where its tool is."""

import os
import shutil
import subprocess

import pytest

from tests.conftest import ROOT

PROMTOOL = shutil.which("promtool", path=f"{ROOT / '.venv/bin'}:{os.environ['PATH']}")


def check(*arguments: object, text: bytes = b"") -> str:
    """The output of `promtool check`; fails the test on a complaint, and skips it without promtool."""
    if PROMTOOL is None:
        assert os.environ.get("CI") != "true", "promtool is not there; make promtool brings it"
        pytest.skip("promtool is not there; make promtool brings it")
    ended = subprocess.run(
        [PROMTOOL, "check", *map(str, arguments)], input=text, capture_output=True, check=False
    )
    said = (ended.stdout + ended.stderr).decode()
    assert ended.returncode == 0, said
    return said

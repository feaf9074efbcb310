"""A small fleet at a real broker."""

import os

import pytest

from benchmarks.__main__ import main
from tests.mosquitto import MOSQUITTO


@pytest.mark.skipif(MOSQUITTO is None and os.environ.get("CI") != "true", reason="mosquitto is not installed")
def test_small_fleet_runs_through_outages(capsys: pytest.CaptureFixture[str]) -> None:
    # Too short for every device to report something; the exit code is 1 then.
    assert main(["fleet", "--devices", "6", "--seconds", "2"]) in (0, 1)
    printed = capsys.readouterr().out
    assert "all at work" in printed and "one killed, one stalled" in printed
    assert "killed: offline after" in printed


def test_too_few_devices_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fleet", "--devices", "2"]) == 78
    assert "expected at least 3 for --devices, found 2" in capsys.readouterr().err

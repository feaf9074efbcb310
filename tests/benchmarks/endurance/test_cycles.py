"""The camera that is unplugged again and again."""

import pytest

from benchmarks.__main__ import main


def test_pipeline_goes_on_after_each_cycle(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    # The command raises the level of the root logger; caplog restores it.
    caplog.set_level("WARNING")
    main(["cycles", "--cycles", "3"])
    assert "reconnects 3)" in capsys.readouterr().out


def test_number_below_1_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cycles", "--cycles", "0"]) == 78
    assert "at least 1" in capsys.readouterr().err

"""The camera that is unplugged again and again."""

import pytest

from benchmarks.endurance import cycles
from benchmarks.endurance.cycles import Held, grown


@pytest.mark.parametrize(
    ("after", "named"),
    [
        (Held(7, 9, 100.5), []),
        (Held(6, 8, 90.0), []),
        (Held(8, 9, 100.0), ["threads"]),
        (Held(7, 10, 100.0), ["descriptors"]),
        (Held(7, 9, 103.0), ["memory"]),
    ],
)
def test_growth_is_named(after: Held, named: list[str]) -> None:
    assert [line.split(":")[0] for line in grown(Held(7, 9, 100.0), after)] == named


def test_line_goes_on_after_each_cycle(capsys: pytest.CaptureFixture[str]) -> None:
    cycles.main(["--cycles", "3"])
    assert "reconnects 3)" in capsys.readouterr().out


def test_what_cannot_be_done_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cycles.main(["--cycles", "0"]) == 78
    assert "at least 1" in capsys.readouterr().err

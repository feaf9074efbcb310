"""What has grown between two moments."""

import pytest

from benchmarks.endurance.growth import list_growth
from benchmarks.process_usage import ProcessUsage


@pytest.mark.parametrize(
    ("after", "named"),
    [
        (ProcessUsage(7, 9, 100.5), []),
        (ProcessUsage(6, 8, 90.0), []),
        (ProcessUsage(8, 9, 100.0), ["threads"]),
        (ProcessUsage(7, 10, 100.0), ["descriptors"]),
        (ProcessUsage(7, 9, 103.0), ["memory"]),
    ],
)
def test_growth_is_named(after: ProcessUsage, named: list[str]) -> None:
    assert [line.split(":")[0] for line in list_growth(ProcessUsage(7, 9, 100.0), after)] == named

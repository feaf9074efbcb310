"""The script of a device's face."""

from itertools import pairwise

from benchmarks.fleet.simulated_device import FaceScript


def test_script_changes_at_times_and_is_the_same_in_every_run() -> None:
    def labels(seed: str) -> list[tuple[str, ...]]:
        script = FaceScript(seed)
        return [
            tuple(reading.smoothed.label for reading in script.make_result(number, 0.0).readings)
            for number in range(1000)
        ]

    shown = labels("pi-001")
    assert shown == labels("pi-001") != labels("pi-002")
    changes = sum(before != after for before, after in pairwise(shown))
    assert 10 <= changes <= 60

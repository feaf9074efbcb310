"""Medians, ratios, the table and the JSON."""

import json
from typing import Any

from benchmarks.peers.ranking import compute_medians, compute_ratio, describe_participants, format_table
from benchmarks.peers.turns import Participant
from tests.benchmarks.peers.stats import make_stats


def test_ratio_is_that_within_a_pass() -> None:
    # The machine is half as fast in the second pass, for both.
    ours = [make_stats(200, 2), make_stats(100, 4), make_stats(200, 2)]
    theirs = [make_stats(20, 40), make_stats(10, 80), make_stats(25, 40)]
    assert compute_ratio(ours, theirs, "frames_per_s") == 10
    assert compute_medians(theirs)["frames_per_s"] == 20


def test_table_and_json_have_stats_and_reasons() -> None:
    participants = [
        Participant("ours", runs=[make_stats(200, 2)] * 2),
        Participant("slow", runs=[make_stats(20, 50)] * 2),
        Participant("gone", excluded_because="no weights"),
        Participant("gone too", excluded_because="no weights"),
    ]
    lines = format_table(participants).splitlines()
    assert lines[3] == "| slow | 20 | 10.0 | 50.0 | 25.0 | 100 | 0.50 | 90% |"
    assert lines[-1] == "- gone; gone too: no weights"
    stats: list[dict[str, Any]] = json.loads(json.dumps(describe_participants(participants)))
    assert stats[1]["ours_faster"] == 10 and stats[1]["ours_cpu_less"] == 25
    assert stats[1]["median"] == make_stats(20, 50) and len(stats[1]["runs"]) == 2
    assert stats[2] == {"name": "gone", "out": "no weights", "runs": []}

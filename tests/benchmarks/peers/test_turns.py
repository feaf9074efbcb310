"""Peers that run in turn, and peers that fail."""

import json
import sys

from benchmarks.peers.environments import PeerUnavailable
from benchmarks.peers.turns import Participant, RunStats, run_in_turn
from tests.benchmarks.peers.stats import make_stats


def make_program(text: str) -> tuple[str, ...]:
    return sys.executable, "-c", text


WORKING = f"print('hello'); print('''{json.dumps(make_stats(50, 20))}''')"


def test_peer_that_fails_does_not_stop_the_others() -> None:
    participants = [
        Participant("ours", make_program(WORKING)),
        Participant("broken", make_program("import sys; print('one'); sys.exit('no weights')")),
        Participant("silent", make_program("print('done')")),
        Participant("missing", ("/no/such/python",)),
        Participant("skipped", excluded_because="no network"),
        Participant("last", make_program(WORKING)),
    ]
    printed: list[str] = []
    run_in_turn(participants, 2, report=printed.append)
    assert [len(participant.runs) for participant in participants] == [2, 0, 0, 0, 0, 2]
    assert [participant.excluded_because for participant in participants[1:3]] == [
        "no weights",
        "expected its stats, found: done",
    ]
    assert "/no/such/python" in str(participants[3].excluded_because)
    # A participant that is excluded is not called again.
    assert sum("broken" in line for line in printed) == 1


def test_passes_go_round() -> None:
    order: list[str] = []

    def run(called: tuple[str, ...]) -> RunStats:
        order.append(called[0])
        if called[0] == "b" and len(order) > 3:
            raise PeerUnavailable("died in the second pass")
        return make_stats(1, 1)

    participants = [Participant(name, (name,)) for name in "abc"]
    run_in_turn(participants, 3, run)
    assert "".join(order) == "abcabcac"
    assert participants[1].excluded_because == "died in the second pass" and len(participants[1].runs) == 1

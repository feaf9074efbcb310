"""The benchmark peers: installs other programs and times them and ours over one clip in turn."""

import sys
from argparse import Namespace
from pathlib import Path

from benchmarks.machine_info import ConditionRecorder, describe_condition, describe_machine, format_machine
from benchmarks.output_file import write_json
from benchmarks.peers import environments, ranking, turns
from benchmarks.peers.catalogue import PEERS, Peer, PeerFiles
from benchmarks.peers.environments import PeerUnavailable
from benchmarks.peers.turns import Participant
from edge import models
from edge.errors import CameraNotFound, ConfigError

HOW = (
    "All decode one file with FFmpeg (fer-edge by PyAV, the rest by OpenCV), read every frame and draw "
    "the result on it. "
    "Frames/s, CPU (all threads of the process) and resident memory are those of the frames after the "
    "first; the time to the first result counts from the start of the process. Ratios are the medians of "
    "those within each pass."
)


def run(chosen: Namespace) -> None:
    """Print the table; write JSON where --json asks for it."""
    if not chosen.clip.is_file():
        raise CameraNotFound(
            f"expected a video in {chosen.clip}, found no file that can be read; name another with --clip"
        )
    if chosen.passes < 1 or chosen.frames < 2:
        raise ConfigError(
            f"expected --passes of 1 and --frames of 2 or more, found {chosen.passes} and "
            f"{chosen.frames}; ask for more"
        )
    cache = environments.find_cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    peer_files = PeerFiles(chosen.keras_json, chosen.keras_weights, chosen.yunet, chosen.zoo, cache)
    participants = [
        _prepare_participant(peer, peer_files, chosen) for peer in PEERS if _is_asked_for(peer, chosen.only)
    ]
    with ConditionRecorder() as recorder:
        turns.run_in_turn(participants, chosen.passes, report=_report)
    machine = describe_machine(models.locate_classifier())
    for warning in recorder.condition.list_warnings():
        _report(f"doubtful: {warning}")
    print(
        f"{format_machine(machine)}; {chosen.clip.name}, {chosen.frames} frames, "
        f"{chosen.passes} passes in turn."
    )
    print(f"{HOW}\n\n{ranking.format_table(participants)}")
    if chosen.json:
        stats = {
            "command": "peers",
            "machine": machine,
            "condition": describe_condition(recorder.condition),
            "clip": chosen.clip.name,
            "frames": chosen.frames,
            "passes": chosen.passes,
            "how": HOW,
            "peers": ranking.describe_participants(participants),
        }
        write_json(chosen.json, stats)


def _is_asked_for(peer: Peer, only: str | None) -> bool:
    return only is None or peer.environment is None or only.lower() in peer.name.lower()


def _prepare_participant(peer: Peer, peer_files: PeerFiles, chosen: Namespace) -> Participant:
    """Make the peer's environment and find its files.

    A peer that lacks something is excluded with the reason.
    """
    try:
        interpreter = Path(sys.executable)
        if peer.environment is not None:
            _report(f"environment {peer.environment.name}")
            interpreter = environments.prepare_interpreter(peer.environment, peer_files.cache)
        arguments = peer.make_arguments(peer_files, interpreter)
    except PeerUnavailable as error:
        return Participant(peer.name, excluded_because=str(error))
    command = turns.make_command(interpreter, peer.runner, chosen.clip, chosen.frames, arguments)
    return Participant(peer.name, command)


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)

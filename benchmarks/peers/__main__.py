"""The command: installs the peers, runs them and ours over one clip in turn, prints who is how fast.

python -m benchmarks.peers --clip FILE [--yunet FILE] [--passes N] [--json OUT]
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import files, machine_info
from benchmarks.peers import contest, environments, ranking
from benchmarks.peers.catalogue import PEERS, Material, Peer
from benchmarks.peers.contest import Entrant
from benchmarks.peers.environments import Unavailable
from edge import models
from edge.command import ArgumentParser, command, make_parser
from edge.errors import CameraNotFound, ConfigError

# Four times the 115 frames of the video that the figures in the README were taken with, and a few.
FRAMES = 464
HOW = (
    "Each decodes the same video file with OpenCV's FFmpeg, reads every frame and draws the result on it. Frames/s, "
    "CPU (all threads of the process) and resident memory speak of the frames after the first; the first result's "
    "time counts from the start of the process. Ratios are the medians of those within each pass."
)


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    _run(_parser().parse_args(arguments))


def _parser() -> ArgumentParser:
    parser = make_parser(
        "python -m benchmarks.peers",
        (
            "Run other programs and fer-edge over the same clip in turn and print who is how fast. Each peer is installed "
            "in an environment of its own below $XDG_CACHE_HOME/fer-edge/peers (4 GB, most of it TensorFlow, twice)."
        ),
    )
    parser.add_argument("--clip", type=Path, required=True, metavar="FILE", help="a video with a face")
    parser.add_argument(
        "--yunet",
        type=Path,
        metavar="FILE",
        default=models.yunet_path(),
        help="YuNet's model (default: the one that python -m edge.models fetched)",
    )
    parser.add_argument(
        "--keras-json", type=Path, metavar="FILE", help="the architecture of the 2023 network"
    )
    parser.add_argument("--keras-weights", type=Path, metavar="FILE", help="its weights, an .h5 file")
    parser.add_argument(
        "--zoo",
        type=Path,
        metavar="FILE",
        help="OpenCV Zoo's int8 MobileFaceNet (default: fetched; a stand-in where it cannot be)",
    )
    parser.add_argument(
        "--passes", type=int, default=4, metavar="N", help="runs of each, in turn (default: 4)"
    )
    parser.add_argument(
        "--frames",
        type=int,
        default=FRAMES,
        metavar="N",
        help=f"frames a run; the clip starts again at its end (default: {FRAMES})",
    )
    parser.add_argument(
        "--only", metavar="TEXT", help="only ours and peers whose name holds TEXT (default: all)"
    )
    parser.add_argument(
        "--json", type=Path, metavar="OUT", help="write all figures to this file (default: none)"
    )
    return parser


def _run(chosen: argparse.Namespace) -> None:
    if not chosen.clip.is_file():
        raise CameraNotFound(
            f"expected a video in {chosen.clip}, found no file that can be read; name another with --clip"
        )
    if chosen.passes < 1 or chosen.frames < 2:
        raise ConfigError(
            f"expected --passes of 1 and --frames of 2 or more, found {chosen.passes} and "
            f"{chosen.frames}; ask for more"
        )
    cache = environments.cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    material = Material(chosen.keras_json, chosen.keras_weights, chosen.yunet, chosen.zoo, cache)
    entrants = [
        _entrant(peer, material, chosen)
        for peer in PEERS
        if chosen.only is None or peer.environment is None or chosen.only.lower() in peer.name.lower()
    ]
    with machine_info.Watched() as watched:
        contest.hold(entrants, chosen.passes, say=_say)
    here = machine_info.described(models.classifier_path())
    for line in watched.condition.warnings():
        _say(f"doubtful: {line}")
    print(
        f"{machine_info.headline(here)}; {chosen.clip.name}, {chosen.frames} frames, {chosen.passes} passes in turn."
    )
    print(f"{HOW}\n\n{ranking.table(entrants)}")
    if chosen.json:
        files.write_json(
            chosen.json,
            {
                "command": "peers",
                "machine": here,
                "condition": machine_info.condition(watched.condition),
                "clip": chosen.clip.name,
                "frames": chosen.frames,
                "passes": chosen.passes,
                "how": HOW,
                "peers": ranking.as_json(entrants),
            },
        )


def _entrant(peer: Peer, material: Material, chosen: argparse.Namespace) -> Entrant:
    """The peer with its environment and its material in place, or out with the reason."""
    try:
        python = Path(sys.executable)
        if peer.environment is not None:
            _say(f"environment {peer.environment.name}")
            python = environments.interpreter(peer.environment, material.cache)
        own = peer.arguments(material, python)
    except Unavailable as error:
        return Entrant(peer.name, out=str(error))
    return Entrant(peer.name, contest.command(python, peer.runner, chosen.clip, chosen.frames, own))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

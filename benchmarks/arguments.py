"""The one command line of all benchmarks: their names, options, defaults and units."""

from argparse import _SubParsersAction
from pathlib import Path
from typing import TypeAlias

from benchmarks import options
from benchmarks.options import SHOW_DEFAULT
from edge import command as command_line
from edge import models
from edge.command import ArgumentParser

_Commands: TypeAlias = "_SubParsersAction[ArgumentParser]"

# Four times the 115 frames of the video that the README's table was measured with, and a few.
PEERS_FRAMES = 464
# Following searches the whole frame for new faces in four parts, one part a frame: this is enough to see many
# rounds.
ARM64_FRAMES = 60


def make_parser() -> ArgumentParser:
    """Make the parser; the namespace's `module` names the module whose `run` takes the namespace."""
    whole = command_line.make_parser(
        "python -m benchmarks",
        "Measure how fast, how right and how steady fer-edge is on this very device, and beside other "
        "programs. Without a NAME: stages.",
    )
    commands = whole.add_subparsers(metavar="NAME", dest="command")
    _add_stages(commands)
    _add_line(commands)
    _add_agreement(commands)
    _add_steadiness(commands)
    _add_recall(commands)
    _add_soak(commands)
    _add_peers(commands)
    _add_arm64(commands)
    _add_load(commands)
    _add_cycles(commands)
    _add_fleet(commands)
    return whole


def _add(commands: _Commands, name: str, module: str, text: str) -> ArgumentParser:
    """Add the command `name`; `text` describes it, and its part before the colon is its line in the list."""
    command = commands.add_parser(name, help=text.partition(":")[0], description=text)
    command.set_defaults(module=f"benchmarks.{module}")
    return command


def _add_stages(commands: _Commands) -> None:
    command = _add(
        commands,
        "stages",
        "speed.stages",
        "Time the stages one by one: decoding, searching whole frames and regions, preprocessing, the "
        "classifier for 1 to 8 faces in each form on 1 to 4 threads (as many as there are cores), drawing, "
        "encoding. Leaves the app the form and the threads that serve this machine best, unless --model "
        "names a file; for the service, run it with sudo XDG_DATA_HOME=/var/lib.",
    )
    options.add_clip(command)
    options.add_detector(command)
    options.add_number(command, "--rounds", 9, "rounds in which all stages take turns")
    command.add_argument(
        "--png",
        type=Path,
        metavar="OUT",
        help="draw where the time goes to this file; needs matplotlib (default: none)",
    )
    options.add_json(command)
    options.add_compare(command)


def _add_line(commands: _Commands) -> None:
    command = _add(
        commands,
        "line",
        "speed.line",
        "Measure the whole pipeline, in a process of its own: frames per second, CPU time per frame, "
        "memory, latency from capture to drawn frame, time to the first one, and the pipeline's CPU time as "
        "a multiple of that of the library calls that it makes.",
    )
    source = command.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--clip",
        type=Path,
        metavar="FILE",
        help="a video with a face, or demo; it is played as a USB camera's JPEGs, forwards and backwards",
    )
    source.add_argument("--camera", metavar="SPEC", help="a live camera, as python -m edge.run names it")
    command.add_argument(
        "--size",
        type=options.parse_size,
        metavar="WIDTHxHEIGHT",
        help="put the clip's face on a wall of this size, px (default: play the clip as it is)",
    )
    command.add_argument(
        "--faces",
        type=options.parse_whole_number,
        metavar="N",
        help="put it there so often, each time from another moment of the clip (default: 1; without --size "
        "on a wall of the clip's size)",
    )
    options.add_detector(command)
    options.add_number(command, "--frames", 464, "frames of a pass")
    options.add_number(command, "--fps", 30, "rate of the live passes")
    options.add_number(command, "--rounds", 3, "passes of each kind")
    watched = command.add_mutually_exclusive_group()
    watched.add_argument(
        "--viewer",
        action="store_true",
        help="send the frames over HTTP to one viewer, so that each is encoded (default: only draw them)",
    )
    watched.add_argument(
        "--not-drawn",
        action="store_true",
        help="have nobody look at pictures, so that none is drawn (default: draw every frame)",
    )
    command.add_argument(
        "--against",
        metavar="COMMIT",
        help="run passes of this commit, since 0dd6e5c, and of this checkout in turn: print the ratios of "
        "their stats (default: measure this checkout alone)",
    )
    options.add_json(command)
    options.add_compare(command)


def _add_agreement(commands: _Commands) -> None:
    command = _add(
        commands,
        "agreement",
        "agreement.agreement",
        "Compare the faces that the pipeline follows with a search of every whole frame by the same "
        "detector: over a clip and over scenes made of it, in which faces go and come, jump, pass, come "
        "near, stand in a dim room. Also counts how often labels change, and how late.",
    )
    options.add_clip(command)
    options.add_detector(command)
    options.add_number(command, "--seconds", 12.0, "length of each scene, s of media time")
    options.add_json(command)


def _add_steadiness(commands: _Commands) -> None:
    command = _add(
        commands,
        "steadiness",
        "steadiness.steadiness",
        "Compare the results over a clip with those over the same clip with noise: how far boxes, crops and "
        "probabilities differ although nothing else has changed, and how often labels do.",
    )
    options.add_clip(command)
    options.add_detector(command)
    options.add_number(command, "--frames", 200, "frames to compare, forwards and backwards")
    options.add_number(command, "--noise", 2.0, "standard deviation of the noise, grey levels of 256")
    options.add_number(command, "--rounds", 5, "how often to compare, each time with other noise")
    options.add_json(command)


def _add_recall(commands: _Commands) -> None:
    command = _add(
        commands,
        "recall",
        "recall.recall",
        "Count the small faces that are found at first sight: a clip shrunk until its face is 24, 36 and "
        "48 px high, plain, dark, noisy and blurred, compared with YuNet in colour over the whole picture.",
    )
    options.add_clip(command)
    options.add_detector(command)
    options.add_number(command, "--every", 2, "take each Nth picture of the clip")
    options.add_json(command)


def _add_soak(commands: _Commands) -> None:
    command = _add(
        commands,
        "soak",
        "endurance.soak",
        "Run the pipeline at the camera's rate for minutes or hours: faces come and go, viewers connect, "
        "stall and leave. Ends with exit code 1 when memory, threads or descriptors have grown since the "
        "first minute.",
    )
    options.add_clip(command)
    options.add_detector(command)
    options.add_number(command, "--minutes", 20.0, "how long")
    options.add_number(command, "--viewers", 4, "viewers at a time")
    options.add_number(command, "--fps", 30, "the camera's rate")
    options.add_json(command)


def _add_peers(commands: _Commands) -> None:
    command = _add(
        commands,
        "peers",
        "peers.peers",
        "Run other programs and fer-edge over the same clip in turn: prints how fast each is. Each peer is "
        "installed in an environment of its own below $XDG_CACHE_HOME/fer-edge/peers (4 GB, most of it "
        "TensorFlow, twice).",
    )
    command.add_argument("--clip", type=Path, required=True, metavar="FILE", help="a video with a face")
    command.add_argument(
        "--yunet",
        type=Path,
        metavar="FILE",
        default=models.locate_yunet(),
        help="YuNet's model (default: the one that python -m edge.models fetched)",
    )
    for option, text in (
        ("--keras-json", "the architecture of the 2023 network"),
        ("--keras-weights", "its weights, an .h5 file"),
        ("--zoo", "OpenCV Zoo's int8 MobileFaceNet (default: fetched; a stand-in where it cannot be)"),
    ):
        command.add_argument(option, type=Path, metavar="FILE", help=text)
    command.add_argument(
        "--passes", type=int, default=4, metavar="N", help=f"runs of each, in turn {SHOW_DEFAULT}"
    )
    command.add_argument(
        "--frames",
        type=int,
        default=PEERS_FRAMES,
        metavar="N",
        help=f"frames of a run; the clip starts again at its end {SHOW_DEFAULT}",
    )
    command.add_argument(
        "--only", metavar="TEXT", help="only ours and the peers whose name contains TEXT (default: all)"
    )
    options.add_json(command)


def _add_arm64(commands: _Commands) -> None:
    command = _add(
        commands,
        "arm64",
        "arm64.arm64",
        "Count the arm64 instructions of a frame: runs the work of each frame under QEMU, once with faces "
        "followed and once with every whole frame searched, checks that the results are those of this "
        "machine, and estimates the time on a Raspberry Pi 4 and 5. The first run makes a Debian for arm64 "
        "below $XDG_CACHE_HOME/fer-edge/arm64, which needs root, the packages debootstrap, gcc and "
        "qemu-user (Debian 12's), and a network.",
    )
    command.add_argument("--clip", type=Path, required=True, metavar="FILE", help="a video with a face")
    command.add_argument("--yunet", metavar="FILE", help="YuNet's model: count with it (default: with Haar)")
    options.add_number(command, "--frames", ARM64_FRAMES, "frames to count over")
    options.add_json(command)


def _add_load(commands: _Commands) -> None:
    command = _add(
        commands,
        "load",
        "speed.load",
        "Measure what viewers cost: frames analysed per second on the demo camera with nobody watching and "
        "with many clients of the stream on this machine, of which half never read, in turn.",
    )
    options.add_number(command, "--clients", 200, "how many clients")
    options.add_number(command, "--rounds", 5, "rounds, each with nobody and then with the clients")
    options.add_number(command, "--seconds", 10.0, "length of each half of a round, s")
    options.add_json(command)


def _add_cycles(commands: _Commands) -> None:
    command = _add(
        commands,
        "cycles",
        "endurance.cycles",
        "Unplug a camera and plug it in again and again: a stand-in takes the place of the camera. Ends "
        "with exit code 1 when threads, descriptors or memory have grown, or when the pipeline took more "
        "than 2 s to go on.",
    )
    options.add_number(command, "--cycles", 1000, "how many times")


def _add_fleet(commands: _Commands) -> None:
    command = _add(
        commands,
        "fleet",
        "fleet.fleet",
        "Simulate a fleet that reports to one MQTT broker: a Mosquitto on this machine, and devices that "
        "are each the app's real MqttSink with scripted faces. One device is then killed and another "
        "stopped, and at last the broker itself is killed. Ends with exit code 1 when another device was "
        "affected.",
    )
    options.add_number(command, "--devices", 200, "how many devices, at least 3")
    options.add_number(
        command,
        "--seconds",
        30.0,
        "how long to listen before and after the outage, s; the broker misses a stalled device after 22 s",
    )

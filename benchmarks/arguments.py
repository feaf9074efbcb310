"""The command line of the benchmarks: its commands, their options, defaults and units."""

from argparse import ArgumentTypeError, _SubParsersAction
from pathlib import Path
from typing import TypeAlias

from benchmarks import commands
from benchmarks.clip import DEMO
from edge.command import ArgumentParser, make_parser

_Commands: TypeAlias = "_SubParsersAction[ArgumentParser]"

_DEFAULT = "(default: %(default)s)"


def parser() -> ArgumentParser:
    """The parser; its namespace's `run` takes the namespace and does the work."""
    whole = make_parser(
        "python -m benchmarks",
        "How fast and how right fer-edge is on this very device. Without a command: stages.",
    )
    add = whole.add_subparsers(metavar="COMMAND", dest="command")
    _add_stages(add)
    _add_line(add)
    _add_agreement(add)
    _add_soak(add)
    return whole


def _add_stages(add: _Commands) -> None:
    text = (
        "The stages one by one: decoding, searching whole frames and regions, preprocessing, the classifier for 1 "
        "to 8 faces in each form on 1 to 4 threads (as many as there are cores), drawing, encoding. Leaves the "
        "app the form and the threads that serve this machine best, unless --model names a file; the "
        "service looks for it where sudo XDG_DATA_HOME=/var/lib puts it."
    )
    command = add.add_parser("stages", help=text.partition(":")[0], description=text)
    command.set_defaults(run=commands.stages)
    _add_clip(command)
    _add_detector(command)
    command.add_argument(
        "--rounds",
        type=_whole,
        default=9,
        metavar="N",
        help=f"rounds in which all stages take turns {_DEFAULT}",
    )
    command.add_argument(
        "--png",
        type=Path,
        metavar="OUT",
        help=("draw where the time goes to this file; needs matplotlib (default: none)"),
    )
    _add_json(command)
    _add_compare(command)


def _add_line(add: _Commands) -> None:
    text = (
        "The whole line, in a process of its own: frames per second, CPU time per frame, memory, latency from "
        "capture to drawn frame, time to the first one, and the line's CPU time over that of the library calls "
        "that it makes."
    )
    command = add.add_parser("line", help=text.partition(":")[0], description=text)
    command.set_defaults(run=commands.line)
    source = command.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--clip",
        type=Path,
        metavar="FILE",
        help=(
            "a video with a face, or demo, given to the line as a USB camera's JPEGs, forwards and backwards"
        ),
    )
    source.add_argument("--camera", metavar="SPEC", help="a live camera, as python -m edge.run names it")
    _add_detector(command)
    command.add_argument(
        "--frames", type=_whole, default=464, metavar="N", help=f"frames of a pass {_DEFAULT}"
    )
    command.add_argument(
        "--fps", type=_whole, default=30, metavar="N", help=f"rate of the live passes {_DEFAULT}"
    )
    command.add_argument(
        "--rounds", type=_whole, default=3, metavar="N", help=f"passes of each kind {_DEFAULT}"
    )
    command.add_argument(
        "--viewer",
        action="store_true",
        help=(
            "show the frames over HTTP to one viewer, so that each is encoded, too (default: draw them only)"
        ),
    )
    _add_json(command)
    _add_compare(command)


def _add_agreement(add: _Commands) -> None:
    text = (
        "Compare the faces of the line, which follows them, with a search of every whole frame by the same "
        "detector, over a clip and over scenes made of it: faces that go and come, jump, pass, come near, in a "
        "dim room. Says how often labels change, and how late."
    )
    command = add.add_parser("agreement", help=text.partition(":")[0], description=text)
    command.set_defaults(run=commands.agreement)
    _add_clip(command)
    _add_detector(command)
    command.add_argument(
        "--seconds",
        type=_above_0,
        default=12.0,
        metavar="S",
        help=f"length of each scene, s of media time {_DEFAULT}",
    )
    _add_json(command)


def _add_soak(add: _Commands) -> None:
    text = (
        "The line at the camera's rate for minutes or hours, faces coming and going, viewers connecting, stalling "
        "and leaving: exit code 1 when memory, threads or descriptors have grown since the first minute."
    )
    command = add.add_parser("soak", help=text.partition(":")[0], description=text)
    command.set_defaults(run=commands.soak)
    _add_clip(command)
    _add_detector(command)
    command.add_argument("--minutes", type=_above_0, default=20.0, metavar="N", help=f"how long {_DEFAULT}")
    command.add_argument(
        "--viewers", type=_whole, default=4, metavar="N", help=f"so many at a time {_DEFAULT}"
    )
    command.add_argument("--fps", type=_whole, default=30, metavar="N", help=f"the camera's rate {_DEFAULT}")
    _add_json(command)


def _add_clip(command: ArgumentParser) -> None:
    command.add_argument(
        "--clip",
        type=Path,
        default=DEMO,
        metavar="FILE",
        help=f"a video with a face, or demo, the app's built-in one {_DEFAULT}",
    )


def _add_detector(command: ArgumentParser) -> None:
    command.add_argument(
        "--detector",
        choices=("auto", "haar", "yunet"),
        default="auto",
        help=f"auto takes yunet where its model is present {_DEFAULT}",
    )
    command.add_argument("--yunet", metavar="FILE", help="YuNet's model (default: the one that was fetched)")
    command.add_argument(
        "--model", metavar="FILE", help="the classifier's .onnx file (default: the project's own)"
    )


def _add_compare(command: ArgumentParser) -> None:
    command.add_argument(
        "--compare",
        type=Path,
        metavar="OLD",
        help=("a file that --json wrote before: say what changed beyond the noise (default: none)"),
    )


def _whole(text: str) -> int:
    """For argparse: a whole number from 1."""
    number = int(text)
    if number < 1:
        raise ArgumentTypeError(f"expected a whole number from 1, found {text}")
    return number


def _above_0(text: str) -> float:
    """For argparse: a number above 0."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise ArgumentTypeError(f"expected a number above 0, found {text}")
    return number


def _add_json(command: ArgumentParser) -> None:
    command.add_argument(
        "--json", type=Path, metavar="OUT", help="write the figures to this file (default: none)"
    )

"""The command line of the benchmarks: its commands, their options, defaults and units."""

from argparse import ArgumentParser, _SubParsersAction
from pathlib import Path
from typing import NoReturn, TypeAlias

from benchmarks import commands
from edge.errors import ConfigError

_Commands: TypeAlias = "_SubParsersAction[_Parser]"

_DEFAULT = "(default: %(default)s)"


class _Parser(ArgumentParser):
    """Tells a wrong argument as every other error is told."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; {self.prog} --help says what there is")


def parser() -> ArgumentParser:
    """The parser; its namespace's `run` takes the namespace and does the work."""
    whole = _Parser(prog="python -m benchmarks", description="How fast and how right fer-edge is on this very device.")
    add = whole.add_subparsers(required=True, metavar="COMMAND", dest="command")
    _add_agreement(add)
    return whole


def _add_agreement(add: _Commands) -> None:
    text = ("Compare the faces of the line, which follows them, with a search of every whole frame by the same "
            "detector, over a clip and over scenes made of it: faces that go and come, jump, pass, come near, in a "
            "dim room. Says how often labels change, and how late.")
    command = add.add_parser("agreement", help=text.partition(":")[0], description=text)
    command.set_defaults(run=commands.agreement)
    _add_clip(command)
    _add_detector(command)
    command.add_argument("--seconds", type=float, default=12.0, metavar="S",
                         help=f"length of each scene, s of media time {_DEFAULT}")
    _add_json(command)


def _add_clip(command: ArgumentParser) -> None:
    command.add_argument("--clip", type=Path, required=True, metavar="FILE", help="a video with a face")


def _add_detector(command: ArgumentParser) -> None:
    command.add_argument("--detector", choices=("auto", "haar", "yunet"), default="auto",
                         help=f"auto takes yunet where its model is present {_DEFAULT}")
    command.add_argument("--yunet", metavar="FILE", help="YuNet's model (default: the one that was fetched)")
    command.add_argument("--model", metavar="FILE", help="the classifier's .onnx file (default: the project's own)")


def _add_json(command: ArgumentParser) -> None:
    command.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file (default: none)")

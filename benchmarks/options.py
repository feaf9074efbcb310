"""Options that several benchmarks share, and the app's settings that follow from them."""

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.clip import DEMO
from edge.build import make_detector
from edge.errors import ConfigError
from edge.settings.config import Config

SHOW_DEFAULT = "(default: %(default)s)"

# The options that are settings of the app as well.
_SETTINGS = ("camera", "detector", "yunet", "model", "fps")


def add_clip(command: ArgumentParser) -> None:
    """Add --clip, by default the demo."""
    command.add_argument(
        "--clip",
        type=Path,
        default=DEMO,
        metavar="FILE",
        help=f"a video with a face, or demo for the app's built-in one {SHOW_DEFAULT}",
    )


def add_detector(command: ArgumentParser) -> None:
    """Add the options that choose the detector and the classifier."""
    command.add_argument(
        "--detector",
        choices=("auto", "haar", "yunet"),
        default="auto",
        help=f"auto takes yunet where its model is present {SHOW_DEFAULT}",
    )
    command.add_argument("--yunet", metavar="FILE", help="YuNet's model (default: the one that was fetched)")
    command.add_argument(
        "--model", metavar="FILE", help="the classifier's .onnx file (default: the project's own)"
    )


def add_number(command: ArgumentParser, flag: str, default: int | float, text: str) -> None:
    """Add an option for a whole number of at least 1, or, with a float as `default`, a number above 0."""
    parse = parse_whole_number if isinstance(default, int) else parse_positive_number
    command.add_argument(flag, type=parse, default=default, metavar="N", help=f"{text} {SHOW_DEFAULT}")


def add_json(command: ArgumentParser) -> None:
    """Add --json."""
    command.add_argument(
        "--json", type=Path, metavar="OUT", help="write the stats to this file (default: none)"
    )


def add_compare(command: ArgumentParser) -> None:
    """Add --compare."""
    command.add_argument(
        "--compare",
        type=Path,
        metavar="OLD",
        help="a file that an earlier --json wrote: print what changed beyond the noise (default: none)",
    )


def parse_whole_number(text: str) -> int:
    """Parse a whole number of at least 1, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"expected a whole number of at least 1, found {text}")
    return int(text)


def parse_size(text: str) -> tuple[int, int]:
    """Parse a width and a height, px, such as 1280x720, for argparse."""
    match = re.fullmatch(r"(\d{2,4})x(\d{2,4})", text)
    if not match:
        raise ArgumentTypeError(f"expected WIDTHxHEIGHT such as 1280x720, found {text}")
    return int(match[1]), int(match[2])


def parse_positive_number(text: str) -> float:
    """Parse a finite number above 0, for argparse."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ArgumentTypeError(f"expected a number above 0, found {text}")
    return number


def make_config(chosen: Namespace, **settings: Any) -> Config:
    """Make the app's settings from the options, and `settings` in addition.

    Raises ConfigError for a value that the app refuses.
    """
    given = {key: value for key, value in vars(chosen).items() if key in _SETTINGS and value is not None}
    if "camera" not in given:
        given.pop("fps", None)  # The rate of a clip is none of the app's settings.
    try:
        # A viewer's port is any that is free.
        return msgspec.convert({**given, **settings, "listen": "127.0.0.1:0"}, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"expected what python -m edge.run takes, found: {error}; its --help lists the limits"
        ) from error


def describe_source(chosen: Namespace, config: Config) -> dict[str, Any]:
    """Name the clip, or None for a live camera, and the detector, for the JSON."""
    return {"clip": chosen.clip.name if chosen.clip else None, "detector": make_detector(config).name}

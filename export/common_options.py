"""The options that several commands of export have in common."""

from argparse import _SubParsersAction
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from edge.command import ArgumentParser
from export.argument_types import fraction, labels, number_above, whole_number
from export.data.dataset import LABELS, SPLITS
from export.evaluation.compare import Tolerances

Commands: TypeAlias = "_SubParsersAction[ArgumentParser]"

SOURCES = "fer2013.csv, an .npz, or a folder tree split/label/image"
DEFAULT = "(default: %(default)s)"


def add_command(add: Commands, name: str, run: Callable[..., None], description: str) -> ArgumentParser:
    """Add a command; the first sentence of `description` is its line in the list of commands."""
    command = add.add_parser(
        name, help=description.partition(". ")[0].rstrip(".").replace("%", "%%"), description=description
    )
    command.set_defaults(run=run)
    return command


def add_data(command: ArgumentParser) -> None:
    """Add --data and --ferplus."""
    command.add_argument("--data", type=Path, required=True, help=SOURCES)
    add_ferplus(command)


def add_ferplus(command: ArgumentParser) -> None:
    """Add --ferplus."""
    command.add_argument(
        "--ferplus",
        type=Path,
        metavar="F.csv",
        help="FER+'s fer2013new.csv, for the votes of a fer2013.csv (default: the votes in an .npz)",
    )


def add_json(command: ArgumentParser) -> None:
    """Add --json."""
    command.add_argument(
        "--json", type=Path, metavar="OUT", help="write the results there (default: nowhere)"
    )


def add_input(command: ArgumentParser) -> None:
    """Add the flags that describe the input and the output of a Keras model."""
    command.add_argument(
        "--scale",
        type=fraction,
        default=1 / 255,
        metavar="S",
        help="Keras: a pixel p of 0 to 255 becomes p * S + OFFSET; 1/255 or a number (default: 1/255)",
    )
    command.add_argument(
        "--offset",
        type=float,
        default=0.0,
        help=f"Keras: the number that is added after the scaling {DEFAULT}",
    )
    command.add_argument(
        "--labels",
        type=labels,
        default=LABELS,
        metavar="A,B,…",
        help="Keras: the classes in the order of the output, also as anger, happiness, …; contempt may be "
        f"among them (default: {','.join(LABELS)})",
    )
    command.add_argument(
        "--output-name",
        metavar="NAME",
        help="Keras: which output holds the classes, in a network with several (default: the only one)",
    )
    command.add_argument(
        "--side",
        type=whole_number(8, 1024),
        metavar="PX",
        help="Keras: the side of the crops, for a network that takes any size (default: the network's own)",
    )


def add_calibration(command: ArgumentParser) -> None:
    """Add --calibration with its split and its votes."""
    command.add_argument("--calibration", type=Path, required=True, metavar="DATA", help=SOURCES)
    add_ferplus(command)
    command.add_argument(
        "--split-calibration",
        choices=SPLITS,
        default="Training",
        help=f"the split that the images for the calibration are drawn from {DEFAULT}",
    )


def add_tolerances(command: ArgumentParser) -> None:
    """Add the tolerances of int8 against float."""
    command.add_argument(
        "--tolerance",
        type=number_above(0),
        default=Tolerances.accuracy_points,
        metavar="POINTS",
        help=f"most percentage points of accuracy that int8 may lose against float {DEFAULT}",
    )
    command.add_argument(
        "--recall-tolerance",
        type=number_above(0),
        default=Tolerances.recall_points,
        metavar="POINTS",
        help=f"most percentage points of any class's recall that int8 may lose {DEFAULT}",
    )
    command.add_argument(
        "--same-top",
        type=fraction,
        default=Tolerances.same_top,
        metavar="SHARE",
        help=f"least share of images with the same likeliest class in int8 and float {DEFAULT}",
    )

"""The command line of export: its commands, their options, defaults and units."""

import functools
from argparse import ArgumentTypeError, _SubParsersAction
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from edge.command import ArgumentParser, make_parser
from export import commands
from export.data.dataset import JUDGED_ON, LABELS, SPLITS
from export.evaluation.compare import TRUTHS, Tolerances
from export.evaluation.evaluate import RESAMPLES
from export.training.recipe import BALANCE, RECIPES

_Commands: TypeAlias = "_SubParsersAction[ArgumentParser]"

_SOURCES = "fer2013.csv, an .npz, or a folder tree split/label/image"
_DEFAULT = "(default: %(default)s)"


def parser() -> ArgumentParser:
    """The parser; its namespace's `run` takes the namespace and does the work."""
    whole = make_parser(
        "python -m export",
        "Train, evaluate, convert and quantize expression classifiers. Needs pip install fer-edge[export].",
    )
    add = whole.add_subparsers(required=True, metavar="COMMAND", dest="command")
    _add_train(add)
    _add_fold(add)
    _add_convert(add)
    _add_quantize(add)
    _add_evaluate(add)
    _add_card(add)
    _add_framing(add)
    return whole


def _add_train(add: _Commands) -> None:
    command = _command(
        add,
        "train",
        commands.train,
        (
            "Train a network on Training, judged on PublicTest after every epoch. Images that stand in both are left out "
            "of Training, and so are copies within it. Writes last.keras and best.keras (two-headed: one head for the "
            "original labels, one for FER+), classifier.keras (the two folded into one), history.json, run.json, "
            "curves.png and tradeoff.png."
        ),
    )
    command.add_argument("--data", type=Path, required=True, help=_SOURCES)
    _add_ferplus(command)
    command.add_argument("--output", type=Path, required=True, metavar="DIR", help="the folder of the run")
    command.add_argument("--network", default="baseline", choices=RECIPES, help=f"which network {_DEFAULT}")
    add_option = functools.partial(_add_recipe_option, command)
    add_option("epochs", _whole(1), "N", "passes over the images")
    add_option("batch_size", _whole(1), "N", "images per step")
    add_option("learning_rate", _above(0), "RATE", "the optimizer's, at its highest")
    add_option(
        "original_share",
        _share,
        "SHARE",
        "of the classifier, how much is the head for the original labels; "
        "the rest is the one for the FER+ votes in DATA",
    )
    add_option(
        "inferred_share",
        _share,
        "SHARE",
        "of what the head for the original labels is taught, how much is inferred from the votes",
    )
    add_option(
        "teacher_share",
        _share,
        "SHARE",
        "of what is taught, how much are the answers of the teachers, if any",
    )
    add_option("seed", _whole(0, 2**32 - 1), "N", "of weights, order and augmentation")
    command.add_argument(
        "--teacher",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="best.keras of other runs, whose mean answer is taught, too (default: none)",
    )
    command.add_argument(
        "--start",
        type=Path,
        metavar="FILE",
        help="best.keras of a run of the same network, whose weights to begin with (default: random)",
    )
    command.add_argument(
        "--resume",
        action="store_true",
        help="go on with the run in DIR after its last whole epoch (default: refuse to overwrite it)",
    )
    command.add_argument(
        "--bfloat16",
        action="store_true",
        help="compute convolutions in bfloat16: faster on processors with AMX (default: float32)",
    )


def _add_fold(add: _Commands) -> None:
    command = _command(
        add,
        "fold",
        commands.fold,
        (
            "Fold the two heads of a run into classifier.keras in another way. Prints and draws (tradeoff.png) what every "
            "share of the original labels gives on PublicTest, and what the votes of ten people would."
        ),
    )
    command.add_argument(
        "--run", type=Path, required=True, metavar="DIR", dest="folder", help="the folder of the run"
    )
    command.add_argument("--data", type=Path, required=True, help=_SOURCES)
    _add_ferplus(command)
    command.add_argument(
        "--original-share",
        type=_share,
        required=True,
        metavar="SHARE",
        help="how much of the classifier is the head for the original labels, 0 to 1",
    )
    command.add_argument(
        "--balance",
        type=_share,
        default=BALANCE,
        metavar="B",
        help=f"how far rare classes are favoured: 0 not at all, 1 as if all were as frequent {_DEFAULT}",
    )


def _add_recipe_option(
    command: ArgumentParser, name: str, kind: Callable[[str], float], metavar: str, description: str
) -> None:
    """An option that replaces a value of the network's recipe."""
    defaults = ", ".join(f"{network} {getattr(recipe, name):g}" for network, recipe in RECIPES.items())
    command.add_argument(
        "--" + name.replace("_", "-"), type=kind, metavar=metavar, help=f"{description} (default: {defaults})"
    )


def _add_convert(add: _Commands) -> None:
    command = _command(
        add,
        "convert",
        commands.convert,
        (
            "Convert a Keras model to NAME.float.onnx and NAME.int8.onnx, quantized in the best of several ways. Compares "
            "all forms on held-out images (PublicTest, or else the images that did not calibrate), and writes nothing when "
            "they disagree."
        ),
    )
    model = command.add_mutually_exclusive_group(required=True)
    model.add_argument("--model", type=Path, metavar="M", help="a .keras file or a full .h5")
    model.add_argument(
        "--architecture", type=Path, metavar="A.json", help="the architecture alone, with --weights"
    )
    command.add_argument("--weights", type=Path, metavar="W.h5", help="the weights of --architecture")
    _add_input(command)
    _add_calibration(command)
    command.add_argument("--output", type=Path, required=True, metavar="DIR/NAME", help="where to write")
    command.add_argument(
        "--calibrate-by",
        choices=TRUTHS,
        default="ferplus",
        help="the truth that the temperature is fitted to on the held-out images; the original labels "
        f"where there are no votes {_DEFAULT}",
    )
    command.add_argument(
        "--difference",
        type=_above(0),
        default=Tolerances.probability,
        metavar="P",
        help=f"largest difference of a probability, float ONNX against Keras {_DEFAULT}",
    )
    _add_tolerances(command)


def _add_quantize(add: _Commands) -> None:
    command = _command(
        add,
        "quantize",
        commands.quantize,
        (
            "Quantize a float .onnx of export convert again, on other images, in several ways, and write the one that "
            "agrees most of those within the tolerances. Writes nothing when there is none."
        ),
    )
    command.add_argument("--model", type=Path, required=True, metavar="M.onnx", help="the float model")
    _add_calibration(command)
    command.add_argument("--output", type=Path, required=True, metavar="F.onnx", help="where to write")
    _add_tolerances(command)


def _add_evaluate(add: _Commands) -> None:
    command = _command(
        add,
        "evaluate",
        commands.evaluate_model,
        (
            "Tell a model's accuracy, macro-F1, calibration error, recall and confusion matrix, with 95 % intervals. The "
            "likeliest class decides, however close."
        ),
    )
    command.add_argument(
        "--model", type=Path, required=True, metavar="FILE", help="an .onnx, a .keras or a full .h5"
    )
    command.add_argument("--data", type=Path, required=True, help=_SOURCES)
    _add_ferplus(command)
    command.add_argument("--split", required=True, choices=SPLITS, help="which images of DATA")
    command.add_argument(
        "--json", type=Path, metavar="OUT", help="write the figures there (default: nowhere)"
    )
    command.add_argument(
        "--plots",
        type=Path,
        metavar="DIR",
        help="draw confusion.png, reliability.png and, where measured, robustness.png there "
        "(default: nowhere)",
    )
    command.add_argument(
        "--robustness",
        action="store_true",
        help="measure also with the crops framed and lit otherwise (default: undisturbed alone)",
    )
    command.add_argument(
        "--resamples",
        type=_whole(0),
        default=RESAMPLES,
        metavar="N",
        help=f"bootstrap samples for the 95 %% intervals; 0 for none {_DEFAULT}",
    )
    _add_input(command)


def _add_card(add: _Commands) -> None:
    command = _command(add, "card", commands.card, "Evaluate an .onnx and write its card, the .md beside it.")
    command.add_argument("--model", type=Path, required=True, metavar="M.onnx", help="the model")
    command.add_argument("--data", type=Path, required=True, help=_SOURCES)
    _add_ferplus(command)
    command.add_argument(
        "--split", default=JUDGED_ON, choices=SPLITS, help=f"which images of DATA {_DEFAULT}"
    )
    command.add_argument(
        "--float",
        type=Path,
        metavar="F.onnx",
        dest="reference",
        help="the float model to compare with (default: no comparison)",
    )


def _add_framing(add: _Commands) -> None:
    command = _command(
        add,
        "framing",
        commands.framing,
        (
            "Measure how the crops of Training lie in each detector's boxes. scale is a crop's side, shift_down how far "
            "its centre lies below the box's, both in means of the box's width and height."
        ),
    )
    command.add_argument("--data", type=Path, required=True, help=_SOURCES)
    command.add_argument(
        "--yunet",
        type=Path,
        metavar="FILE",
        help="YuNet's model (default: the one that python -m edge.models fetched, if any)",
    )
    command.add_argument(
        "--count", type=_whole(1), default=2000, metavar="N", help=f"how many crops {_DEFAULT}"
    )
    command.add_argument(
        "--json", type=Path, metavar="OUT", help="write the figures there (default: nowhere)"
    )


def _command(add: _Commands, name: str, run: Callable[..., None], description: str) -> ArgumentParser:
    command = add.add_parser(
        name, help=description.partition(". ")[0].rstrip(".").replace("%", "%%"), description=description
    )
    command.set_defaults(run=run)
    return command


def _add_ferplus(command: ArgumentParser) -> None:
    command.add_argument(
        "--ferplus",
        type=Path,
        metavar="F.csv",
        help="FER+'s fer2013new.csv, for the votes of a fer2013.csv (default: the votes in an .npz)",
    )


def _add_input(command: ArgumentParser) -> None:
    command.add_argument(
        "--scale",
        type=_fraction,
        default=1 / 255,
        metavar="S",
        help="Keras: a pixel p of 0 to 255 becomes p * S + OFFSET; 1/255 or a number (default: 1/255)",
    )
    command.add_argument(
        "--offset", type=float, default=0.0, help=f"Keras: what is added after the scaling {_DEFAULT}"
    )
    command.add_argument(
        "--labels",
        type=_labels,
        default=LABELS,
        metavar="A,B,…",
        help=f"Keras: the classes in the order of the output (default: {','.join(LABELS)})",
    )


def _add_calibration(command: ArgumentParser) -> None:
    command.add_argument("--calibration", type=Path, required=True, metavar="DATA", help=_SOURCES)
    _add_ferplus(command)
    command.add_argument(
        "--split-calibration",
        choices=SPLITS,
        default="Training",
        help=f"the split that the calibrating images are drawn from {_DEFAULT}",
    )


def _add_tolerances(command: ArgumentParser) -> None:
    command.add_argument(
        "--tolerance",
        type=_above(0),
        default=Tolerances.accuracy_points,
        metavar="POINTS",
        help=f"most percentage points of accuracy that int8 may lose against float {_DEFAULT}",
    )
    command.add_argument(
        "--recall-tolerance",
        type=_above(0),
        default=Tolerances.recall_points,
        metavar="POINTS",
        help=f"most percentage points of any class's recall that int8 may lose {_DEFAULT}",
    )
    command.add_argument(
        "--same-top",
        type=_fraction,
        default=Tolerances.same_top,
        metavar="SHARE",
        help=f"least share of images with the same likeliest class in int8 and float {_DEFAULT}",
    )


def _whole(least: int, most: int = 10**9) -> Callable[[str], int]:
    def convert(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise ArgumentTypeError(f"expected a whole number from {least} to {most}, found {text!r}")
        return int(text)

    return convert


def _above(limit: float) -> Callable[[str], float]:
    def convert(text: str) -> float:
        number = _number(text)
        if not number > limit:
            raise ArgumentTypeError(f"expected a number above {limit}, found {text!r}")
        return number

    return convert


def _share(text: str) -> float:
    number = _number(text)
    if not 0 <= number <= 1:
        raise ArgumentTypeError(f"expected a number from 0 to 1, found {text!r}")
    return number


def _fraction(text: str) -> float:
    """A positive number, or one divided by another: 0.00392, 1/255."""
    above, _, below = text.partition("/")
    number = _number(above) / (_above(0)(below) if below else 1)
    if not number > 0:
        raise ArgumentTypeError(f"expected a number above 0, found {text!r}")
    return number


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ArgumentTypeError(f"expected a number, found {text!r}") from None


def _labels(text: str) -> tuple[str, ...]:
    return tuple(label.strip() for label in text.split(","))

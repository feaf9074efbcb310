"""The command line of export: its commands with their options, defaults and units."""

from pathlib import Path

from edge.command import ArgumentParser, make_parser
from export import commands
from export.argument_types import number_above, whole_number
from export.common_options import (
    DEFAULT,
    SOURCES,
    Commands,
    add_calibration,
    add_command,
    add_data,
    add_input,
    add_json,
    add_tolerances,
)
from export.data.dataset import SPLITS, VALIDATION_SPLIT
from export.evaluation.compare import TRUTHS, Tolerances
from export.evaluation.evaluate import RESAMPLES
from export.training_arguments import add_fold, add_train


def build_parser() -> ArgumentParser:
    """The parser; its namespace's `run` takes the namespace and does the work."""
    parser = make_parser(
        "python -m export",
        "Train, evaluate, convert and quantize expression classifiers. Needs pip install fer-edge[export].",
    )
    add = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    add_train(add)
    add_fold(add)
    _add_convert(add)
    _add_quantize(add)
    _add_evaluate(add)
    _add_card(add)
    _add_framing(add)
    return parser


def _add_convert(add: Commands) -> None:
    command = add_command(
        add,
        "convert",
        commands.convert,
        "Convert a Keras model to NAME.float.onnx and NAME.int8.onnx, quantized in the best of several ways. "
        "Compares all forms on held-out images (PublicTest, or else the images that were not used for the "
        "calibration), and writes no file that disagrees: where int8 does, the float file alone.",
    )
    model = command.add_mutually_exclusive_group(required=True)
    model.add_argument(
        "--model", type=Path, metavar="M", help="a .keras file, a full .h5 or a SavedModel folder"
    )
    model.add_argument(
        "--architecture", type=Path, metavar="A.json", help="the architecture alone, with --weights"
    )
    command.add_argument("--weights", type=Path, metavar="W.h5", help="the weights of --architecture")
    add_input(command)
    add_calibration(command)
    command.add_argument("--output", type=Path, required=True, metavar="DIR/NAME", help="where to write")
    command.add_argument(
        "--calibrate-by",
        choices=TRUTHS,
        default="ferplus",
        help="the truth that the temperature is fitted to on the held-out images; without votes it is the "
        f"original labels {DEFAULT}",
    )
    command.add_argument(
        "--difference",
        type=number_above(0),
        default=Tolerances.probability,
        metavar="P",
        help=f"largest difference of a probability, float ONNX against Keras {DEFAULT}",
    )
    add_tolerances(command)
    command.add_argument(
        "--as-given",
        action="store_true",
        help="keep the given labels, scale and offset even where others fit far better (default: stop and "
        "name the better ones)",
    )
    command.add_argument(
        "--float-only", action="store_true", help="write NAME.float.onnx alone (default: both)"
    )


def _add_quantize(add: Commands) -> None:
    command = add_command(
        add,
        "quantize",
        commands.quantize,
        "Quantize a float .onnx of export convert again, on other images, in several ways, and write the one "
        "that agrees best with it among those within the tolerances. Writes nothing if there is none.",
    )
    command.add_argument("--model", type=Path, required=True, metavar="M.onnx", help="the float model")
    add_calibration(command)
    command.add_argument("--output", type=Path, required=True, metavar="F.onnx", help="where to write")
    add_tolerances(command)


def _add_evaluate(add: Commands) -> None:
    command = add_command(
        add,
        "evaluate",
        commands.evaluate_model,
        "Compute a model's accuracy, macro-F1, calibration error, recall and confusion matrix, with 95 % "
        "intervals. The likeliest class is the answer, however close the next one is.",
    )
    command.add_argument(
        "--model", type=Path, required=True, metavar="FILE", help="an .onnx, a .keras or a full .h5"
    )
    add_data(command)
    command.add_argument("--split", required=True, choices=SPLITS, help="which images of DATA")
    add_json(command)
    command.add_argument(
        "--plots",
        type=Path,
        metavar="DIR",
        help="write confusion.png, reliability.png and, if measured, robustness.png there (default: nowhere)",
    )
    command.add_argument(
        "--robustness",
        action="store_true",
        help="measure also with the crops framed and lit differently (default: undisturbed alone)",
    )
    command.add_argument(
        "--resamples",
        type=whole_number(0),
        default=RESAMPLES,
        metavar="N",
        help=f"bootstrap samples for the 95 %% intervals; 0 for none {DEFAULT}",
    )
    add_input(command)


def _add_card(add: Commands) -> None:
    command = add_command(
        add, "card", commands.write_model_card, "Evaluate an .onnx and write its card, the .md beside it."
    )
    command.add_argument("--model", type=Path, required=True, metavar="M.onnx", help="the model")
    add_data(command)
    command.add_argument(
        "--split", default=VALIDATION_SPLIT, choices=SPLITS, help=f"which images of DATA {DEFAULT}"
    )
    command.add_argument(
        "--float",
        type=Path,
        metavar="F.onnx",
        dest="reference",
        help="the float model to compare with (default: no comparison)",
    )


def _add_framing(add: Commands) -> None:
    command = add_command(
        add,
        "framing",
        commands.measure_framing,
        "Measure how the crops of Training lie in each detector's boxes. scale is the side of a crop, "
        "shift_down how far its centre is below the centre of the box, both divided by the mean of the box's "
        "width and height.",
    )
    command.add_argument("--data", type=Path, required=True, help=SOURCES)
    command.add_argument(
        "--yunet",
        type=Path,
        metavar="FILE",
        help="YuNet's model (default: the one that python -m edge.models fetched, if any)",
    )
    command.add_argument(
        "--count", type=whole_number(1), default=2000, metavar="N", help=f"how many crops {DEFAULT}"
    )
    add_json(command)

"""The command line of train and fold; the flags of a recipe come from its annotated fields."""

from pathlib import Path

from edge.command import ArgumentParser
from export import training_commands
from export.argument_types import from_meta, number_between
from export.common_options import DEFAULT, Commands, add_command, add_data
from export.training.recipe import BALANCE, OPTIONS, RECIPES


def add_train(add: Commands) -> None:
    """Add the command train."""
    command = add_command(
        add,
        "train",
        training_commands.train,
        "Train a network on Training, evaluated on PublicTest after every epoch. Images of Training that "
        "are also in PublicTest are left out, and so are copies within Training. Writes last.keras and "
        "best.keras (two-headed: one head for the original labels, one for FER+), classifier.keras (the two "
        "heads folded into one), history.json, run.json, curves.png and tradeoff.png.",
    )
    add_data(command)
    command.add_argument("--output", type=Path, required=True, metavar="DIR", help="the folder of the run")
    command.add_argument("--network", default="baseline", choices=RECIPES, help=f"which network {DEFAULT}")
    _add_recipe_options(command)
    command.add_argument(
        "--teacher",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="best.keras of other runs, whose mean answer is also taught (default: none)",
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


def _add_recipe_options(command: ArgumentParser) -> None:
    """Add a flag for each annotated field of Recipe; without a flag, the recipe of the network holds."""
    for option in OPTIONS:
        if option.kind is bool:
            command.add_argument(
                option.flag, action="store_const", const=True, default=None, help=option.help
            )
        else:
            command.add_argument(
                option.flag,
                type=from_meta(option.kind, option.meta),
                metavar=option.metavar,
                help=option.help,
            )


def add_fold(add: Commands) -> None:
    """Add the command fold."""
    command = add_command(
        add,
        "fold",
        training_commands.fold,
        "Fold the two heads of a run into another classifier.keras. Prints and plots (tradeoff.png) the "
        "scores on PublicTest for every share of the original labels, beside those of the votes of ten "
        "people.",
    )
    command.add_argument(
        "--run", type=Path, required=True, metavar="DIR", dest="folder", help="the folder of the run"
    )
    add_data(command)
    command.add_argument(
        "--original-share",
        type=number_between(0, 1),
        required=True,
        metavar="SHARE",
        help="share of the head for the original labels in the classifier, 0 to 1",
    )
    command.add_argument(
        "--balance",
        type=number_between(0, 1),
        default=BALANCE,
        metavar="B",
        help=f"how far rare classes are favoured: 0 not at all, 1 as if all were equally frequent {DEFAULT}",
    )

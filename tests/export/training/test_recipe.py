"""The recipe, its flags, and the command that repeats a training."""

import dataclasses

import pytest

from export.arguments import build_parser
from export.training.recipe import OPTIONS, RECIPES, Recipe, format_flags
from export.training_commands import _make_recipe

FILES = ["--data", "d.npz", "--output", "run"]


def parse(flags: list[str]) -> Recipe:
    return _make_recipe(build_parser().parse_args(["train", *FILES, *flags]))


@pytest.mark.parametrize("network", RECIPES)
def test_recipe_without_flags_is_that_of_the_network_without_teachers(network: str) -> None:
    assert parse(["--network", network]) == dataclasses.replace(RECIPES[network], teacher_share=0.0)


def test_every_option_changes_its_field_and_no_other() -> None:
    for option in OPTIONS:
        if option.name == "teacher_share":
            continue  # Without a teacher it is 0 whatever the flag says.
        flag = [option.flag] if option.kind is bool else [option.flag, "1" if option.kind is float else "7"]
        changed = dataclasses.asdict(parse([*flag, "--network", "residual"]))
        residual = dataclasses.asdict(parse(["--network", "residual"]))
        assert {name for name, value in changed.items() if value != residual[name]} == {option.name}


def test_command_that_repeats_a_training_gives_its_recipe() -> None:
    recipe = parse(
        ["--network", "residual", "--epochs", "3", "--learning-rate", "1e-5", "--bfloat16", "--seed", "9"]
    )
    assert recipe.bfloat16 and recipe.seed == 9 and recipe.learning_rate == 1e-5
    assert parse(format_flags(recipe).split()) == recipe

"""The recipe of a training: what decides its result beside the images, and the flags that change it."""

from dataclasses import dataclass
from typing import Annotated, get_args, get_origin, get_type_hints

from msgspec import Meta


@dataclass(frozen=True)
class Recipe:
    """Saved with the run: a run is only resumed with the recipe that it began with.

    Each field with an annotation is a flag of `export train`, and part of the command that repeats a
    training.  The annotation holds the range and the text for --help; extra are the `metavar` of a value that
    is no share, and the `default` of a switch, in words.
    """

    network: str = "baseline"
    epochs: Annotated[int, Meta(ge=1, le=10**9, description="passes over the images")] = 30
    batch_size: Annotated[int, Meta(ge=1, le=10**9, description="images per step")] = 64
    optimizer: str = "adam"
    """adam; sgd with Nesterov's momentum of 0.9; or muon (see muon.py)."""
    learning_rate: Annotated[
        float, Meta(gt=0, description="highest learning rate of the optimizer", extra={"metavar": "RATE"})
    ] = 1e-3
    """It rises to this over the warm-up and then falls to 0 along half a cosine."""
    warmup_epochs: float = 1.0
    weight_decay: float = 0.0
    """In every step a weight is reduced by this times the learning rate times itself."""
    label_smoothing: float = 0.0
    original_share: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description=(
                "share of the head for the original labels in the classifier; the rest is the head for the "
                "FER+ votes in DATA"
            ),
        ),
    ] = 1.0
    inferred_share: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description=(
                "share of labels inferred from the votes in what the head for the original labels is taught"
            ),
        ),
    ] = 0.0
    """See targets.py."""
    teacher_share: Annotated[
        float,
        Meta(ge=0, le=1, description="share of the teachers' answers, if any, in what both heads are taught"),
    ] = 0.0
    """0 without a teacher."""
    teachers: str = ""
    """The sha256 of each teacher's file."""
    started_from: str = ""
    """The sha256 of the file with the first weights; empty for random ones."""
    erased_share: float = 0.0
    """The share of images with a rectangle painted over them, as if by a hand or a microphone."""
    bfloat16: Annotated[
        bool,
        Meta(
            description="compute convolutions in bfloat16: faster on processors with AMX",
            extra={"default": "float32"},
        ),
    ] = False
    images: str = ""
    """The sha256 of the images, labels and votes of both splits; `train` sets it."""
    seed: Annotated[
        int, Meta(ge=0, le=2**32 - 1, description="seed of the weights, the order and the augmentation")
    ] = 0


@dataclass(frozen=True)
class RecipeOption:
    """A field of Recipe that has a flag."""

    name: str
    kind: type
    meta: Meta

    @property
    def flag(self) -> str:
        """--batch-size for batch_size."""
        return "--" + self.name.replace("_", "-")

    @property
    def metavar(self) -> str:
        """The name of the value in --help."""
        if self.kind is int:
            return "N"
        return str((self.meta.extra or {}).get("metavar", "SHARE"))

    @property
    def help(self) -> str:
        """The text for --help, which ends with the default of each network."""
        defaults = (self.meta.extra or {}).get("default") or ", ".join(
            f"{network} {getattr(recipe, self.name):g}" for network, recipe in RECIPES.items()
        )
        return f"{self.meta.description} (default: {defaults})"

    def format(self, recipe: Recipe) -> str:
        """The flag with its value in `recipe`, as on a command line; a switch that is off is empty."""
        value = getattr(recipe, self.name)
        if self.kind is bool:
            return self.flag if value else ""
        return f"{self.flag} {value}"


def format_flags(recipe: Recipe) -> str:
    """The flags of `export train` that give `recipe`."""
    flags = [f"--network {recipe.network}", *(option.format(recipe) for option in OPTIONS)]
    return " ".join(flag for flag in flags if flag)


# How far the folding favours rare classes.  On PublicTest this value raised the recall of disgust from 27 to
# 43 % and cost 0.1 points of accuracy.
BALANCE = 0.3

# The default recipe of each network.
RECIPES = {
    "baseline": Recipe(),
    "residual": Recipe(
        network="residual",
        epochs=48,
        batch_size=128,
        optimizer="muon",
        learning_rate=8e-3,
        warmup_epochs=1.0,
        weight_decay=0.1,
        original_share=0.5,
        inferred_share=0.5,
        teacher_share=0.5,
        erased_share=0.3,
    ),
    # As near to the training of models/training/teacher.keras as `train` comes: see models/STEPS.md.
    "teacher": Recipe(
        network="teacher",
        epochs=40,
        batch_size=128,
        optimizer="muon",
        learning_rate=8e-3,
        warmup_epochs=0.5,
        weight_decay=0.1,
        original_share=0.5,
        inferred_share=0.3,
        erased_share=0.35,
    ),
}

OPTIONS = tuple(
    RecipeOption(name, *get_args(hint))
    for name, hint in get_type_hints(Recipe, include_extras=True).items()
    if get_origin(hint) is Annotated
)

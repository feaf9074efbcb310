"""What decides the result of a training beside its images."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """Kept with the run: a run goes on only with the recipe it began with."""

    network: str = "baseline"
    epochs: int = 30
    batch_size: int = 64
    optimizer: str = "adam"
    """adam, or sgd with Nesterov's momentum of 0.9."""
    learning_rate: float = 1e-3
    """At its highest: it rises over the warm-up and then falls as half a cosine to 0."""
    warmup_epochs: float = 1.0
    weight_decay: float = 0.0
    """Every step takes this times the learning rate off each weight."""
    label_smoothing: float = 0.0
    original_share: float = 1.0
    """Of what is taught about an image, how much is its original label; the rest is the votes of FER+."""
    erased_share: float = 0.0
    """Of the images, how many have a rectangle painted over, as a hand or a microphone would."""
    seed: int = 0


# What each network is trained with unless told otherwise.
RECIPES = {
    "baseline": Recipe(),
    "residual": Recipe(network="residual", epochs=40, batch_size=128, optimizer="sgd", learning_rate=0.1,
                       warmup_epochs=2.0, weight_decay=5e-4, original_share=0.5, erased_share=0.5),
}

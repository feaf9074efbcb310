"""What decides the result of a training beside its images."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """Kept with the run: a run goes on only with the recipe it began with."""

    network: str = "baseline"
    epochs: int = 30
    batch_size: int = 64
    learning_rate: float = 1e-3
    """Adam's, at its highest: it rises over the warm-up and then falls as half a cosine to 0."""
    warmup_epochs: float = 1.0
    label_smoothing: float = 0.0
    seed: int = 0

"""A network compiled for training: two heads, loss, optimizer, and schedule of the learning rate."""

import keras

from edge.errors import ModelError
from export.data.dataset import LABELS, SIDE_PX
from export.training.heads import add_heads
from export.training.muon import ConvolutionMuon
from export.training.networks import NETWORKS
from export.training.recipe import Recipe


def compile_model(recipe: Recipe, steps_per_epoch: int) -> keras.Model:
    """The two-headed network of `recipe` with random weights."""
    model = add_heads(NETWORKS[recipe.network]((SIDE_PX, SIDE_PX, 1), len(LABELS)))
    warmup_steps = round(recipe.warmup_epochs * steps_per_epoch)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=recipe.learning_rate,
        warmup_steps=warmup_steps,
        decay_steps=max(1, recipe.epochs * steps_per_epoch - warmup_steps),
    )
    model.compile(
        _make_optimizer(recipe, schedule),
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing),
    )
    return model


def copy_weights(source: keras.Model, model: keras.Model) -> None:
    """Give `model` the weights of `source`; ModelError if they are of another network."""
    try:
        model.set_weights(source.get_weights())
    except ValueError as error:
        raise ModelError(
            f"expected weights of the network {model.name} to start from, found those of {source.name}: "
            "name a run of the same network"
        ) from error


def _make_optimizer(
    recipe: Recipe, schedule: keras.optimizers.schedules.LearningRateSchedule
) -> keras.optimizers.Optimizer:
    if recipe.optimizer == "sgd":
        return keras.optimizers.SGD(
            schedule, momentum=0.9, nesterov=True, weight_decay=recipe.weight_decay or None
        )
    if recipe.optimizer == "muon":
        return ConvolutionMuon(
            schedule,
            weight_decay=recipe.weight_decay,
            adam_weight_decay=recipe.weight_decay,
            adam_lr_ratio=0.5,
        )
    return keras.optimizers.Adam(schedule, weight_decay=recipe.weight_decay or None)

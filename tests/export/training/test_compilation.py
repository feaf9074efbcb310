"""The network as it is compiled for a training."""

from pathlib import Path

import keras
import numpy as np
import pytest

from edge.errors import ModelError
from export.data.dataset import Split
from export.training import compilation, heads
from export.training.muon import ConvolutionMuon
from export.training.recipe import Recipe
from tests.export.training.conftest import RECIPE


def test_optimizer_is_that_of_the_recipe() -> None:
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
    sgd = compilation._make_optimizer(Recipe(optimizer="sgd", weight_decay=1e-4), schedule)
    assert isinstance(sgd, keras.optimizers.SGD) and sgd.momentum == 0.9 and sgd.weight_decay == 1e-4
    adam = compilation._make_optimizer(Recipe(), schedule)
    assert isinstance(adam, keras.optimizers.Adam) and adam.weight_decay is None
    assert isinstance(compilation._make_optimizer(Recipe(optimizer="muon"), schedule), ConvolutionMuon)


def test_run_begins_with_the_weights_that_it_is_given(splits: tuple[Split, Split], teacher: Path) -> None:
    start = heads.load_two_headed(teacher)
    model = compilation.compile_model(RECIPE, 1)
    compilation.copy_weights(start, model)
    for taken, given in zip(model.get_weights(), start.get_weights(), strict=True):
        np.testing.assert_array_equal(taken, given)


def test_weights_of_another_network_are_refused(teacher: Path) -> None:
    with pytest.raises(ModelError, match="weights of the network baseline"):
        compilation.copy_weights(heads.load_two_headed(teacher), compilation.compile_model(Recipe(), 1))

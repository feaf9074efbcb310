"""The networks and their sizes."""

import keras
import pytest
from keras import layers

from export.training import networks


def count_multiply_adds(model: keras.Model) -> int:
    """Multiply-adds per image in the convolutions and dense layers of `model`."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            _, height, width, _ = layer.output.shape
            total += height * width * int(layer.kernel.shape.num_elements())
        elif isinstance(layer, layers.Dense):
            total += int(layer.kernel.shape.num_elements())
    return total


def test_baseline_is_the_network_of_its_docstring() -> None:
    model = networks.build_baseline()
    assert model.input_shape == (None, 48, 48, 1) and model.output_shape == (None, 7)
    assert [layer.filters for layer in model.layers if isinstance(layer, layers.Conv2D)] == [
        32,
        64,
        64,
        128,
        128,
    ]
    assert [layer.rate for layer in model.layers if isinstance(layer, layers.Dropout)] == [0.25, 0.25, 0.5]
    assert [layer.units for layer in model.layers if isinstance(layer, layers.Dense)] == [250, 7]
    assert model.count_params() == 792_439
    assert count_multiply_adds(model) == pytest.approx(98.3e6, rel=0.001)


def test_residual_has_the_size_in_its_docstring() -> None:
    model = networks.build_residual()
    assert model.count_params() == 655_167
    assert count_multiply_adds(model) == pytest.approx(29.8e6, rel=0.002)


def test_teacher_has_the_size_in_its_docstring() -> None:
    model = networks.build_teacher()
    assert model.input_shape == (None, 48, 48, 1) and model.output_shape == (None, 7)
    assert model.count_params() == 2_409_959
    assert count_multiply_adds(model) == pytest.approx(160.4e6, rel=0.001)

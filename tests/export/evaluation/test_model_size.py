"""The counts of a network's operators, parameters and multiply-adds."""

from export.evaluation import model_size
from tests.export.onnx_graphs import CHANNELS, CLASSES, HEIGHT, WIDTH, make_flattening_model


def test_parameters_are_counted_without_shapes_and_scales() -> None:
    assert model_size.count_parameters(make_flattening_model()) == CHANNELS * HEIGHT * WIDTH * CLASSES

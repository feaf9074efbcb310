"""The optimizer Muon for convolutions."""

import keras
import numpy as np
from keras import layers

from export.training.muon import ConvolutionMuon


def test_muon_moves_a_convolution_by_an_orthogonal_matrix_whatever_the_gradients_size() -> None:
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(5, 3), layers.Flatten(), layers.Dense(2)])
    kernel = model.layers[0].kernel
    moved = []
    for size in (1e-3, 1e3):
        optimizer = ConvolutionMuon(0.1, weight_decay=None, adam_weight_decay=None)
        optimizer.build(model.trainable_variables)
        before = np.asarray(kernel)
        gradients = [
            size * np.random.default_rng(0).standard_normal(variable.shape).astype(np.float32)
            for variable in model.trainable_variables
        ]
        optimizer.apply([keras.ops.convert_to_tensor(gradient) for gradient in gradients])
        moved.append((np.asarray(kernel) - before).reshape(-1, 5) / (-0.1 * 0.2 * np.sqrt(27)))
        singular = np.linalg.svd(moved[-1], compute_uv=False)
        # Five steps of Newton and Schulz bring them near 1, not to it.
        assert (singular > 0.6).all() and (singular < 1.25).all()
        assert (moved[-1] * gradients[0].reshape(-1, 5)).sum() > 0
    for_small, for_large = moved
    np.testing.assert_allclose(for_small, for_large, atol=0.01)


def test_muon_leaves_depthwise_kernels_to_adamw() -> None:
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(5, 3), layers.DepthwiseConv2D(6)])
    convolution, depthwise = (layer.trainable_variables[0] for layer in model.layers)
    optimizer = ConvolutionMuon(0.1)
    assert optimizer._should_use_adamw(depthwise) and not optimizer._should_use_adamw(convolution)

"""The optimizer Muon for convolutions."""

import math

import keras
from keras import ops

# The root mean square of an update, chosen to match AdamW's: J. Liu et al., "Muon is Scalable for LLM
# Training", 2025.
_RMS = 0.2


@keras.saving.register_keras_serializable(package="fer-edge")
class ConvolutionMuon(keras.optimizers.Muon):  # type: ignore[misc]  # keras ships no types
    """Muon (Jordan et al., 2024) for the kernels of convolutions, AdamW for everything else.

    Keras's own Muon leaves every kernel that is no matrix to AdamW.  Here the kernel of a convolution is
    treated as the matrix that it is, from the pixels under its window (height * width * channels) to its
    filters: the update is approximately the matrix with orthogonal rows or columns that is nearest to the
    momentum.  A depthwise kernel, whose last axis is 1, is no such matrix and is left to AdamW.
    """

    def _should_use_adamw(self, variable: keras.Variable) -> bool:
        return len(variable.shape) != 4 or variable.shape[-1] == 1

    def _muon_update_step(
        self, gradient: keras.KerasTensor, variable: keras.Variable, lr: keras.KerasTensor, m: keras.Variable
    ) -> None:
        self.assign_add(m, ops.add(gradient, m * (self.momentum - 1)))
        matrix = ops.reshape(ops.add(gradient, self.momentum * m), (-1, variable.shape[-1]))
        update = self.zeropower_via_newtonschulz5(matrix, self.ns_steps) * (
            _RMS * math.sqrt(max(matrix.shape))
        )
        self.assign_sub(variable, lr * ops.reshape(update, variable.shape))

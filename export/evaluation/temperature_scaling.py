"""Temperature scaling: a model's probabilities are calibrated, so that they match its accuracy."""

import math

import numpy as np
from numpy.typing import NDArray

from edge.faces import preprocess

# Beyond these bounds a model is so badly calibrated that no temperature helps.
LEAST, MOST = 0.2, 5.0
_GOLDEN = (math.sqrt(5) - 1) / 2
_STEPS = 40
# Without it, a probability that float32 rounds to 0 would make the cost infinite.
_MIN_PROBABILITY = 1e-7


def fit_temperature(probabilities: NDArray[np.float32], true: NDArray[np.int64]) -> float:
    """The temperature at which `true` (n,) is likeliest under `probabilities` (n, classes) of temperature 1.

    The mean negative log likelihood has one minimum over the logarithm of the temperature, which a
    golden-section search finds (Guo et al., "On Calibration of Modern Neural Networks", 2017, for temperature
    scaling).
    """
    safe = np.maximum(probabilities, np.float32(_MIN_PROBABILITY))

    def compute_cost(log_temperature: float) -> float:
        calibrated = preprocess.calibrate(safe, math.exp(log_temperature))
        return -float(np.log(np.maximum(calibrated[np.arange(len(true)), true], _MIN_PROBABILITY)).mean())

    lower, upper = math.log(LEAST), math.log(MOST)
    for _ in range(_STEPS):
        left, right = upper - _GOLDEN * (upper - lower), lower + _GOLDEN * (upper - lower)
        if compute_cost(left) < compute_cost(right):
            upper = right
        else:
            lower = left
    return round(math.exp((lower + upper) / 2), 3)

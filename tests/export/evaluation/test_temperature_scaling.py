"""The temperature that was put into probabilities is found again."""

import numpy as np
import pytest

from edge.faces import preprocess
from export.evaluation import scores, temperature_scaling


@pytest.mark.parametrize("put_in", [0.5, 1.0, 2.5])
def test_temperature_that_was_put_in_is_found(put_in: float) -> None:
    random = np.random.default_rng(0)
    meant = random.dirichlet(np.ones(7), 20_000).astype(np.float32)
    true = (meant.cumsum(axis=1) > random.random((len(meant), 1))).argmax(axis=1)
    shown = preprocess.calibrate(meant, 1 / put_in)
    fitted = temperature_scaling.fit_temperature(shown, true)
    assert fitted == pytest.approx(put_in, rel=0.03)
    calibrated = preprocess.calibrate(shown, fitted)
    assert scores.calibration_error(calibrated.max(axis=1), calibrated.argmax(axis=1) == true) < 0.015


def test_model_that_is_always_wrong_and_sure_gets_the_highest_temperature() -> None:
    sure = np.eye(7, dtype=np.float32)[np.zeros(50, int)]
    assert temperature_scaling.fit_temperature(sure, np.ones(50, np.int64)) == pytest.approx(
        temperature_scaling.MOST, rel=0.01
    )

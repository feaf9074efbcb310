"""The disturbances of crops."""

import numpy as np

from export.evaluation import robustness
from tests.export.conftest import make_toy_split


def test_every_disturbance_changes_the_crop_but_the_first() -> None:
    image = make_toy_split(1, 0).images[3]
    for name, disturb in robustness.DISTURBANCES.items():
        disturbed = disturb(image)
        assert disturbed.shape == image.shape and disturbed.dtype == np.uint8
        assert (disturbed == image).all() == (name == "nothing"), name

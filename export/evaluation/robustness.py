"""The accuracy of a model when the crops are framed, lit or taken differently."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from edge.faces.metadata import Metadata
from export.data import augmentation
from export.data.dataset import Split
from export.evaluation.evaluate import DisturbedScores, evaluate
from export.evaluation.predictions import Predictor, predict_all, resize_crops

UNDISTURBED = "nothing"
DISTURBANCES: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    UNDISTURBED: lambda image: image,
    "scale 0.9": partial(augmentation.warp, zoom=0.9),
    "scale 1.1": partial(augmentation.warp, zoom=1.1),
    "4 px left": partial(augmentation.warp, right_px=-4),
    "4 px right": partial(augmentation.warp, right_px=4),
    "4 px up": partial(augmentation.warp, down_px=-4),
    "4 px down": partial(augmentation.warp, down_px=4),
    "turned by -15°": partial(augmentation.warp, turn_deg=-15),
    "turned by 15°": partial(augmentation.warp, turn_deg=15),
    "gamma 0.5": partial(augmentation.change_light, gamma=0.5),
    "gamma 2": partial(augmentation.change_light, gamma=2),
    "blur, sigma 1 px": partial(augmentation.blur, sigma_px=1),
    "blur, sigma 2 px": partial(augmentation.blur, sigma_px=2),
    "JPEG quality 40": partial(augmentation.compress_jpeg, quality=40),
    "enlarged from 24 px": partial(augmentation.reduce_detail, small_px=24),
}
"""Each disturbance of a crop, uint8 (48, 48), by its name in the card and the table."""


def measure(predict: Predictor, split: Split, metadata: Metadata) -> dict[str, DisturbedScores]:
    """The accuracies of a model on `split` under each disturbance."""
    measured = {}
    for name, disturb in DISTURBANCES.items():
        images = np.stack([disturb(image) for image in split.images])
        probabilities = predict_all(predict, resize_crops(images, metadata), name)
        evaluation = evaluate(name, "", split, metadata.labels, probabilities)
        measured[name] = DisturbedScores(evaluation.accuracy, evaluation.ferplus_accuracy)
    return measured

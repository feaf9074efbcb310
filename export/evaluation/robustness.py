"""How much of a model's accuracy is left when the crops are framed, lit or taken otherwise."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from edge.faces.metadata import Metadata
from export.data import augmentation
from export.data.dataset import Split
from export.evaluation import evaluate
from export.evaluation.evaluate import Disturbed, Predict

DISTURBANCES: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    evaluate.UNDISTURBED: lambda image: image,
    "scale 0.9": partial(augmentation.moved, zoom=0.9),
    "scale 1.1": partial(augmentation.moved, zoom=1.1),
    "4 px left": partial(augmentation.moved, right_px=-4),
    "4 px right": partial(augmentation.moved, right_px=4),
    "4 px up": partial(augmentation.moved, down_px=-4),
    "4 px down": partial(augmentation.moved, down_px=4),
    "turned by -15°": partial(augmentation.moved, turn_deg=-15),
    "turned by 15°": partial(augmentation.moved, turn_deg=15),
    "gamma 0.5": partial(augmentation.lit, gamma=0.5),
    "gamma 2": partial(augmentation.lit, gamma=2),
    "blur, sigma 1 px": partial(augmentation.blurred, sigma_px=1),
    "blur, sigma 2 px": partial(augmentation.blurred, sigma_px=2),
    "JPEG quality 40": partial(augmentation.compressed, quality=40),
    "enlarged from 24 px": partial(augmentation.enlarged, small_px=24),
}
"""What is done to a crop, uint8 (48, 48), by the name of it."""


def measure(predict: Predict, split: Split, metadata: Metadata) -> dict[str, Disturbed]:
    """The accuracies of a model on `split`, disturbed in each way."""
    measured = {}
    for name, disturb in DISTURBANCES.items():
        images = np.stack([disturb(image) for image in split.images])
        probabilities = evaluate.predictions(predict, evaluate.resized(images, metadata), name)
        judged = evaluate.evaluate(name, "", split, metadata.labels, probabilities)
        measured[name] = Disturbed(judged.accuracy, judged.ferplus_accuracy)
    return measured

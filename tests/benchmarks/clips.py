"""A clip for tests that is made at once."""

import numpy as np

from benchmarks.clip import Clip, encode_jpeg


def make_plain_clip(frames: int = 4) -> Clip:
    """Pictures of 160×120, each a little brighter than the last."""
    return Clip(
        [encode_jpeg(np.full((120, 160, 3), 20 * (1 + index), np.uint8)) for index in range(frames)],
        10.0,
        160,
        120,
    )

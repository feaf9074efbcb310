"""Memory in which a picture is drawn for a display: a dumb buffer of DRM, with its framebuffer."""

import numpy as np

from edge.screens import drm
from edge.screens.card import Card


class DumbBuffer:
    """Memory that the display reads, black at first: `pixels` is (H, W, 4) uint8, blue first."""

    def __init__(self, card: Card, width: int, height: int) -> None:
        self._card = card
        self._dumb = card.call(drm.CREATE_DUMB, drm.Dumb(width=width, height=height, bpp=drm.BITS))
        self.framebuffer: int = card.call(
            drm.ADD_FB,
            drm.Fb(
                width=width,
                height=height,
                pitch=self._dumb.pitch,
                bpp=drm.BITS,
                depth=drm.DEPTH,
                handle=self._dumb.handle,
            ),
        ).id
        offset = card.call(drm.MAP_DUMB, drm.DumbMap(handle=self._dumb.handle)).offset
        self._memory = card.map_dumb_buffer(self._dumb.size, offset)
        rows = np.frombuffer(self._memory, np.uint8, height * self._dumb.pitch).reshape(height, -1)
        self.pixels = rows[:, : 4 * width].reshape(height, width, 4)
        self.pixels[:] = 0

    def free(self) -> None:
        """Return the memory to the kernel."""
        del self.pixels
        self._memory.close()
        self._card.call(drm.REMOVE_FB, drm.Handle(self.framebuffer))
        self._card.call(drm.DESTROY_DUMB, drm.Handle(self._dumb.handle))

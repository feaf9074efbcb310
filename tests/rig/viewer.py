"""Somebody on the virtual computer who looks at the service's stream, and what he was sent."""

import re

import cv2
import numpy as np

from edge.drawing import placeholder
from edge.frames import Image
from tests.rig.pi import Pi

LOOKS = """
import urllib.request
stream = urllib.request.urlopen("http://127.0.0.1:8080/stream")
while part := stream.read1():
    open("/mnt/viewed", "ab").write(part)
"""
PICTURE = re.compile(rb"Content-Length: (\d+)\r\n\r\n(\xff\xd8.*?)\r\n--frame\r\n", re.DOTALL)
# The largest picture has fewer.
PICTURE_BYTES = 100_000
# Of the picture's height; at its top stands the speed.
CORNER_PX = 24
# Levels, on the average: more than comes of JPEG, and less than of a line of text.
NOTICE_DIFFERS = 3


class Viewer:
    """Connects once, and never again."""

    def __init__(self, pi: Pi) -> None:
        """The service of `pi` listens by now."""
        self._pi, self._viewed = pi, pi.out / "viewed"
        (pi.out / "viewer.py").write_text(LOOKS)
        pi.run("systemd-run --quiet --unit=viewer python3 /mnt/viewer.py")
        self.looks_on()

    def looks_on(self) -> None:
        """Return once another picture was sent to him."""
        had = self._bytes()
        self._pi.wait("a picture in the stream", lambda: self._bytes() > had + PICTURE_BYTES)

    def is_told(self, notice: str) -> bool:
        """The newest picture is that of the `notice`."""
        picture = self.newest()
        height, width = picture.shape[:2]
        differs = np.abs(picture.astype(np.int16) - placeholder.draw(notice, width, height))
        return float(differs[CORNER_PX:].mean()) < NOTICE_DIFFERS

    def newest(self) -> Image:
        """The last whole picture, (H, W, 3) uint8, blue first."""
        with self._viewed.open("rb") as viewed:
            viewed.seek(max(0, self._bytes() - 2 * PICTURE_BYTES))
            *_, (count, jpeg) = PICTURE.findall(viewed.read())
        assert len(jpeg) == int(count)
        return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)

    def _bytes(self) -> int:
        return self._viewed.stat().st_size if self._viewed.exists() else 0

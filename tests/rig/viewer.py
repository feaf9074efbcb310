"""A viewer of the service's stream on the virtual computer, and the pictures that it received."""

import re

import cv2
import numpy as np

from edge.drawing import placeholder
from edge.frames import Image
from tests.rig.pi import Pi

PROGRAM = """
import urllib.request
stream = urllib.request.urlopen("http://127.0.0.1:8080/stream")
while part := stream.read1():
    open("/mnt/viewed", "ab").write(part)
"""
PICTURE = re.compile(rb"Content-Length: (\d+)\r\n\r\n(\xff\xd8.*?)\r\n--frame\r\n", re.DOTALL)
# More than the largest picture has.
PICTURE_BYTES = 100_000
# The rows at the top of the picture that show the speed.
CORNER_PX = 24
# Mean difference in levels: more than JPEG causes, less than a line of text.
NOTICE_DIFFERS = 3


class Viewer:
    """A program that connects to the stream once, and never again."""

    def __init__(self, pi: Pi) -> None:
        """Start it on `pi`, whose service already listens."""
        self._pi, self._viewed = pi, pi.out / "viewed"
        (pi.out / "viewer.py").write_text(PROGRAM)
        pi.run("systemd-run --quiet --unit=viewer python3 /mnt/viewer.py")
        self.wait_for_picture()

    def wait_for_picture(self) -> None:
        """Wait until another picture was received."""
        had = self._count_bytes()
        self._pi.wait("a picture in the stream", lambda: self._count_bytes() > had + PICTURE_BYTES)

    def shows_notice(self, notice: str) -> bool:
        """Whether the newest picture shows `notice`."""
        picture = self.read_newest_picture()
        height, width = picture.shape[:2]
        differs = np.abs(picture.astype(np.int16) - placeholder.draw(notice, width, height))
        return float(differs[CORNER_PX:].mean()) < NOTICE_DIFFERS

    def read_newest_picture(self) -> Image:
        """The last complete picture, (H, W, 3) uint8, blue first."""
        with self._viewed.open("rb") as viewed:
            viewed.seek(max(0, self._count_bytes() - 2 * PICTURE_BYTES))
            *_, (count, jpeg) = PICTURE.findall(viewed.read())
        assert len(jpeg) == int(count)
        return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)

    def _count_bytes(self) -> int:
        return self._viewed.stat().st_size if self._viewed.exists() else 0

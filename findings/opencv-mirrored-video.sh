#!/usr/bin/env bash
# OpenCV's VideoCapture turns a mirrored video upside down.
#
# Expected: CAP_PROP_ORIENTATION_AUTO, on by default, shows a file as its display matrix says, or leaves it
# alone.
# Seen: only an angle is read from the matrix. One that mirrors left and right counts as a turn by 180
# degrees, so the picture is upside down and still not mirrored as it should be; one that mirrors top and
# bottom counts for nothing. PyAV's frame.rotation has the same angle (-180), with the opposite sign for a
# turn by 90 degrees.
# Instead: read the matrix (PyAV: frame.side_data.get("DISPLAYMATRIX")) and switch CAP_PROP_ORIENTATION_AUTO
# off.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

if ! { python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    opencv-python-headless==4.14.0.94 av==18.1.0 numpy==2.4.6; }; then
    echo "not tried: the packages could not be installed"
    exit 2
fi

cat > "$folder/mirrored.py" <<'END'
import struct
import sys
from importlib.metadata import version
from pathlib import Path

import av
import cv2
import numpy as np

folder = Path(sys.argv[1])
WIDTH, HEIGHT, ONE = 320, 240, 0x10000
# ISO/IEC 14496-12: what a track's display matrix makes of x and y, in 16.16 fixed point.
MATRICES = {
    "plain": (ONE, 0, 0, 0, ONE, 0, 0, 0),
    "turned clockwise": (0, ONE, 0, -ONE, 0, 0, HEIGHT * ONE, 0),
    "left and right mirrored": (-ONE, 0, 0, 0, ONE, 0, WIDTH * ONE, 0),
    "top and bottom mirrored": (ONE, 0, 0, 0, -ONE, 0, 0, HEIGHT * ONE),
}
RIGHT = dict(zip(MATRICES, ("top left", "top right", "top right", "bottom left")))
SEEN = dict(zip(MATRICES, ("top left", "top right", "bottom right", "top left")))


def write_video(path):
    """A grey video whose top left quarter is white."""
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    picture[: HEIGHT // 2, : WIDTH // 2] = 255
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height = WIDTH, HEIGHT
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        container.mux(stream.encode())


def find_bright_quarter(picture):
    height, width = picture.shape[:2]
    rows = {"top": height // 4, "bottom": height * 3 // 4}
    columns = {"left": width // 4, "right": width * 3 // 4}
    return max(
        (f"{row} {column}" for row in rows for column in columns),
        key=lambda place: picture[rows[place.split()[0]], columns[place.split()[1]]].sum(),
    )


write_video(str(folder / "plain.mp4"))
content = bytearray((folder / "plain.mp4").read_bytes())
matrix = content.index(b"tkhd") + 44
places, angles = {}, {}
for name, values in MATRICES.items():
    # The last of the nine, always 1, is in 2.30.
    content[matrix : matrix + 36] = struct.pack(">9i", *values, 1 << 30)
    path = folder / "video.mp4"
    path.write_bytes(content)
    capture = cv2.VideoCapture(str(path))
    places[name] = find_bright_quarter(capture.read()[1])
    with av.open(str(path)) as container:
        rotation = next(container.decode(video=0)).rotation
    angles[name] = (rotation, int(capture.get(cv2.CAP_PROP_ORIENTATION_META)))

print(f"version:  OpenCV {cv2.__version__}, PyAV {version('av')}")
print(f"expected: the bright quarter, top left in the file, at {RIGHT}")
if places != SEEN:
    sys.exit(f"changed: at {places}")
print(f"seen:     at {places}; angles (PyAV, OpenCV): {angles}")
END

"$folder/venv/bin/python" "$folder/mirrored.py" "$folder"

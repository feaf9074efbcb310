#!/usr/bin/env bash
# OpenCV's "unconverted" frames of a BT.709 video hold another luma than the video.
#
# Expected: with CAP_PROP_CONVERT_RGB off, read() gives the decoded Y plane of an H.264 file, the same bytes
# whether or not the file names its colour space.
# Seen: the very same Y, U and V give other grey values once the file is tagged as BT.709, as most HD video
# is: each frame goes through a conversion to BT.601 first. Saturated red is 18 levels off, green 29; the
# log says only "will be treated as 8UC1".
# Instead: PyAV, whose frame.planes[0] is the plane itself.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

if ! { python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    opencv-python-headless==4.14.0.94 av==18.1.0 numpy==2.4.6; }; then
    echo "not tried: the packages could not be installed"
    exit 2
fi

cat > "$folder/luma.py" <<'END'
import sys
from importlib.metadata import version
from pathlib import Path

import av
import cv2
import numpy as np

folder = Path(sys.argv[1])
WIDTH, HEIGHT = 320, 240
UNTAGGED, BT709 = 2, 1
# Y, U, V of pure red, green and blue in BT.709, limited range.
COLOURS = {"red": (63, 102, 240), "green": (173, 42, 26), "blue": (32, 240, 118)}


def write_video(path, colour, space):
    picture = np.empty((HEIGHT * 3 // 2, WIDTH), np.uint8)
    picture[:HEIGHT], picture[HEIGHT : HEIGHT * 5 // 4], picture[HEIGHT * 5 // 4 :] = colour
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.colorspace = space
        for _ in range(5):
            frame = av.VideoFrame.from_ndarray(picture, "yuv420p")
            frame.colorspace = space
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def read_luma(path):
    """The value in the middle of the first frame's Y plane: as decoded, and as OpenCV gives it."""
    with av.open(path) as container:
        plane = next(container.decode(video=0)).planes[0]
        decoded = np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[HEIGHT // 2, WIDTH // 2]
    capture = cv2.VideoCapture(path)
    capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)
    return int(decoded), int(capture.read()[1][HEIGHT // 2, WIDTH // 2])


lumas = {}
for name, colour in COLOURS.items():
    for tag, space in {"untagged": UNTAGGED, "BT.709": BT709}.items():
        path = str(folder / f"{name}.{space}.mp4")
        write_video(path, colour, space)
        lumas[name, tag] = read_luma(path)

print(f"version:  OpenCV {cv2.__version__}, PyAV {version('av')}")
print("expected: of every file the same two values, its luma as decoded and as OpenCV reads it")
if any(decoded != read for (_, tag), (decoded, read) in lumas.items() if tag == "untagged"):
    sys.exit(f"changed: untagged files differ, too: {lumas}")
if all(abs(decoded - read) < 5 for decoded, read in lumas.values()):
    sys.exit(f"changed: equal: {lumas}")
print(f"seen:     {lumas}")
END

"$folder/venv/bin/python" "$folder/luma.py" "$folder"

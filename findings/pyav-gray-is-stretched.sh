#!/usr/bin/env bash
# PyAV's to_ndarray(format="gray") is not the luma that was decoded.
#
# Expected: grey of a yuv420p frame is its first plane, which is grey already; nothing has to be computed.
# Seen: limited range is stretched to full range on the way, so that black 16 becomes 0 and white 235
# becomes 255 (up to 20 levels off).
# Instead: np.frombuffer(frame.planes[0], np.uint8), reshaped by line_size, sliced to the width.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

if ! { python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    av==18.1.0 numpy==2.4.6; }; then
    echo "not tried: the packages could not be installed"
    exit 2
fi

cat > "$folder/gray.py" <<'END'
import sys
from importlib.metadata import version
from pathlib import Path

import av
import numpy as np

path = str(Path(sys.argv[1]) / "ramp.mkv")
WIDTH, HEIGHT = 320, 240
picture = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
picture[:HEIGHT] = np.linspace(16, 235, WIDTH).astype(np.uint8)
with av.open(path, "w") as container:
    # FFV1 is lossless.
    stream = container.add_stream("ffv1", rate=30)
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "yuv420p")))
    container.mux(stream.encode())

with av.open(path) as container:
    frame = next(container.decode(video=0))
plane = np.frombuffer(frame.planes[0], np.uint8).reshape(HEIGHT, -1)[:, :WIDTH]
grey = frame.to_ndarray(format="gray")
difference = grey.astype(int) - plane
print(f"version:  PyAV {version('av')}")
print(f"expected: the first plane, {plane.min()} to {plane.max()}")
if not (plane == picture[:HEIGHT]).all():
    sys.exit("changed: the plane itself is not what was written")
if not difference.any():
    sys.exit("changed: grey is the first plane")
print(f"seen:     {grey.min()} to {grey.max()}, {difference.min()} to {difference.max():+} levels off")
END

"$folder/venv/bin/python" "$folder/gray.py" "$folder"

#!/usr/bin/env bash
# OpenCV's warpAffine, warpPerspective and remap take INTER_AREA and do INTER_LINEAR.
#
# Expected: INTER_AREA averages what falls into a pixel, as resize does, or is refused as INTER_LINEAR_EXACT
# is.
# Seen: the output of INTER_LINEAR to the byte, without a word: a fine chequerboard, shrunk to a quarter, is
# all black or all white instead of grey.
# Instead: resize by INTER_AREA first, then warp.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

if ! { python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    opencv-python-headless==4.14.0.94 numpy==2.4.6; }; then
    echo "not tried: the packages could not be installed"
    exit 2
fi

cat > "$folder/warp.py" <<'END'
import sys

import cv2
import numpy as np

SIZE = (60, 60)
board = (np.indices((240, 240)).sum(axis=0) % 2 * 255).astype(np.uint8)
affine = np.float32([[0.25, 0, 0], [0, 0.25, 0]])
perspective = np.float32([[0.25, 0, 0], [0, 0.25, 0], [0, 0, 1]])
x, y = np.meshgrid(np.arange(60, dtype=np.float32) * 4, np.arange(60, dtype=np.float32) * 4)
warps = {
    "warpAffine": lambda flag: cv2.warpAffine(board, affine, SIZE, flags=flag),
    "warpPerspective": lambda flag: cv2.warpPerspective(board, perspective, SIZE, flags=flag),
    "remap": lambda flag: cv2.remap(board, x, y, flag),
}
averaged = np.unique(cv2.resize(board, SIZE, interpolation=cv2.INTER_AREA)).tolist()
seen = {}
for name, warp in warps.items():
    try:
        area = warp(cv2.INTER_AREA)
    except cv2.error:
        sys.exit(f"changed: {name} refuses INTER_AREA")
    try:
        warp(cv2.INTER_LINEAR_EXACT)
        exact = "taken"
    except cv2.error:
        exact = "refused"
    seen[name] = (np.unique(area).tolist(), (area == warp(cv2.INTER_LINEAR)).all(), exact)
print(f"version:  OpenCV {cv2.__version__}")
print(f"expected: INTER_AREA gives {averaged}, as resize does, or is refused")
if not all(is_linear for _, is_linear, _ in seen.values()):
    sys.exit(f"changed: {seen}")
for name, (levels, _, exact) in seen.items():
    print(f"seen:     {name} gives {levels}, the bytes of INTER_LINEAR; INTER_LINEAR_EXACT is {exact}")
END

"$folder/venv/bin/python" "$folder/warp.py" "$folder"

#!/usr/bin/env bash
# OpenCV's resize gives other bytes on arm64 than on x86-64, INTER_LINEAR in four pixels of ten.
#
# Expected: an 8-bit grey picture, resized by the same release's wheels for two processors, is the same
# picture.
# Seen: INTER_LINEAR differs by up to 3 levels, INTER_CUBIC by 1, INTER_AREA by 1 in a few pixels of
# thousands, unless the size is halved. INTER_LINEAR_EXACT and INTER_LANCZOS4 are equal.
# Instead: INTER_LINEAR_EXACT where two kinds of machines have to agree.
# arm64 is run by QEMU, with Debian's Python and the wheels from the package index; about 150 MB are
# downloaded.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

[ "$(uname -m)" = x86_64 ] || {
    echo "not tried: this compares x86-64, where it has to be run, with arm64"
    exit 2
}
command -v qemu-aarch64-static > /dev/null || {
    echo "not tried: qemu-aarch64-static is missing; apt-get install qemu-user-static"
    exit 2
}
packages=(opencv-python-headless==4.14.0.94 numpy==2.4.6)

# Debian's Python for arm64 and all that it needs, beside this system's own packages.
install_arm64_python() {
    local apt=(-q -q -y -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Debug::NoLocking=1
        -o "Dir::State=$folder/apt/state" -o "Dir::State::status=$folder/apt/status"
        -o "Dir::Cache=$folder/apt/cache")
    mkdir -p "$folder/apt/state/lists/partial" "$folder/apt/cache/archives/partial" "$folder/arm64" || return
    touch "$folder/apt/status"
    chmod 755 "$folder"
    apt-get "${apt[@]}" update || return
    apt-get "${apt[@]}" --download-only --no-install-recommends install base-files python3 libstdc++6 \
        > /dev/null || return
    for package in "$folder"/apt/cache/archives/*.deb; do
        dpkg-deb --extract "$package" "$folder/arm64" || return
    done
}

if ! { install_arm64_python && python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet \
    --disable-pip-version-check "${packages[@]}"; }; then
    echo "not tried: the packages could not be installed"
    exit 2
fi
arm64_python=$(readlink -f "$folder/arm64/usr/bin/python3")
if ! "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 \
    --python-version "${arm64_python##*python}" --target "$folder/wheels" "${packages[@]}"; then
    echo "not tried: the wheels for arm64 could not be installed"
    exit 2
fi

cat > "$folder/resize.py" <<'END'
import sys

import cv2
import numpy as np

y, x = np.mgrid[:480, :640]
picture = ((x * 7 + y * 13 + x * y // 17) % 256).astype(np.uint8)
np.savez(sys.argv[1], **{
    f"{name} {size[0]}x{size[1]}": cv2.resize(picture, size, interpolation=getattr(cv2, name))
    for name in ("INTER_LINEAR", "INTER_CUBIC", "INTER_AREA", "INTER_LINEAR_EXACT", "INTER_LANCZOS4")
    for size in ((320, 240), (300, 200), (213, 161))
})
END
cat > "$folder/compare.py" <<'END'
import sys

import cv2
import numpy as np

here, arm64 = np.load(sys.argv[1]), np.load(sys.argv[2])
print(f"version:  OpenCV {cv2.__version__}")
print("expected: 0 levels between x86-64 and arm64 for every method and size")
linear = 0
for name in here:
    difference = np.abs(here[name].astype(int) - arm64[name])
    linear = max(linear, difference.max()) if name.startswith("INTER_LINEAR ") else linear
    if difference.any():
        share = (difference > 0).mean()
        print(f"seen:     {name}: levels up to {difference.max()} apart, in {share:.2%} of the pixels")
if linear == 0:
    sys.exit("changed: INTER_LINEAR is equal")
END

"$folder/venv/bin/python" "$folder/resize.py" "$folder/x86_64.npz"
PYTHONHOME="$folder/arm64/usr" PYTHONPATH="$folder/wheels" \
    qemu-aarch64-static -L "$folder/arm64" "$arm64_python" "$folder/resize.py" "$folder/arm64.npz"
"$folder/venv/bin/python" "$folder/compare.py" "$folder/x86_64.npz" "$folder/arm64.npz"

#!/bin/sh
# Makes what an arm64 Python needs to run under qemu-aarch64 -L ROOT: a Debian 13 for arm64, the wheels of the app, and
# the plugin that counts instructions.  Its packages are only unpacked, which takes a minute and no emulation.
#
#   root.sh ROOT PYTHON      (PYTHON: one with pip, of any version)
#
# Needs root (debootstrap), debootstrap, dpkg and gcc.
set -eu
root=$1 python=$2
here=$(dirname "$(readlink -f "$0")")

for tool in debootstrap dpkg-deb gcc; do
    command -v "$tool" >/dev/null || { echo "expected $tool, found none; apt install debootstrap dpkg gcc" >&2; exit 1; }
done
rm -rf "$root"
mkdir -p "$root"
debootstrap --foreign --arch=arm64 --variant=minbase --include=python3-minimal,libpython3-stdlib,libstdc++6 \
    trixie "$root" >"$root.log" 2>&1 || { tail -n 3 "$root.log" >&2; exit 1; }
for package in "$root"/var/cache/apt/archives/*.deb; do
    dpkg-deb --extract "$package" "$root"
done
rm -rf "$root"/var/cache/apt/archives/*

"$python" -m pip install --quiet --disable-pip-version-check --no-deps --target "$root/opt/wheels" \
    --constraint "$here/../../constraints.txt" --python-version 3.13 --implementation cp --only-binary=:all: \
    --platform manylinux_2_28_aarch64 --platform manylinux2014_aarch64 \
    numpy opencv-python-headless onnxruntime msgspec tqdm
gcc -shared -fPIC -O2 -Wall -Wextra -Werror -o "$root/count.so" "$here/count.c"

# ONNX Runtime reads from these files which processor this is; the host's own files, of an x86, would crash it.
mkdir -p "$root/sys/devices/system/cpu"
for name in possible present online; do
    echo 0-3 >"$root/sys/devices/system/cpu/$name"
done
mkdir -p "$root/proc"

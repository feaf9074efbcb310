#!/usr/bin/env bash
# python-osc takes NumPy's float64 and refuses its float32.
#
# Expected: a measurement can be sent as NumPy gives it; OSC's own "f" is a 32-bit float.
# Seen: float64 goes through, being a subclass of Python's float, and is sent in 32 bits. float32, every
# integer and bool of NumPy raise ValueError, "Inferred arg_value type is not supported", so that a program
# breaks once an array becomes float32.
# Instead: .item() or .tolist().
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

if ! { python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    python-osc==1.10.2 numpy==2.4.6; }; then
    echo "not tried: the packages could not be installed"
    exit 2
fi

cat > "$folder/osc.py" <<'END'
import sys
from importlib.metadata import version

import numpy as np
from pythonosc.osc_message_builder import OscMessageBuilder


def send_type_of(value):
    """The OSC type tag that `value` is sent as."""
    message = OscMessageBuilder("/probability")
    try:
        message.add_arg(value)
    except ValueError as error:
        return f"ValueError: {error}"
    return message.build().dgram.split(b",")[1][:1].decode()


tags = {type(value).__name__: send_type_of(value) for value in (
    np.float64(0.5), np.float32(0.5), np.int32(5), np.int64(5), np.bool_(True)
)}
print(f"version:  python-osc {version('python-osc')}, NumPy {np.__version__}")
print("expected: float32, the type that OSC's f has, is sent as float64 is")
if tags["float64"] != "f" or not tags["float32"].startswith("ValueError"):
    sys.exit(f"changed: {tags}")
print(f"seen:     {tags}")
END

"$folder/venv/bin/python" "$folder/osc.py" "$folder"

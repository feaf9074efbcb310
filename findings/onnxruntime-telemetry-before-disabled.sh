#!/usr/bin/env bash
# onnxruntime.disable_telemetry_events() comes too late to disable telemetry on Linux.
#
# Expected: a program that calls it right after the import, before any session, leaves no trace of
# telemetry.
# Seen: the wheel writes a device id and a database under ~/.cache/Microsoft while it is imported, and keeps
# a thread more than with telemetry off; the call takes neither away.
# Instead: ORT_DISABLE_TELEMETRY=1 in the environment before the import.
# The script runs it with an empty home and without any network, so that nothing is sent.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

if ! { python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    onnxruntime==1.32.0 numpy==2.4.6; }; then
    echo "not tried: the packages could not be installed"
    exit 2
fi

cat > "$folder/telemetry.py" <<'END'
import os
from pathlib import Path

import onnxruntime

onnxruntime.disable_telemetry_events()
files = sorted(path.name for path in Path.home().rglob("*") if path.is_file())
print(len(os.listdir("/proc/self/task")), *files)
END

# Prints the number of threads and the files in the home directory.
run_with() {
    local home
    home=$(mktemp -d -p "$folder")
    env -i PATH="$PATH" HOME="$home" "$@" unshare --map-root-user --net \
        "$folder/venv/bin/python" "$folder/telemetry.py"
}

unshare --map-root-user --net true || {
    echo "not tried: a network namespace of its own is not allowed here"
    exit 2
}
called=$(run_with)
off=$(run_with ORT_DISABLE_TELEMETRY=1)
version=$("$folder/venv/bin/pip" --disable-pip-version-check freeze 2> /dev/null | grep ^onnxruntime)
echo "version:  $version, $(uname -sm)"
echo "expected: after disable_telemetry_events() as with ORT_DISABLE_TELEMETRY=1 (threads, files): $off"
if [[ $called != *deviceid* || $off == *deviceid* ]]; then
    echo "changed:  with the call $called, with the variable $off"
    exit 1
fi
echo "seen:     $called"

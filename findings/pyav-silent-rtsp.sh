#!/usr/bin/env bash
# PyAV's time-out of a silent RTSP server raises InvalidDataError, a ValueError.
#
# Expected: av.open(..., timeout=...) on a server that accepts and stays silent raises the same error for
# every protocol, one that speaks of time.
# Seen: HTTP, RTMP and plain TCP raise ExitError ("Immediate exit requested"); RTSP raises InvalidDataError
# ("Invalid data found when processing input") after the same time, though no byte came. A frozen camera
# looks like a broken one.
# Instead: catch FFmpegError, and tell silent from broken by the clock.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

if ! { python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    av==18.1.0; }; then
    echo "not tried: the packages could not be installed"
    exit 2
fi

cat > "$folder/silent.py" <<'END'
import socket
import sys
import threading
import time
from importlib.metadata import version

import av

TIMEOUT_S = 2
listener = socket.create_server(("127.0.0.1", 0))
connections = []


def accept():
    while True:
        connections.append(listener.accept())


threading.Thread(target=accept, daemon=True).start()
outcomes = {}
for protocol in ("http", "rtmp", "tcp", "rtsp"):
    began_at_s = time.monotonic()
    try:
        av.open(f"{protocol}://127.0.0.1:{listener.getsockname()[1]}/live", timeout=TIMEOUT_S)
    except av.FFmpegError as error:
        outcomes[protocol] = type(error).__name__
    if time.monotonic() - began_at_s < TIMEOUT_S - 0.1:
        sys.exit(f"changed: {protocol} did not wait for {TIMEOUT_S} s: {outcomes}")

print(f"version:  PyAV {version('av')}, FFmpeg {av.ffmpeg_version_info}")
print("expected: one error for four protocols whose server is silent")
if outcomes != {"http": "ExitError", "rtmp": "ExitError", "tcp": "ExitError", "rtsp": "InvalidDataError"}:
    sys.exit(f"changed: {outcomes}")
print(f"seen:     {outcomes}, each after {TIMEOUT_S} s")
END

"$folder/venv/bin/python" "$folder/silent.py" "$folder"

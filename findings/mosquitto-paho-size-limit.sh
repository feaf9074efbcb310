#!/usr/bin/env bash
# Mosquitto answers an oversized MQTT 5 message in a way that makes paho-mqtt hang up.
#
# Expected: over message_size_limit the broker acknowledges with "implementation specific error" (131), as
# its manual says; paho's on_publish passes that on, and the connection stays.
# Seen: Mosquitto 2.0 sends 149, packet too large, which MQTT 5 does not list for PUBACK. paho takes that
# for a malformed packet, closes the connection, and on_publish is never called: the reason is in the
# broker's log alone.
# Instead: max_packet_size, which a client is told of when it connects, and a check of the length before
# publishing.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

PATH="$PATH:/usr/sbin"
command -v mosquitto > /dev/null || {
    echo "not tried: mosquitto is missing; apt-get install mosquitto"
    exit 2
}
if ! { python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    paho-mqtt==2.2.0; }; then
    echo "not tried: the packages could not be installed"
    exit 2
fi

cat > "$folder/oversized.py" <<'END'
import re
import socket
import subprocess
import sys
import threading
import time
from importlib.metadata import version
from pathlib import Path

from paho.mqtt.client import CallbackAPIVersion, Client, MQTTv5

folder = Path(sys.argv[1])
with socket.create_server(("127.0.0.1", 0)) as listener:
    port = listener.getsockname()[1]
(folder / "broker.conf").write_text(f"""
listener {port} 127.0.0.1
allow_anonymous true
log_type all
message_size_limit 100
""")
broker = subprocess.Popen(["mosquitto", "-c", folder / "broker.conf"], stderr=subprocess.PIPE, text=True)
for _ in range(100):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        break
    except OSError:
        time.sleep(0.1)

events = []
is_over = threading.Event()


def add(event):
    events.append(event)
    is_over.set()


client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5, reconnect_on_failure=False)
client.on_connect = lambda *_: client.publish("room", "x" * 500, qos=1)
client.on_publish = lambda _client, _userdata, _mid, reason, _properties: add(f"on_publish: {reason}")
client.on_disconnect = lambda _client, _userdata, _flags, reason, _properties: add(f"on_disconnect: {reason}")
client.connect("127.0.0.1", port)
client.loop_start()
is_over.wait(10)
client.loop_stop()
broker.terminate()
log = broker.communicate()[1]

release = re.search(r"mosquitto version (\S+)", log)[1]
answer = re.search(r"Sending PUBACK to .*rc(\d+)", log)
print(f"version:  Mosquitto {release}, paho-mqtt {version('paho-mqtt')}")
print("expected: PUBACK with reason 131, which on_publish is given; no disconnection")
if events != ["on_disconnect: Protocol error"] or not answer or answer[1] != "149":
    sys.exit(f"changed: {events}, the broker's log: {answer[0] if answer else 'no PUBACK'}")
print(f"seen:     PUBACK with reason {answer[1]}; {events[0]}; on_publish was not called")
END

"$folder/venv/bin/python" "$folder/oversized.py" "$folder"

#!/usr/bin/env bash
# paho-mqtt reports a message as failed that it keeps and delivers, and its full queue drops the newest.
#
# Expected: publish() before the connection is up reports a failure for what is lost and none for what is
# kept; a bounded queue of measurements gives up the oldest.
# Seen: each message of QoS 1 gets rc 4, "The client is not currently connected", and wait_for_publish()
# raises, yet the first two are delivered later: who publishes again on rc != 0 sends them twice. The newest
# two, beyond max_queued_messages_set(2), get rc 15 and are gone.
# Instead: keep a bounded queue of one's own, and publish while connected.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

if ! { python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    paho-mqtt==2.2.0; }; then
    echo "not tried: the packages could not be installed"
    exit 2
fi

cat > "$folder/queue.py" <<'END'
import platform
import socket
import sys
import threading
from importlib.metadata import version

from paho.mqtt.client import CallbackAPIVersion, Client

CONNECT, PUBLISH = 1, 3
received = []
has_two = threading.Event()


def serve(listener):
    """The little of an MQTT 3.1.1 broker that takes messages shorter than 128 bytes and acknowledges them."""
    connection, _ = listener.accept()
    stream = connection.makefile("rb")
    while head := stream.read(2):
        kind, body = head[0] >> 4, stream.read(head[1])
        if kind == CONNECT:
            connection.sendall(b"\x20\x02\x00\x00")
        elif kind == PUBLISH:
            identifier = 2 + int.from_bytes(body[:2], "big")
            received.append(body[identifier + 2 :].decode())
            connection.sendall(b"\x40\x02" + body[identifier : identifier + 2])
            if len(received) == 2:
                has_two.set()


listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(listener,), daemon=True).start()
client = Client(CallbackAPIVersion.VERSION2)
client.max_queued_messages_set(2)
messages = {text: client.publish("room", text, qos=1) for text in ("first", "second", "third", "fourth")}
codes = [int(message.rc) for message in messages.values()]
try:
    messages["first"].wait_for_publish(timeout=0)
    answer = "returns"
except RuntimeError as error:
    answer = f"raises {error}"
client.connect("127.0.0.1", listener.getsockname()[1])
client.loop_start()
has_two.wait(10)
client.disconnect()
client.loop_stop()

print(f"version:  paho-mqtt {version('paho-mqtt')}, Python {platform.python_version()}")
print("expected: rc 0 for what is delivered later, and the newest of four messages kept in a queue of two")
if codes != [4, 4, 15, 15] or received != ["first", "second"]:
    sys.exit(f"changed: rc {codes}, delivered {received}")
print(f"seen:     rc {codes}, delivered {received}; wait_for_publish() for the first {answer}")
END

"$folder/venv/bin/python" "$folder/queue.py"

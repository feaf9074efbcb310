"""Results published to a real Mosquitto, which dies, stalls, refuses and comes back."""

import gc
import json
import logging
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest

from edge.contracts import Box, Result
from edge.errors import ConfigError
from edge.mqtt import address as mqtt_address
from edge.mqtt import connection as mqtt_connection
from edge.mqtt import pending, publisher
from edge.sinks import mqtt
from edge.sinks.mqtt import MqttSink, choose_pause_s
from tests.mosquitto import (
    MOSQUITTO,
    PASSWORD,
    TIMEOUT_S,
    USER,
    Mosquitto,
    Subscriber,
    make_certificates,
    until,
    write_passwords,
)
from tests.results import LABELS, reading_of, result_of

if MOSQUITTO is None and os.environ.get("CI") != "true":
    pytest.skip("mosquitto is not installed", allow_module_level=True)

STATS = {
    "analysed_fps": 29.9,
    "latency_p50_ms": 11.8,
    "dropped": 3.0,
    "temperature_c": 51.2,
    "throttled": 0.0,
}
OPEN = "allow_anonymous true"
LOCKED = ("allow_anonymous false", "password_file %F/passwords")
ENCRYPTED = (OPEN, "certfile %F/broker.crt", "keyfile %F/broker.key")


def make_result(label: str = "happy", track_id: int = 1) -> Result:
    now_s = time.monotonic()
    return result_of(
        np.zeros((48, 64, 3), np.uint8), reading_of(Box(1, 2, 30, 30), track_id, label), captured_at_s=now_s
    )


def make_sink(
    server: Mosquitto, *, user: str = "", scheme: str = "mqtt", host: str = "127.0.0.1", **settings: Any
) -> MqttSink:
    address = mqtt_address.parse(f"{scheme}://{user}{host}:{server.port}/shop/door", "--mqtt")
    return MqttSink(address, LABELS, lambda: STATS, **{"every_s": 0.0, **settings})


def record_attempts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the attempts that failed, as they come; the sink pauses for a moment after each."""
    attempts: list[int] = []

    def pause_s(attempt: int) -> float:
        attempts.append(attempt)
        return 0.01

    monkeypatch.setattr(mqtt, "choose_pause_s", pause_s)
    return attempts


def list_warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.fixture(autouse=True)
def shorten_waits(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A test waits for less time than a device."""
    monkeypatch.setattr(mqtt, "choose_pause_s", lambda attempt: 0.05)
    monkeypatch.setattr(publisher, "CHECK_EVERY_S", 0.02)
    # On a busy machine the thread must not be left behind.
    monkeypatch.setattr(publisher, "FLUSH_WITHIN_S", 10.0)
    caplog.set_level(logging.INFO)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path, OPEN) as started:
        yield started


def test_state_changes_and_availability_are_published(server: Mosquitto) -> None:
    with Subscriber(server.port) as subscriber:
        with make_sink(server) as sink:
            sink.show(make_result())
            subscriber.wait("shop/door/availability", lambda payload: payload == "online")
            state = json.loads(subscriber.wait("shop/door/state").payload)
            first = json.loads(subscriber.wait("shop/door/events").payload)
            sink.show(make_result("sad"))
            second = json.loads(subscriber.wait("shop/door/events", lambda payload: "sad" in payload).payload)
            subscriber.wait("shop/door/state", lambda payload: '"sad"' in payload)
        subscriber.wait("shop/door/availability", lambda payload: payload == "offline")
    assert (state["schema"], state["expression"], state["faces"], state["camera_problem"]) == (
        1,
        "happy",
        1,
        None,
    )
    assert (state["fps"], state["temperature_c"], state["throttled"]) == (29.9, 51.2, False)
    assert (first["kind"], first["expression"], first["before"]) == ("expression", "happy", None)
    assert (second["expression"], second["before"], second["track"], second["confidence"]) == (
        "sad",
        "happy",
        1,
        0.8,
    )


def test_late_subscriber_gets_the_state_and_no_old_changes(server: Mosquitto) -> None:
    with Subscriber(server.port) as witness, make_sink(server) as sink:
        sink.show(make_result())
        witness.wait("shop/door/availability")
        with Subscriber(server.port) as late:
            late.wait("shop/door/state")
            late.wait("shop/door/availability", lambda payload: payload == "online")
            known = late.wait("homeassistant/device/fer-edge-shop-door/config")
        assert {message.topic for message in late.received} == {
            "shop/door/state",
            "shop/door/availability",
            "homeassistant/device/fer-edge-shop-door/config",
        }
        assert all(message.is_retained for message in late.received)
    device = json.loads(known.payload)
    assert set(device["components"]) == {"expression", "faces", "fps", "temperature", "camera_problem"}


def test_nothing_is_published_for_home_assistant_without_a_prefix(server: Mosquitto) -> None:
    with Subscriber(server.port) as subscriber, make_sink(server, discovery="") as sink:
        sink.show(make_result())
        subscriber.wait("shop/door/availability")
    assert not [message for message in subscriber.received if message.topic.startswith("homeassistant")]


def test_end_of_a_steady_connection_is_logged_and_followed_by_a_quick_attempt(
    server: Mosquitto, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = record_attempts(monkeypatch)
    monkeypatch.setattr(mqtt, "STEADY_AFTER_S", 0.0)
    with make_sink(server):
        for outage in range(1, 4):
            until(partial(is_count, outage, lambda: caplog.text.count("reporting to")))
            server.kill()
            until(
                partial(
                    is_count,
                    outage,
                    lambda: sum("to stay connected" in text for text in list_warnings(caplog)),
                )
            )
            server.start()
    assert attempts.count(0) == 3


def is_count(expected: int, count: Callable[[], int]) -> bool:
    return count() == expected


def test_broker_that_dies_and_comes_back_gets_every_change(
    server: Mosquitto, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make_sink(server) as sink:
        with Subscriber(server.port) as subscriber:
            sink.show(make_result())
            subscriber.wait("shop/door/availability", lambda payload: payload == "online")
            server.kill()
            for label in ("sad", "angry", "fear"):
                queued = len(sink._pending.changes)
                sink.show(make_result(label))
                until(partial(is_count, queued + 1, lambda: len(sink._pending.changes)))
            until(lambda: len(list_warnings(caplog)) == 2)
            monkeypatch.setattr(publisher, "BrokerConnection", make_waiting_connection(subscriber, sink))
            server.start()
            known = "homeassistant/device/fer-edge-shop-door/config"
            before = len(subscriber.received)
            for topic in ("shop/door/availability", "shop/door/state", known):
                subscriber.wait(topic, after=before)
            subscriber.wait("shop/door/events", lambda payload: "fear" in payload)
        events = [json.loads(payload)["expression"] for payload in subscriber.payloads("shop/door/events")]
    assert list(dict.fromkeys(events)) == ["happy", "sad", "angry", "fear"]
    lost, unreachable = list_warnings(caplog)
    assert "expected to stay connected" in lost and "Connection refused" in unreachable
    assert caplog.text.count("reporting to") == 2


def make_waiting_connection(subscriber: Subscriber, sink: MqttSink) -> type[mqtt_connection.BrokerConnection]:
    """Connections that open once `subscriber` has subscribed."""

    class Waiting(mqtt_connection.BrokerConnection):
        def __enter__(self) -> Self:
            if not subscriber.subscribed.is_set():
                raise mqtt_connection.BrokerUnavailable(sink._logged_problem)
            return super().__enter__()

    return Waiting


def test_broker_that_stays_away_costs_the_oldest_changes_and_no_more(
    server: Mosquitto, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "OUTBOX_LIMIT", 3)
    server.kill()
    with make_sink(server) as sink:
        for track_id in range(10):
            sink.show(make_result(track_id=track_id))
            until(partial(has_checked, sink, track_id))
        assert len(sink._pending.changes) == 3
        server.start()
        with Subscriber(server.port) as subscriber:
            subscriber.wait("shop/door/state")
            until(lambda: len(sink._pending.changes) == 0)
    assert any(
        message.endswith("changes were lost while the MQTT broker was away")
        for message in list_warnings(caplog)
    )


def has_checked(sink: MqttSink, track_id: int) -> bool:
    return track_id in sink._pending._detector._labels


def test_missing_broker_is_one_line_and_leaving_does_not_wait(
    server: Mosquitto, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = record_attempts(monkeypatch)
    # However long an attempt took: it was no connection.
    monkeypatch.setattr(mqtt, "STEADY_AFTER_S", 0.0)
    server.kill()
    with make_sink(server) as sink:
        until(lambda: len(attempts) >= 5)
        sink.show(make_result())
    (message,) = list_warnings(caplog)
    assert (
        f"expected an MQTT broker at 127.0.0.1:{server.port}, found: Connection refused; start it" in message
    )
    assert attempts[:5] == [0, 1, 2, 3, 4]


def test_attempts_leave_no_descriptor(server: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    open_files: list[int] = []

    def pause_s(attempt: int) -> float:
        open_files.append(len(os.listdir("/proc/self/fd")))
        return 0.0

    monkeypatch.setattr(mqtt, "choose_pause_s", pause_s)
    server.kill()
    gc.disable()
    try:
        with make_sink(server):
            until(lambda: len(open_files) >= 50)
    finally:
        gc.enable()
    assert open_files[10] == open_files[49]


def test_host_that_has_no_address_is_one_line(server: Mosquitto, caplog: pytest.LogCaptureFixture) -> None:
    with make_sink(server, host="a..b"):
        until(lambda: bool(list_warnings(caplog)))
    assert "expected an MQTT broker at a..b" in list_warnings(caplog)[0]


@pytest.mark.parametrize("password", ["wrong horse", None])
def test_refused_password_is_one_line_without_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, password: str | None
) -> None:
    write_passwords(tmp_path)
    with (
        Mosquitto(tmp_path, *LOCKED) as server,
        make_sink(server, user=f"{USER}@" if password else "", password=password) as sink,
    ):
        until(lambda: server.log.read_text().count("Sending CONNACK") >= 3)
        sink.show(make_result())
    (message,) = [text for text in list_warnings(caplog) if "unencrypted" not in text]
    who = f"user {USER}" if password else "a client without a user"
    assert f"to accept {who}, found: Not authorized; check the user in --mqtt and the password" in message
    assert "wrong horse" not in caplog.text


def test_right_password_is_accepted_and_warned_of_where_it_is_not_encrypted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_passwords(tmp_path)
    with (
        Mosquitto(tmp_path, *LOCKED) as server,
        Subscriber(server.port, lambda client: client.username_pw_set(USER, PASSWORD)) as subscriber,
        make_sink(server, user=f"{USER}@", password=PASSWORD) as sink,
    ):
        sink.show(make_result())
        subscriber.wait("shop/door/availability")
    (message,) = list_warnings(caplog)
    assert "is sent unencrypted; mqtts:// encrypts it" in message
    assert PASSWORD not in caplog.text


def test_password_without_a_user_is_refused(server: Mosquitto) -> None:
    with pytest.raises(ConfigError, match=r"expected a user in mqtt for its password.*mqtt://USER@"):
        make_sink(server, password=PASSWORD)


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[Mosquitto]:
    make_certificates(tmp_path, "localhost")
    with Mosquitto(tmp_path, *ENCRYPTED) as started:
        yield started


def make_tls_setup(folder: Path) -> Callable[[Any], None]:
    def setup(client: Any) -> None:
        client.tls_set(ca_certs=str(folder / "ca.crt"), cert_reqs=ssl.CERT_REQUIRED)
        client.tls_insecure_set(True)  # The subscriber connects to the broker by its address.

    return setup


def test_certificate_of_the_own_authority_is_trusted(encrypted: Mosquitto) -> None:
    with (
        Subscriber(encrypted.port, make_tls_setup(encrypted.folder)) as subscriber,
        make_sink(encrypted, scheme="mqtts", host="localhost", ca=encrypted.folder / "ca.crt") as sink,
    ):
        sink.show(make_result())
        assert json.loads(subscriber.wait("shop/door/state").payload)["expression"] == "happy"


# paho leaves the socket of a failed handshake to the garbage collector, which takes it at once.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("host", "ca", "found"),
    [
        ("localhost", None, "unable to get local issuer certificate"),
        ("127.0.0.1", "ca.crt", "IP address mismatch"),
    ],
)
def test_certificate_that_is_not_trusted_is_one_line(
    encrypted: Mosquitto, caplog: pytest.LogCaptureFixture, host: str, ca: str | None, found: str
) -> None:
    attempts = encrypted.log.read_text().count("New connection")
    with make_sink(encrypted, scheme="mqtts", host=host, ca=encrypted.folder / ca if ca else None) as sink:
        until(lambda: encrypted.log.read_text().count("New connection") >= attempts + 3)
        sink.show(make_result())
    (message,) = list_warnings(caplog)
    assert (
        f"expected a certificate of the MQTT broker {host}:{encrypted.port} that is trusted, found: "
        in message
    )
    assert found in message and "name the file of its CA with --mqtt-ca" in message


def test_encryption_on_one_side_alone_is_one_line(
    server: Mosquitto, encrypted: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    with make_sink(encrypted, scheme="mqtt", host="localhost"):
        until(lambda: len(list_warnings(caplog)) == 1)
    assert "use mqtts:// if the broker needs TLS" in list_warnings(caplog)[0]


def test_certificates_that_are_none_are_refused(server: Mosquitto, tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("none")
    with pytest.raises(
        ConfigError, match=r"expected certificates \(PEM\) in .*ca.crt, found: no certificate"
    ):
        make_sink(server, scheme="mqtts", ca=tmp_path / "ca.crt")
    with pytest.raises(ConfigError, match=r"none\.crt, found: No such file"):
        make_sink(server, scheme="mqtts", ca=tmp_path / "none.crt")


def test_broker_that_stalls_holds_up_nobody_and_is_noticed(
    server: Mosquitto, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_connection, "KEEPALIVE_S", 1)
    monkeypatch.setattr(mqtt_connection, "CONNECT_WITHIN_S", 0.5)
    with Subscriber(server.port) as subscriber, make_sink(server) as sink:
        sink.show(make_result())
        subscriber.wait("shop/door/availability")
        server.stall()
        for number in range(2000):
            sink.show(make_result("sad" if number % 2 else "happy"))
        until(lambda: len(list_warnings(caplog)) == 2)
        server.resume()
        until(lambda: caplog.text.count("reporting to") == 2)
    assert "Keepalive" in list_warnings(caplog)[0] or "expected to stay connected" in list_warnings(caplog)[0]
    assert "expected an answer of the MQTT broker" in list_warnings(caplog)[1]


def test_two_devices_with_one_prefix_are_logged(server: Mosquitto, caplog: pytest.LogCaptureFixture) -> None:
    with Subscriber(server.port) as subscriber, make_sink(server) as first:
        first.show(make_result())
        subscriber.wait("shop/door/availability", lambda payload: payload == "online")
        with make_sink(server):
            until(lambda: len(list_warnings(caplog)) > 0)
    assert list_warnings(caplog)[0].count("found: The connection was lost; ") == 1
    assert "that no other device has the prefix shop/door" in list_warnings(caplog)[0]


def test_fault_of_the_thread_is_raised_by_the_next_show(server: Mosquitto) -> None:
    class Broken(Exception):
        """A bug."""

    def fail() -> dict[str, float]:
        raise Broken

    address = mqtt_address.parse(f"mqtt://127.0.0.1:{server.port}/shop/door", "--mqtt")
    with pytest.raises(Broken), MqttSink(address, LABELS, fail) as sink:
        sink.show(make_result())
        until(lambda: sink._workers.error is not None)
        sink.show(make_result())


def test_pauses_grow_to_a_limit_and_no_two_are_alike() -> None:
    assert [choose_pause_s(attempt, random=lambda: 1.0) for attempt in range(8)] == [
        1,
        2,
        4,
        8,
        16,
        32,
        60,
        60,
    ]
    assert choose_pause_s(3, random=lambda: 0.0) == 4.0
    assert len({choose_pause_s(3) for _ in range(20)}) > 1
    assert choose_pause_s(10**9) <= mqtt.MAX_PAUSE_S


def make_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "edge.run", "--camera", "demo", "--no-stream", *arguments]


def test_broker_publishes_offline_when_the_program_is_killed(server: Mosquitto) -> None:
    address = f"mqtt://127.0.0.1:{server.port}/shop/${{HOSTNAME}}"
    with Subscriber(server.port) as subscriber:
        process = subprocess.Popen(make_command("--mqtt", address), stderr=subprocess.DEVNULL)
        availability = f"shop/{os.uname().nodename}/availability"
        try:
            subscriber.wait(availability, lambda payload: payload == "online")
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        subscriber.wait(availability, lambda payload: payload == "offline")
    state = json.loads(subscriber.payloads(f"shop/{os.uname().nodename}/state")[-1])
    assert state["expression"] in (*LABELS, "uncertain", "none")


def test_program_goes_on_where_the_broker_refuses_it_and_shows_its_password_to_nobody(tmp_path: Path) -> None:
    write_passwords(tmp_path)
    (tmp_path / "secret").write_text("wrong horse\n")
    events = tmp_path / "out.csv"
    with Mosquitto(tmp_path, *LOCKED) as server:
        process = subprocess.Popen(
            make_command(
                "--mqtt",
                f"mqtt://{USER}@127.0.0.1:{server.port}",
                "--mqtt-password-file",
                str(tmp_path / "secret"),
                "--events",
                str(events),
                "--verbose",
            ),
            stderr=subprocess.PIPE,
            text=True,
        )
        until(lambda: "Sending CONNACK" in server.log.read_text())
        until(lambda: events.exists() and len(events.read_text().splitlines()) > 10)
        shown = Path(f"/proc/{process.pid}/cmdline").read_text()
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0
    assert stderr.count("Not authorized") == 1
    assert "wrong horse" not in shown + stderr

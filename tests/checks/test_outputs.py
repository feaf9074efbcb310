"""The checks of the outputs, also against this machine's own sockets."""

import os
import socket
import threading
from pathlib import Path

import pytest

from edge.checks import outputs
from edge.checks.check_result import CheckState
from edge.checks.machine import Machine, connect
from edge.checks.processes import find_listeners
from edge.settings.config import Config
from tests.checks.machines import add_listener, make_machine, remedies_of, states_of, write_file


def test_port_that_this_very_process_listens_at() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        [(address, owner)] = find_listeners(port, Path("/proc"))
        assert address == "127.0.0.1" and owner is not None and owner.id == os.getpid() and not owner.is_ours
        [finding] = outputs.check_port(Machine(environment={}), Config(listen=f"127.0.0.1:{port}"))
        assert finding.state is CheckState.PROBLEM and f"in use by process {os.getpid()}" in finding.found
    [finding] = outputs.check_port(Machine(environment={}), Config(listen=f"127.0.0.1:{port}"))
    assert finding.state is CheckState.OK


@pytest.mark.parametrize(
    ("listen", "address", "state"),
    [
        ("127.0.0.1:8080", "0200007F", CheckState.OK),
        ("127.0.0.1:8080", "00000000", CheckState.PROBLEM),
        ("0.0.0.0:8080", "0100007F", CheckState.PROBLEM),
        ("127.0.0.1:80", "00000000", CheckState.PROBLEM),
    ],
)
def test_port_of_another_address(pi: Path, listen: str, address: str, state: CheckState) -> None:
    add_listener(pi, 8080, 1, address)
    assert [found for found, _ in states_of(outputs.check_port(make_machine(pi), Config(listen=listen)))] == [
        state
    ]


def test_viewers_that_the_settings_allow(pi: Path, tmp_path: Path) -> None:
    token = write_file(tmp_path / "token", "a-long-secret\n")
    token.chmod(0o644)
    cases = [
        (Config(), ["this machine alone"]),
        (Config(listen="0.0.0.0:1", insecure=True), ["everybody who reaches 0.0.0.0:1 can watch (insecure)"]),
        (
            Config(listen="0.0.0.0:1", token_file=str(token)),
            [f"every user of this machine can read {token}", "token and pictures travel unencrypted"],
        ),
        (
            Config(tls_certificate=str(token), tls_key=str(token)),
            [f"expected PEM files in {token} and {token}, found that OpenSSL cannot read {token}"],
        ),
    ]
    for config, expected in cases:
        found = states_of(outputs.check_access(make_machine(pi), config))
        assert [text for _, text in found] == expected and "a-long-secret" not in str(found)


def test_display(pi: Path) -> None:
    assert states_of(outputs.check_display(make_machine(pi), Config())) == [
        (CheckState.SKIPPED, "this machine has no graphics driver")
    ]
    write_file(pi / "sys/class/drm/card1-HDMI-A-1/status", "connected\n")
    write_file(pi / "sys/class/drm/card1-HDMI-A-1/modes", "1920x1080\n1280x720\n")
    other = write_file(pi / "sys/class/drm/card1-HDMI-A-2/status", "disconnected\n")
    assert states_of(outputs.check_display(make_machine(pi), Config())) == [
        (CheckState.OK, "HDMI-A-1 1920x1080")
    ]
    (other.parents[1] / "card1-HDMI-A-1/status").write_text("disconnected\n")
    assert states_of(outputs.check_display(make_machine(pi), Config(display=True))) == [
        (CheckState.PROBLEM, "no display is connected")
    ]


def test_broker_that_answers_and_broker_without_tls(pi: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker:
        port = broker.getsockname()[1]
        here = make_machine(pi, connect=connect)
        assert states_of(outputs.check_mqtt(here, Config(mqtt=f"mqtt://127.0.0.1:{port}"))) == [
            (CheckState.OK, f"127.0.0.1:{port} answers")
        ]

        def answer_without_tls() -> None:
            for _ in range(2):
                client, _ = broker.accept()
                with client:
                    client.sendall(b"no TLS at all" * 9)

        thread = threading.Thread(target=answer_without_tls, name="answer_without_tls")
        thread.start()
        [(state, text)] = states_of(outputs.check_mqtt(here, Config(mqtt=f"mqtts://127.0.0.1:{port}")))
        thread.join()
        assert state is CheckState.PROBLEM and "not with a certificate to trust" in text
    [(state, text)] = states_of(outputs.check_mqtt(here, Config(mqtt=f"mqtt://127.0.0.1:{port}")))
    assert state is CheckState.PROBLEM and "no broker answers" in text


def test_broker_without_its_library(pi: Path) -> None:
    here = make_machine(pi, find_version={}.get)
    assert remedies_of(outputs.check_mqtt(here, Config(mqtt="mqtt://broker"))) == [
        "pip install 'fer-edge[mqtt]'"
    ]

"""Checks the outputs: the stream's port and its viewers, the display, the MQTT broker."""

import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edge.checks.check_result import CheckResult, make_problem, ok, problem, skip, warning
from edge.checks.machine import Machine
from edge.checks.processes import find_listeners
from edge.errors import ConfigError
from edge.mqtt import address as mqtt_address
from edge.settings import credentials
from edge.settings.loopback import LOOPBACK_HOSTS

if TYPE_CHECKING:
    from edge.settings.config import Config

EVERY_ADDRESS = ("0.0.0.0", "::")
# Only root may listen at a lower port, unless the kernel was told another limit.
FIRST_FREE_PORT = 1024


def check_port(machine: Machine, config: "Config") -> Iterator[CheckResult]:
    """Whether the stream can listen at its port, or which process already does."""
    if not config.stream:
        yield skip("the settings ask for no stream")
        return
    host, number = config.address
    first = machine.read_text("proc/sys/net/ipv4/ip_unprivileged_port_start")
    min_port = int(first) if first.isdecimal() else FIRST_FREE_PORT
    if 0 < number < min_port and not machine.is_root:
        yield problem(
            f"only root may listen at a port below {min_port}, and listen is {config.listen}",
            f"choose 8080, or another port from {min_port} on",
        )
        return
    conflicting = {host.replace("localhost", "127.0.0.1"), *EVERY_ADDRESS}
    for address, owner in find_listeners(number, machine.root / "proc") if number else ():
        if host not in EVERY_ADDRESS and address not in conflicting:
            continue
        if owner and owner.is_ours:
            yield ok(f"fer-edge listens at {config.listen}, process {owner}")
        else:
            who = f"process {owner}" if owner else "a process of another user (sudo shows which)"
            yield problem(f"port {number} is in use by {who}", "stop that, or set listen to another port")
        return
    yield ok(f"{config.listen} is free")


def check_access(machine: Machine, config: "Config") -> Iterator[CheckResult]:
    """Who may watch, and whether the secrets and certificates can be read."""
    if not config.stream:
        yield skip("the settings ask for no stream")
        return
    token_file = Path(config.token_file) if config.token_file else None
    try:
        token = credentials.read_secret("token", token_file, machine.environment)
        if config.tls_certificate and config.tls_key:
            from edge.web import tls

            tls.make_context(Path(config.tls_certificate), Path(config.tls_key))
    except ConfigError as error:
        yield make_problem(error)
        return
    if token_file is not None and token_file.stat().st_mode & 0o007:
        yield warning(f"every user of this machine can read {token_file}", f"chmod 640 {token_file}")
    if config.address[0] in LOOPBACK_HOSTS:
        yield ok("this machine alone")
    elif token is None:
        yield warning(
            f"everybody who reaches {config.listen} can watch (insecure)",
            "set token_file in place of insecure",
        )
    elif config.tls_certificate is None:
        yield warning(
            "token and pictures travel unencrypted",
            "set tls_certificate and tls_key, where the network is not your own",
        )
    else:
        yield ok("everybody who has the token, over an encrypted connection")


def check_display(machine: Machine, config: "Config") -> Iterator[CheckResult]:
    """What is plugged in, according to the kernel's graphics drivers."""
    statuses = {
        path.parent.name: path.read_text().strip()
        for path in sorted((machine.root / "sys/class/drm").glob("card*-*/status"))
    }
    connected = [
        _describe_connector(machine, name) for name, status in statuses.items() if status == "connected"
    ]
    if connected:
        yield ok(", ".join(connected))
    elif config.display and statuses:
        yield problem("no display is connected", "plug it in before the start")
    elif config.display:
        yield problem(
            "this machine has no graphics driver (no /dev/dri)",
            "add dtoverlay=vc4-kms-v3d to /boot/firmware/config.txt, and restart",
        )
    else:
        yield skip("none is connected" if statuses else "this machine has no graphics driver")


def _describe_connector(machine: Machine, name: str) -> str:
    mode = machine.read_text(f"sys/class/drm/{name}/modes").partition("\n")[0]
    return f"{re.sub(r'^card[0-9]+-', '', name)}{f' {mode}' if mode else ''}"


def check_mqtt(machine: Machine, config: "Config") -> Iterator[CheckResult]:
    """Whether the broker answers.

    The check does not sign in: the broker would disconnect a program that runs with the same identifier.
    """
    if not config.mqtt:
        yield skip("the settings name no broker")
        return
    if machine.find_version("paho-mqtt") is None:
        yield problem("paho-mqtt is not installed", "pip install 'fer-edge[mqtt]'")
        return
    password_file = Path(config.mqtt_password_file) if config.mqtt_password_file else None
    try:
        broker = mqtt_address.parse(config.mqtt, "mqtt")
        credentials.read_secret("mqtt_password", password_file, machine.environment)
    except ConfigError as error:
        yield make_problem(error)
        return
    yield _connect_to_broker(machine, broker, config.mqtt_ca)


def _connect_to_broker(machine: Machine, broker: mqtt_address.Broker, ca: str | None) -> CheckResult:
    """Connect over TCP, and then over TLS if the address asks for it."""
    try:
        with machine.connect(broker.host, broker.port) as plain:
            if not broker.is_encrypted:
                return ok(f"{broker} answers")
            context = ssl.create_default_context(cafile=ca)
            with context.wrap_socket(plain, server_hostname=broker.host) as encrypted:
                return ok(f"{broker} answers, {encrypted.version()}")
    except ssl.SSLError as error:
        return problem(
            f"{broker} answers, but not with a certificate to trust: {error.reason or error}",
            "name the authority's certificates in mqtt_ca",
        )
    except OSError as error:
        return problem(
            f"no broker answers at {broker}: {error.strerror or error}",
            "start it, and check address, network and firewall",
        )

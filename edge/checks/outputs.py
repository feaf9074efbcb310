"""Where results go: the stream's port and who may watch it, the display, the broker."""

import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edge.checks.findings import Finding, ok, problem, refused, skipped, warning
from edge.checks.machine import Machine
from edge.checks.processes import listeners
from edge.errors import ConfigError
from edge.mqtt import address as mqtt_address
from edge.settings import credentials

if TYPE_CHECKING:
    from edge.settings.config import Config

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = ("0.0.0.0", "::")
# Below it, only root may listen, unless the kernel says another.
FIRST_FREE_PORT = 1024


def port(machine: Machine, config: "Config") -> Iterator[Finding]:
    """Whether the stream can listen, or who does already."""
    if not config.stream:
        yield skipped("the settings ask for no stream")
        return
    host, number = config.address
    first = machine.text("proc/sys/net/ipv4/ip_unprivileged_port_start")
    least = int(first) if first.isdecimal() else FIRST_FREE_PORT
    if 0 < number < least and not machine.is_root:
        yield problem(
            f"a port below {least} is root's, and listen is {config.listen}", "choose 8080 or another above"
        )
        return
    wanted = {host.replace("localhost", "127.0.0.1"), *EVERYWHERE}
    for address, owner in listeners(number, machine.root / "proc") if number else ():
        if host not in EVERYWHERE and address not in wanted:
            continue
        if owner and owner.is_ours:
            yield ok(f"fer-edge listens at {config.listen}, process {owner}")
        else:
            who = f"process {owner}" if owner else "a process of another user (sudo shows which)"
            yield problem(f"port {number} is in use by {who}", "stop that, or set listen to another port")
        return
    yield ok(f"{config.listen} is free")


def access(machine: Machine, config: "Config") -> Iterator[Finding]:
    """Who may watch, and whether secrets and certificates can be read."""
    if not config.stream:
        yield skipped("the settings ask for no stream")
        return
    place = Path(config.token_file) if config.token_file else None
    try:
        token = credentials.read_secret("token", place, machine.environment)
        if config.tls_certificate and config.tls_key:
            from edge.web import tls

            tls.make_context(Path(config.tls_certificate), Path(config.tls_key))
    except ConfigError as error:
        yield refused(error)
        return
    if place is not None and place.stat().st_mode & 0o007:
        yield warning(f"every user of this machine can read {place}", f"chmod 640 {place}")
    if config.address[0] in LOOPBACK:
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
        yield ok("who has the token, encrypted")


def display(machine: Machine, config: "Config") -> Iterator[Finding]:
    """What is plugged in, as the kernel's graphics drivers tell."""
    connectors = {
        path.parent.name: path.read_text().strip()
        for path in sorted((machine.root / "sys/class/drm").glob("card*-*/status"))
    }
    connected = [_connector(machine, name) for name, status in connectors.items() if status == "connected"]
    if connected:
        yield ok(", ".join(connected))
    elif config.display:
        yield problem(
            "no display is connected" if connectors else "this machine has no graphics driver (no /dev/dri)",
            "plug it in before the start"
            if connectors
            else "add dtoverlay=vc4-kms-v3d to /boot/firmware/config.txt, and restart",
        )
    else:
        yield skipped("none is connected" if connectors else "this machine has no graphics driver")


def _connector(machine: Machine, name: str) -> str:
    mode = machine.text(f"sys/class/drm/{name}/modes").partition("\n")[0]
    return f"{re.sub(r'^card[0-9]+-', '', name)}{f' {mode}' if mode else ''}"


def mqtt(machine: Machine, config: "Config") -> Iterator[Finding]:
    """Whether the broker answers; nobody signs in, which could throw out the program that is running."""
    if not config.mqtt:
        yield skipped("the settings name no broker")
        return
    if machine.version("paho-mqtt") is None:
        yield problem("paho-mqtt is not installed", "pip install 'fer-edge[mqtt]'")
        return
    place = Path(config.mqtt_password_file) if config.mqtt_password_file else None
    try:
        named = mqtt_address.parse(config.mqtt, "mqtt")
        credentials.read_secret("mqtt_password", place, machine.environment)
    except ConfigError as error:
        yield refused(error)
        return
    yield _reached(machine, named, config.mqtt_ca)


def _reached(machine: Machine, named: mqtt_address.Broker, ca: str | None) -> Finding:
    """Over TCP, and TLS where the address says so."""
    try:
        with machine.connect(named.host, named.port) as plain:
            if not named.is_encrypted:
                return ok(f"{named} answers")
            with ssl.create_default_context(cafile=ca).wrap_socket(
                plain, server_hostname=named.host
            ) as encrypted:
                return ok(f"{named} answers, {encrypted.version()}")
    except ssl.SSLError as error:
        return problem(
            f"{named} answers, and not with a certificate to trust: {error.reason or error}",
            "name the authority's certificates in mqtt_ca",
        )
    except OSError as error:
        return problem(
            f"no broker answers at {named}: {error.strerror or error}",
            "start it, and check address, network and firewall",
        )

"""The files of systemd/fleet, checked against the broker, promtool, the metrics and each other."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from edge.mqtt import address as mqtt_address
from edge.settings.parsing import parse_settings
from edge.sinks.metrics import MetricsSink
from edge.sinks.mqtt import MqttSink
from tests import promtool
from tests.conftest import ROOT
from tests.mosquitto import MOSQUITTO, PASSWORD, Mosquitto, Subscriber, make_certificates, write_passwords
from tests.results import LABELS
from tests.sinks.test_metrics import MODEL, STATS
from tests.sinks.test_mqtt import make_result, make_tls_setup

FLEET = ROOT / "systemd" / "fleet"
DASHBOARD = json.loads((FLEET / "grafana/dashboards/fer-edge.json").read_text())
COMPOSE = yaml.safe_load((FLEET / "compose.yaml").read_text())
# Grafana's variables, as Prometheus would get them.
VARIABLES = {"$__rate_interval": "1m", "$__range": "3h", "$device": ".*"}


def expressions() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            text = target["expr"]
            for variable, value in VARIABLES.items():
                text = text.replace(variable, value)
            yield text
    for group in yaml.safe_load((FLEET / "prometheus/alerts.yml").read_text())["groups"]:
        yield from (rule["expr"] for rule in group["rules"])


def exposed() -> dict[str, set[str]]:
    """The names of all samples that a device gives, with their labels."""
    samples: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(MetricsSink(LABELS, lambda: STATS, MODEL).render().decode()):
        for sample in family.samples:
            samples.setdefault(sample.name, set()).update(sample.labels)
    return samples


def test_queries_name_metrics_and_labels_that_exist() -> None:
    # Prometheus adds these by itself.
    samples = {**exposed(), "up": set()}
    for expression in expressions():
        names = set(re.findall(r"\b(?:fer_edge|process)_\w+|\bup\b", expression))
        assert names, expression
        assert names <= set(samples), f"{sorted(names - set(samples))} in {expression}"
        labels = {
            label.strip()
            for group in re.findall(r"\bby \(([^)]*)\)", expression)
            for label in group.split(",")
        }
        labels |= set(re.findall(r"(\w+)\s*=~?\s*\"", expression))
        assert labels - {"instance", "job"} <= set().union(*(samples[name] for name in names)), expression


def test_queries_are_ones_that_prometheus_understands(tmp_path: Path) -> None:
    rules = [{"record": f"fleet:query:{number}", "expr": text} for number, text in enumerate(expressions())]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool.check("rules", file)


def test_configuration_and_alerts_of_prometheus_are_right() -> None:
    promtool.check("config", "--syntax-only", FLEET / "prometheus/prometheus.yml")
    promtool.check("rules", FLEET / "prometheus/alerts.yml")


def test_panels_do_not_overlap_and_ask_the_source_that_is_provisioned() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells
    sources = yaml.safe_load((FLEET / "grafana/provisioning/datasources/prometheus.yaml").read_text())[
        "datasources"
    ]
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {sources[0]["uid"]}
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def mounts() -> dict[str, str]:
    """What the containers see, by where they see it."""
    return {
        inside: outside
        for service in COMPOSE["services"].values()
        for outside, inside, *_ in (volume.split(":") for volume in service["volumes"])
    }


def test_everything_that_is_mounted_is_there_or_made_by_the_readme() -> None:
    readme = (FLEET / "README.md").read_text()
    for outside in mounts().values():
        if outside.startswith("./secrets/"):
            name = outside.removeprefix("./secrets/")
            assert f"/s/{name}" in readme or f"secrets/{name}" in readme or name == "broker.crt"
        elif outside.startswith("./"):
            assert (FLEET / outside).exists(), outside
        else:
            assert outside in COMPOSE["volumes"]


def test_images_are_pinned_and_what_asks_for_no_password_is_for_this_machine_alone() -> None:
    for name, service in COMPOSE["services"].items():
        assert re.fullmatch(r"[\w/.-]+:v?\d+\.\d+\.\d+", service["image"]), name
    assert COMPOSE["services"]["prometheus"]["ports"] == ["127.0.0.1:9090:9090"]


def test_one_configuration_serves_every_device(monkeypatch: pytest.MonkeyPatch) -> None:
    prefixes = []
    for name in ("pi-07", "pi-08"):
        monkeypatch.setattr("socket.gethostname", lambda name=name: name)
        parsed, _ = parse_settings(["--config", str(FLEET / "config.toml")], {})
        assert parsed.config.mqtt is not None and parsed.config.tls_key == f"/etc/fer-edge/{name}.key"
        prefixes.append(mqtt_address.parse(parsed.config.mqtt, "mqtt").prefix)
    assert prefixes == ["fer-edge/pi-07", "fer-edge/pi-08"]


@pytest.mark.skipif(MOSQUITTO is None and os.environ.get("CI") != "true", reason="mosquitto is not installed")
def test_broker_of_the_fleet_lets_devices_report_and_listen_to_nobody(tmp_path: Path) -> None:
    make_certificates(tmp_path, "localhost")
    write_passwords(tmp_path, "fer-edge", "viewer")
    (tmp_path / "acl").write_text((FLEET / "mosquitto/acl").read_text())
    lines = (FLEET / "mosquitto/mosquitto.conf").read_text()
    for inside, here in (
        ("/mosquitto/secrets/", "%F/"),
        ("/mosquitto/config/", "%F/"),
        ("/mosquitto/data/", "%F/"),
        ("listener 8883\n", ""),
    ):
        lines = lines.replace(inside, here)

    def known_as(user: str) -> Any:
        def setup(client: Any) -> None:
            make_tls_setup(tmp_path)(client)
            client.username_pw_set(user, PASSWORD)

        return setup

    with (
        Mosquitto(tmp_path, *lines.splitlines()) as server,
        Subscriber(server.port, known_as("viewer")) as viewer,
        Subscriber(server.port, known_as("fer-edge")) as device,
    ):
        address = mqtt_address.parse(f"mqtts://fer-edge@localhost:{server.port}/fer-edge/pi-07", "--mqtt")
        with MqttSink(address, LABELS, lambda: STATS, password=PASSWORD, ca=tmp_path / "ca.crt") as sink:
            sink.show(make_result())
            viewer.wait("fer-edge/pi-07/availability", lambda payload: payload == "online")
        viewer.wait("homeassistant/device/fer-edge-fer-edge-pi-07/config")
        viewer.wait("fer-edge/pi-07/availability", lambda payload: payload == "offline")
        assert device.received == []


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not there; make broker brings it")
def test_certificates_satisfy_who_checks_them_strictly(tmp_path: Path) -> None:
    """Python 3.13 does; openssl verify does when asked to."""
    make_certificates(tmp_path, "pi-07.local", "192.168.1.7")
    checked = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-CAfile", tmp_path / "ca.crt", tmp_path / "broker.crt"],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr

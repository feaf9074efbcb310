"""Addresses of brokers, and texts that are none."""

import pytest

from edge.errors import ConfigError
from edge.mqtt import address as mqtt_address
from edge.mqtt.address import Broker


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("mqtt://broker", Broker("broker", 1883, False, None, "fer-edge/pi-07")),
        ("mqtt://broker/", Broker("broker", 1883, False, None, "fer-edge/pi-07")),
        ("mqtts://broker/shop/door/", Broker("broker", 8883, True, None, "shop/door")),
        ("mqtts://fer%40shop@10.0.0.2:9999/a", Broker("10.0.0.2", 9999, True, "fer@shop", "a")),
        ("mqtt://[::1]:1884/caf%C3%A9", Broker("::1", 1884, False, None, "café")),
        ("mqtt://broker/a@b:c", Broker("broker", 1883, False, None, "a@b:c")),
    ],
)
def test_address_is_parsed(address: str, expected: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "pi-07")
    assert mqtt_address.parse(address, "--mqtt") == expected


@pytest.mark.parametrize(
    "address",
    [
        "broker",
        "http://broker/a",
        "mqtt:///a",
        "mqtt://broker:99999",
        "mqtt://broker:0",
        "mqtt://broker:x/a",
        "mqtt://broker/a/#",
        "mqtt://broker/a/+/b",
        "mqtt://broker/a//b",
        "mqtt://broker/$SYS",
        "mqtt://broker/a?b",
        "mqtt://[::1/a",
        f"mqtt://broker/{'a' * 201}",
    ],
)
def test_other_text_is_refused_in_one_line_that_names_its_origin(address: str) -> None:
    with pytest.raises(ConfigError, match=r"^expected mqtt://.*\(fer.toml, line 3\).*; change it$"):
        mqtt_address.parse(address, "fer.toml, line 3")


@pytest.mark.parametrize(
    "address",
    [
        "mqtt://fer:se/cret@broker/a",
        "mqtt://fer:secret@broker/a",
        "mqtt://:secret@broker",
        "mqtts://fer:se@cret@broker:1",
        "mqtt://secret@broker:x",
        "mqtt://[secret@broker",
    ],
)
def test_password_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(ConfigError) as raised:
        mqtt_address.parse(address, "--mqtt")
    assert "cret" not in str(raised.value)


def test_remedy_for_a_password_is_named() -> None:
    with pytest.raises(ConfigError, match="--mqtt-password-file, or in FER_EDGE_MQTT_PASSWORD"):
        mqtt_address.parse("mqtt://fer:secret@broker/a", "--mqtt")


def test_names_for_topics_and_people() -> None:
    parsed = mqtt_address.parse("mqtt://[::1]/shop 1/door.2", "--mqtt")
    assert (parsed.identifier, parsed.device, str(parsed)) == ("shop-1-door-2", "door.2", "[::1]:1883")

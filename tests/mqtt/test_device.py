"""The topics of a device, and its discovery message."""

import json

from edge.mqtt import address as mqtt_address
from edge.mqtt.device import Device
from tests.results import LABELS

DEVICE = Device(
    broker=mqtt_address.parse("mqtt://fer@broker/shop/door", "--mqtt"),
    password="correct horse",
    tls_context=None,
    labels=LABELS,
    board=None,
    discovery_prefix="homeassistant",
)


def test_topics_are_below_the_prefix() -> None:
    assert (DEVICE.state_topic, DEVICE.changes_topic, DEVICE.availability_topic) == (
        "shop/door/state",
        "shop/door/events",
        "shop/door/availability",
    )


def test_discovery_names_the_topics() -> None:
    topic, payload = DEVICE.make_discovery()
    assert topic.startswith("homeassistant/device/")
    message = json.loads(payload)
    assert message["state_topic"] == DEVICE.state_topic
    assert message["availability_topic"] == DEVICE.availability_topic


def test_password_is_not_in_the_representation() -> None:
    assert "correct horse" not in repr(DEVICE)

"""The discovery message, against the format that Home Assistant documents."""

import re

from edge.mqtt import address as mqtt_address
from edge.mqtt import homeassistant
from tests.results import LABELS

BROKER = mqtt_address.parse("mqtt://broker/shop 1/door", "--mqtt")
DEVICE = homeassistant.make_discovery(
    BROKER,
    LABELS,
    board="Raspberry Pi 5",
    version="1.2",
    state_topic="shop 1/door/state",
    availability_topic="shop 1/door/availability",
)


def test_topic_is_one_that_home_assistant_listens_to() -> None:
    assert re.fullmatch(r"ha/device/[a-zA-Z0-9_-]+/config", homeassistant.make_topic("ha", BROKER))


def test_device_has_what_every_device_must_have() -> None:
    assert set(DEVICE) == {"device", "origin", "state_topic", "availability_topic", "qos", "components"}
    assert DEVICE["device"]["name"] == "fer-edge door" and DEVICE["device"]["model"] == "Raspberry Pi 5"
    assert DEVICE["device"]["identifiers"] and DEVICE["origin"]["name"]


def test_every_component_has_a_platform_a_name_and_an_identity_of_its_own() -> None:
    components = DEVICE["components"].values()
    assert all(component["platform"] in ("sensor", "binary_sensor") for component in components)
    assert len({component["unique_id"] for component in components}) == len(components) == 5
    assert all(component["name"] and "value_json." in component["value_template"] for component in components)


def test_expression_may_be_every_label_that_is_ever_published() -> None:
    expression = DEVICE["components"]["expression"]
    assert expression["options"] == [*LABELS, "uncertain", "none"] and expression["device_class"] == "enum"
    # Home Assistant refuses an enumeration that is declared a measurement.
    assert "state_class" not in expression and "unit_of_measurement" not in expression


def test_camera_problem_is_a_problem_with_its_reason() -> None:
    problem = DEVICE["components"]["camera_problem"]
    assert (problem["platform"], problem["device_class"]) == ("binary_sensor", "problem")
    assert problem["json_attributes_topic"] == DEVICE["state_topic"]

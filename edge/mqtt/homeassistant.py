"""Makes the message by which Home Assistant discovers this device and all of its entities.

Its format is that of Home Assistant's MQTT device discovery, which came with the release 2024.11.
"""

from collections.abc import Sequence
from typing import Any

from edge.contracts import UNCERTAIN
from edge.mqtt.address import Broker
from edge.mqtt.state_changes import NO_FACE

_PROBLEM = "value_json.camera_problem"
_SENSOR = {"platform": "sensor", "state_class": "measurement"}
_DIAGNOSTIC = {**_SENSOR, "entity_category": "diagnostic"}
_MEASUREMENTS: dict[str, dict[str, Any]] = {
    "faces": {
        **_SENSOR,
        "name": "Faces",
        "icon": "mdi:account-multiple",
        "value_template": "{{ value_json.faces }}",
    },
    "fps": {
        **_DIAGNOSTIC,
        "name": "Frames per second",
        "unit_of_measurement": "FPS",
        "icon": "mdi:speedometer",
        "suggested_display_precision": 1,
        "value_template": "{{ value_json.fps }}",
    },
    "temperature": {
        **_DIAGNOSTIC,
        "name": "Temperature",
        "device_class": "temperature",
        "unit_of_measurement": "°C",
        "value_template": "{{ value_json.temperature_c }}",
    },
}


def make_topic(discovery_prefix: str, broker: Broker) -> str:
    """The topic of the discovery message, which is published retained."""
    return f"{discovery_prefix}/device/{_make_identifier(broker)}/config"


def make_discovery(
    broker: Broker,
    labels: Sequence[str],
    *,
    board: str | None,
    version: str,
    state_topic: str,
    availability_topic: str,
) -> dict[str, Any]:
    """The discovery message; `labels` are the classifier's, `board` is the machine's model if it is known."""
    return {
        "device": {
            "identifiers": [_make_identifier(broker)],
            "name": f"fer-edge {broker.device}",
            "manufacturer": "fer-edge",
            "model": board or "fer-edge",
            "sw_version": version,
        },
        "origin": {"name": "fer-edge", "sw_version": version},
        "state_topic": state_topic,
        "availability_topic": availability_topic,
        "qos": 1,
        "components": {
            name: {"unique_id": f"{_make_identifier(broker)}-{name}", **component}
            for name, component in _make_components(labels, state_topic).items()
        },
    }


def _make_identifier(broker: Broker) -> str:
    return f"fer-edge-{broker.identifier}"


def _make_components(labels: Sequence[str], state_topic: str) -> dict[str, dict[str, Any]]:
    return {
        "expression": {
            "platform": "sensor",
            "name": "Dominant expression",
            "device_class": "enum",
            "options": [*labels, UNCERTAIN, NO_FACE],
            "icon": "mdi:emoticon-outline",
            "value_template": "{{ value_json.expression }}",
        },
        **_MEASUREMENTS,
        "camera_problem": {
            "platform": "binary_sensor",
            "name": "Camera problem",
            "device_class": "problem",
            "entity_category": "diagnostic",
            "value_template": f"{{{{ 'ON' if {_PROBLEM} else 'OFF' }}}}",
            "json_attributes_topic": state_topic,
            "json_attributes_template": f"{{{{ {{'reason': {_PROBLEM}}} | tojson }}}}",
        },
    }

"""How this device makes itself known to Home Assistant: one message for the device with all of its entities.

The form is that of Home Assistant's MQTT discovery of devices, which came with its release 2024.11.
"""

from collections.abc import Sequence
from typing import Any

from edge.contracts import UNCERTAIN
from edge.mqtt.address import Broker
from edge.mqtt.events import NOBODY

_PROBLEM = "value_json.camera_problem"


def topic(discovery_prefix: str, broker: Broker) -> str:
    """Where the message goes, retained."""
    return f"{discovery_prefix}/device/{_key(broker)}/config"


def device(
    broker: Broker,
    labels: Sequence[str],
    *,
    board: str | None,
    version: str,
    state_topic: str,
    availability_topic: str,
) -> dict[str, Any]:
    """The message; `labels` are the classifier's, `board` is the machine's model where it is known."""
    return {
        "device": {
            "identifiers": [_key(broker)],
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
            name: {"unique_id": f"{_key(broker)}-{name}", **component}
            for name, component in _components(labels, state_topic).items()
        },
    }


def _key(broker: Broker) -> str:
    return f"fer-edge-{broker.key}"


def _components(labels: Sequence[str], state_topic: str) -> dict[str, dict[str, Any]]:
    measured = {"platform": "sensor", "state_class": "measurement"}
    diagnostic = {**measured, "entity_category": "diagnostic"}
    return {
        "expression": {
            "platform": "sensor",
            "name": "Dominant expression",
            "device_class": "enum",
            "options": [*labels, UNCERTAIN, NOBODY],
            "icon": "mdi:emoticon-outline",
            "value_template": "{{ value_json.expression }}",
        },
        "faces": {
            **measured,
            "name": "Faces",
            "icon": "mdi:account-multiple",
            "value_template": "{{ value_json.faces }}",
        },
        "fps": {
            **diagnostic,
            "name": "Frames per second",
            "unit_of_measurement": "FPS",
            "icon": "mdi:speedometer",
            "suggested_display_precision": 1,
            "value_template": "{{ value_json.fps }}",
        },
        "temperature": {
            **diagnostic,
            "name": "Temperature",
            "device_class": "temperature",
            "unit_of_measurement": "°C",
            "value_template": "{{ value_json.temperature_c }}",
        },
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

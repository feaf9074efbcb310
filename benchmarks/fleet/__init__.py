"""Many devices that report to one MQTT broker."""

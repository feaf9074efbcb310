"""The connection to an MQTT broker, and the messages that this device publishes there."""

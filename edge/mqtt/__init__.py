"""Everything that speaks MQTT, but for the sink."""

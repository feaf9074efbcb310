"""A connection to an MQTT broker, which connects once, publishes, and ends with a reason for the log."""

import ssl
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge.errors import ConfigError
from edge.mqtt.address import Broker

try:
    from paho.mqtt.client import Client, MQTTv5, error_string
    from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
    from paho.mqtt.reasoncodes import ReasonCode
except ModuleNotFoundError as error:
    raise ConfigError(
        "expected paho-mqtt for mqtt, found it not installed; pip install 'fer-edge[mqtt]', or remove mqtt"
    ) from error

# The broker publishes the last will of a device that is silent for one and a half times this.
KEEPALIVE_S = 15
# The time-out of each step: TCP, TLS and the broker's CONNACK.
CONNECT_WITHIN_S = 3.0
# Reason codes of MQTT 5 (its section 2.4).
_BAD_USER_OR_PASSWORD, _NOT_AUTHORIZED = 134, 135


class BrokerUnavailable(Exception):
    """The connection failed or has ended; the text is one line for the log."""


def make_tls_context(ca: Path | None) -> ssl.SSLContext:
    """Trusts the certificates in `ca`, or those of the system; raises ConfigError when `ca` holds none."""
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:  # ssl.SSLError is one too.
        reason = "no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise ConfigError(
            f"expected certificates (PEM) in {ca}, found: {reason}; "
            "name the file of the broker's CA with --mqtt-ca"
        ) from error


class BrokerConnection:
    """A context manager that one thread enters once.

    Entering returns when the broker has accepted the connection; entering and every loop() raise
    BrokerUnavailable.  The broker publishes `last_will` (topic and payload, retained) when the connection
    ends without a DISCONNECT.
    """

    def __init__(
        self,
        broker: Broker,
        last_will: tuple[str, str],
        *,
        password: str | None,
        tls_context: ssl.SSLContext | None,
        on_acknowledge: Callable[[int], None],
    ) -> None:
        """`tls_context` is needed where the broker is_encrypted.

        `on_acknowledge` is called with the identifier of each message that the broker has received.
        """
        # The same client identifier at every start: the broker closes an older connection that has it.
        self._client = Client(CallbackAPIVersion.VERSION2, f"fer-edge-{broker.identifier}", protocol=MQTTv5)
        self._client.connect_timeout = CONNECT_WITHIN_S
        self._client.will_set(*last_will, qos=1, retain=True)
        if broker.user is not None:
            self._client.username_pw_set(broker.user, password)
        if tls_context is not None:
            self._client.tls_set_context(tls_context)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = lambda client, userdata, message_id, *rest: on_acknowledge(message_id)
        self._broker = broker
        self._connack: ReasonCode | None = None
        self._disconnect: ReasonCode | None = None

    def __enter__(self) -> Self:
        try:
            self._connect()
            self._wait_for_connack()
        except BrokerUnavailable:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def publish(self, topic: str, payload: str, *, retain: bool) -> int:
        """Publish a message with QoS 1; returns its message identifier."""
        return self._client.publish(topic, payload, qos=1, retain=retain).mid

    def loop(self, timeout_s: float) -> None:
        """Send and receive what is due; wait for it at most `timeout_s`."""
        code = self._client.loop(timeout_s)
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or self._disconnect is not None:
            raise BrokerUnavailable(self._explain_end(code))

    def _connect(self) -> None:
        broker = self._broker
        try:
            self._client.connect(broker.host, broker.port, keepalive=KEEPALIVE_S)
        except ssl.SSLCertVerificationError as error:
            raise BrokerUnavailable(
                f"expected a certificate of the MQTT broker {broker} that is trusted, "
                f"found: {error.verify_message}; name the file of its CA with --mqtt-ca, "
                "or make the certificate anew as systemd/fleet/certificates.sh does"
            ) from error
        except ssl.SSLError as error:
            raise BrokerUnavailable(
                f"expected TLS at the MQTT broker {broker}, found: {error.reason}; "
                "name a port with TLS, or use mqtt://"
            ) from error
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or f"no answer within {CONNECT_WITHIN_S:g} s"
            raise BrokerUnavailable(
                f"expected an MQTT broker at {broker}, found: {reason}; start it, or correct --mqtt"
            ) from error

    def _wait_for_connack(self) -> None:
        broker, deadline_s = self._broker, time.monotonic() + CONNECT_WITHIN_S
        while self._connack is None:
            if time.monotonic() > deadline_s:
                raise BrokerUnavailable(
                    f"expected an answer of the MQTT broker {broker} within {CONNECT_WITHIN_S:g} s, "
                    "found none; check the broker, or correct --mqtt"
                )
            self.loop(CONNECT_WITHIN_S / 10)
        if self._connack.is_failure:
            raise BrokerUnavailable(self._explain_refusal(self._connack))

    def _explain_refusal(self, connack: ReasonCode) -> str:
        expected = f"expected the MQTT broker {self._broker} to accept"
        if connack.value not in (_BAD_USER_OR_PASSWORD, _NOT_AUTHORIZED):
            return f"{expected} the connection, found: {connack}; read the broker's log"
        user = "a client without a user" if self._broker.user is None else f"user {self._broker.user}"
        return (
            f"{expected} {user}, found: {connack}; check the user in --mqtt and the password in "
            "--mqtt-password-file or FER_EDGE_MQTT_PASSWORD"
        )

    def _explain_end(self, code: MQTTErrorCode) -> str:
        if self._connack is None:
            return (
                f"expected an answer of the MQTT broker {self._broker}, found the connection closed; "
                "use mqtts:// if the broker needs TLS, or correct --mqtt"
            )
        if self._connack.is_failure:
            return self._explain_refusal(self._connack)
        found = self._disconnect if self._disconnect is not None else error_string(code)
        return (
            f"expected to stay connected to the MQTT broker {self._broker}, "
            f"found: {str(found).rstrip('.')}; check the broker and the network, and that no other device "
            f"has the prefix {self._broker.prefix}"
        )

    def _close(self) -> None:
        self._client.disconnect()
        # The socket is still open when DISCONNECT could not be written.
        if (open_socket := self._client.socket()) is not None:
            open_socket.close()
        # The callbacks refer to this object, and this object to the client: without them the client and its
        # sockets go at once, and not when the garbage collector finds the cycle.
        self._client.on_connect = self._client.on_disconnect = self._client.on_publish = None

    def _on_connect(
        self, client: Client, userdata: Any, flags: Any, connack: ReasonCode, properties: Any
    ) -> None:
        self._connack = connack

    def _on_disconnect(
        self, client: Client, userdata: Any, flags: Any, reason: ReasonCode, properties: Any
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._disconnect = reason

"""One connection to an MQTT broker, which opens, publishes, and ends with a reason in words."""

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
        "expected paho-mqtt for mqtt, found no such package; pip install 'fer-edge[mqtt]', or take mqtt out"
    ) from error

# The broker hears of a device that has died without a word after one and a half times this.
KEEPALIVE_S = 15
# For each of TCP, TLS and the broker's answer.
CONNECT_WITHIN_S = 3.0
# Reason codes of MQTT 5 (its section 2.4).
_WRONG_PASSWORD, _NOT_AUTHORIZED = 134, 135


class NoBroker(Exception):
    """Why there is no connection, or none any more; one line for the log."""


def tls(ca: Path | None) -> ssl.SSLContext:
    """Trusts the certificates in `ca`, or the system's; ConfigError when `ca` holds none."""
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:  # ssl.SSLError is one too.
        reason = "no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise ConfigError(
            f"expected certificates (PEM) in {ca}, found: {reason}; "
            "name the file of the broker's CA with --mqtt-ca"
        ) from error


class Connection:
    """A context manager that one thread uses, once.

    Entering returns when the broker has accepted us; it and every turn() raise NoBroker.  On entering, the
    broker is told to say `last_will` (topic and payload, retained) when the connection ends without a word.
    """

    def __init__(
        self,
        broker: Broker,
        last_will: tuple[str, str],
        *,
        password: str | None,
        context: ssl.SSLContext | None,
        acknowledged: Callable[[int], None],
    ) -> None:
        """`context` is that of a broker that is_encrypted; `acknowledged` is told the number of each message."""
        # The same name at every start: the broker ends a connection that is left of us before it hears the new one.
        self._client = Client(CallbackAPIVersion.VERSION2, f"fer-edge-{broker.key}", protocol=MQTTv5)
        self._client.connect_timeout = CONNECT_WITHIN_S
        self._client.will_set(*last_will, qos=1, retain=True)
        if broker.user is not None:
            self._client.username_pw_set(broker.user, password)
        if context is not None:
            self._client.tls_set_context(context)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = lambda client, userdata, number, code, properties: acknowledged(number)
        self._broker = broker
        self._answer: ReasonCode | None = None
        self._farewell: ReasonCode | None = None

    def __enter__(self) -> Self:
        try:
            self._open()
            self._await_answer()
        except NoBroker:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def publish(self, topic: str, payload: str, *, retain: bool) -> int:
        """Send a message that the broker acknowledges; its number."""
        return self._client.publish(topic, payload, qos=1, retain=retain).mid

    def turn(self, timeout_s: float) -> None:
        """Read and write what there is, waiting for it `timeout_s` at the most."""
        code = self._client.loop(timeout_s)
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or self._farewell is not None:
            raise NoBroker(self._reason(code))

    def _open(self) -> None:
        broker = self._broker
        try:
            self._client.connect(broker.host, broker.port, keepalive=KEEPALIVE_S)
        except ssl.SSLCertVerificationError as error:
            raise NoBroker(
                f"expected a certificate of the MQTT broker {broker} that is trusted, "
                f"found: {error.verify_message}; name the file of its CA with --mqtt-ca"
            ) from error
        except ssl.SSLError as error:
            raise NoBroker(
                f"expected TLS at the MQTT broker {broker}, found: {error.reason}; "
                "name a port that speaks it, or mqtt://"
            ) from error
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or f"no answer within {CONNECT_WITHIN_S:g} s"
            raise NoBroker(
                f"expected an MQTT broker at {broker}, found: {reason}; start it, or correct --mqtt"
            ) from error

    def _await_answer(self) -> None:
        broker, deadline_s = self._broker, time.monotonic() + CONNECT_WITHIN_S
        while self._answer is None:
            if time.monotonic() > deadline_s:
                raise NoBroker(
                    f"expected an answer of the MQTT broker {broker} within {CONNECT_WITHIN_S:g} s, "
                    "found none; look after it, or correct --mqtt"
                )
            self.turn(CONNECT_WITHIN_S / 10)
        if self._answer.is_failure:
            raise NoBroker(self._refusal(self._answer))

    def _refusal(self, answer: ReasonCode) -> str:
        expected = f"expected the MQTT broker {self._broker} to accept"
        if answer.value not in (_WRONG_PASSWORD, _NOT_AUTHORIZED):
            return f"{expected} us, found: {answer}; look into its log"
        user = "a client without a user" if self._broker.user is None else f"user {self._broker.user}"
        return (
            f"{expected} {user}, found: {answer}; check the user in --mqtt and the password in "
            "--mqtt-password-file or FER_EDGE_MQTT_PASSWORD"
        )

    def _reason(self, code: MQTTErrorCode) -> str:
        if self._answer is None:
            return (
                f"expected an answer of the MQTT broker {self._broker}, found the connection closed; "
                "use mqtts:// where it wants TLS, or correct --mqtt"
            )
        if self._answer.is_failure:
            return self._refusal(self._answer)
        found = self._farewell if self._farewell is not None else error_string(code)
        return (
            f"expected to stay connected to the MQTT broker {self._broker}, found: {str(found).rstrip('.')}; "
            f"look after both, and that no other device has the prefix {self._broker.prefix}"
        )

    def _close(self) -> None:
        self._client.disconnect()
        # Where the farewell could not be written, it is still open.
        if (left := self._client.socket()) is not None:
            left.close()
        # They refer to us and we to the client, whose sockets would stay until somebody looks for such circles.
        self._client.on_connect = self._client.on_disconnect = self._client.on_publish = None

    def _on_connect(
        self, client: Client, userdata: Any, flags: Any, answer: ReasonCode, properties: Any
    ) -> None:
        self._answer = answer

    def _on_disconnect(
        self, client: Client, userdata: Any, flags: Any, reason: ReasonCode, properties: Any
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._farewell = reason

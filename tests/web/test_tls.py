"""The encrypted stream, with certificates made here, over real sockets."""

import datetime
import ipaddress
import re
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge.errors import ConfigError
from edge.sinks.mjpeg import MjpegSink
from edge.web import tls
from edge.web.access import AccessControl
from edge.web.limits import Limits
from edge.web.sessions import Token
from tests.web.client import TOKEN, Client
from tests.web.test_connections import wait_until_closed

TIMEOUT_S = 30


def make_pair(folder: Path, name: str, passphrase: bytes | None = None) -> tuple[Path, Path]:
    """A self-signed certificate for localhost and its key, in two files."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .add_extension(names, critical=False)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.crt", folder / f"{name}.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    encryption = (
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    )
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    return paths


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_pair(tmp_path_factory.mktemp("tls"), "own")


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
def sink(pair: tuple[Path, Path], limits: Limits) -> Iterator[MjpegSink]:
    access = AccessControl(["127.0.0.1"], Token(TOKEN), limits, is_encrypted=True)
    with MjpegSink(
        "127.0.0.1",
        0,
        lambda: {"shown_fps": 30.0},
        access=access,
        limits=limits,
        encryption=tls.make_context(*pair),
    ) as opened:
        yield opened


def get_port(sink: MjpegSink) -> int:
    return int(sink.url.rpartition(":")[2])


@pytest.fixture
def client(sink: MjpegSink, pair: tuple[Path, Path]) -> Client:
    return Client(get_port(sink), ssl.create_default_context(cafile=str(pair[0])))


def test_stream_is_encrypted_and_its_cookie_too(sink: MjpegSink, client: Client) -> None:
    assert sink.url.startswith("https://127.0.0.1:")
    answer = client.sign_in(headers={"Origin": f"https://localhost:{get_port(sink)}"})
    assert answer.status == 303
    assert "Secure" in answer.headers["Set-Cookie"] and answer.cookie.startswith("__Host-")
    assert client.ask("/state", {"Cookie": answer.cookie}).status == 200
    assert client.ask("/state").status == 401


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\x00\x05hello"])
def test_client_without_tls_is_closed_and_others_are_served(
    sink: MjpegSink, client: Client, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(("127.0.0.1", get_port(sink)), TIMEOUT_S) as other:
        other.sendall(sent)
        assert client.ask("/healthz").body == "ok\n"
        assert wait_until_closed(other)
    assert [record.message for record in caplog.records if record.levelname in ("ERROR", "WARNING")] == []


@pytest.mark.parametrize("limits", [Limits(handshake_s=0.1)])
def test_silent_client_is_closed(sink: MjpegSink) -> None:
    with socket.create_connection(("127.0.0.1", get_port(sink)), TIMEOUT_S) as silent:
        assert wait_until_closed(silent)


def test_old_tls_is_refused(sink: MjpegSink, pair: tuple[Path, Path]) -> None:
    old = ssl.create_default_context(cafile=str(pair[0]))
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"https://localhost:{get_port(sink)}/healthz", timeout=TIMEOUT_S, context=old)


def test_missing_files_are_named(pair: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=re.escape(f"a certificate in {tmp_path}/none, found: No such file")
    ):
        tls.make_context(tmp_path / "none", pair[1])
    with pytest.raises(ConfigError, match=re.escape(f"a key in {tmp_path}/none, found: No such file")):
        tls.make_context(pair[0], tmp_path / "none")
    with pytest.raises(ConfigError, match=re.escape(f"a key in {tmp_path}, found: Is a directory")):
        tls.make_context(pair[0], tmp_path)


def test_key_of_another_certificate_is_named(pair: tuple[Path, Path], tmp_path: Path) -> None:
    _, other = make_pair(tmp_path, "other")
    with pytest.raises(
        ConfigError, match=re.escape(f"the key of {pair[0]} in {other}, found the key of another certificate")
    ):
        tls.make_context(pair[0], other)


def test_encrypted_key_is_named_without_a_prompt(tmp_path: Path) -> None:
    certificate, key = make_pair(tmp_path, "locked", b"sesame")
    with pytest.raises(
        ConfigError, match=re.escape(f"without a passphrase in {key}, found an encrypted key")
    ):
        tls.make_context(certificate, key)


@pytest.mark.parametrize(
    "content", [b"", b"no PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_file_that_is_no_pem_is_named(pair: tuple[Path, Path], tmp_path: Path, content: bytes) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_bytes(content)
    for certificate, key in ((bad, pair[1]), (pair[0], bad)):
        with pytest.raises(ConfigError, match=re.escape(f"found that OpenSSL cannot read {bad}")):
            tls.make_context(certificate, key)


def test_key_that_may_not_be_read_is_named(pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(
        ConfigError,
        match="found: Permission denied; name another file, or let the user who runs this program",
    ):
        tls.make_context(*pair)

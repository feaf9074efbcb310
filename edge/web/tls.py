"""The server's certificate and key, checked before anybody connects."""

import ssl
from pathlib import Path

from edge.errors import ConfigError


def context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS for a server with the PEM files `certificate`, with its chain, and `key`; ConfigError for bad ones."""
    for path, what in ((certificate, "a certificate"), (key, "a key")):
        try:
            path.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"expected {what} in {path}, found: {error.strerror}; name another file, "
                "or let the user who runs this read it"
            ) from error
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # Without the function OpenSSL would ask for the passphrase at the terminal, and wait.
        made.load_cert_chain(certificate, key, password=_refuse)
    except (ssl.SSLError, ConfigError) as error:
        raise ConfigError(_reason(certificate, key, error)) from error
    return made


def _refuse() -> str:
    raise ConfigError("a passphrase")


def _reason(certificate: Path, key: Path, error: Exception) -> str:
    if isinstance(error, ConfigError):
        return (
            f"expected a key without a passphrase in {key}, found an encrypted one; openssl pkey decrypts it"
        )
    if "KEY_VALUES_MISMATCH" in str(error):
        return (
            f"expected the key of {certificate} in {key}, found another's; name the two that belong together"
        )
    culprit = key if _is_certificate(certificate) else certificate
    return f"expected PEM files in {certificate} and {key}, found none that OpenSSL reads in {culprit}; name others"


def _is_certificate(path: Path) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        return False
    return True

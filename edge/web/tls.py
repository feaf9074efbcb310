"""Loads the server's certificate and key, and explains what is wrong with them before any client connects."""

import ssl
from pathlib import Path

from edge.errors import ConfigError


class _KeyIsEncrypted(Exception):
    """OpenSSL needs a passphrase for the key."""


def make_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """The TLS context of a server with the PEM files `certificate`, with its chain, and `key`.

    Raises ConfigError when the files cannot be used.
    """
    for path, what in ((certificate, "a certificate"), (key, "a key")):
        try:
            path.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"expected {what} in {path}, found: {error.strerror}; name another file, "
                "or let the user who runs this program read it"
            ) from error
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # Without `password` OpenSSL would wait for a passphrase from the terminal.
        context.load_cert_chain(certificate, key, password=_refuse_passphrase)
    except (ssl.SSLError, _KeyIsEncrypted) as error:
        raise ConfigError(_explain(certificate, key, error)) from error
    return context


def _refuse_passphrase() -> str:
    raise _KeyIsEncrypted


def _explain(certificate: Path, key: Path, error: Exception) -> str:
    if isinstance(error, _KeyIsEncrypted):
        return (
            f"expected a key without a passphrase in {key}, found an encrypted key; "
            "decrypt it with openssl pkey"
        )
    if "KEY_VALUES_MISMATCH" in str(error):
        return (
            f"expected the key of {certificate} in {key}, found the key of another certificate; "
            "name two files that belong together"
        )
    culprit = key if _is_certificate(certificate) else certificate
    return (
        f"expected PEM files in {certificate} and {key}, found that OpenSSL cannot read {culprit}; "
        "name other files"
    )


def _is_certificate(path: Path) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        return False
    return True

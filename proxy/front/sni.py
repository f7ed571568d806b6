"""Choose the certificate by the name a browser asks for; waiting for its first message is left to `opening`.

The name is read from the ClientHello before the handshake begins. OpenSSL's callback for it is not used: it wants an
object of Python's `ssl` for the connection, and ends the process under transports that drive OpenSSL themselves.
"""

import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!eNULL:!PSK"
"""Suites of TLS 1.2: forward secrecy and authenticated encryption. TLS 1.3 has no others."""

MAX_HELLO_BYTES = 16_384
"""A longer ClientHello gets the default certificate; browsers send 500 bytes to 2 KiB."""

_HANDSHAKE_RECORD = 22
_CLIENT_HELLO = 1
_RECORD_HEADER = 5
_HANDSHAKE_HEADER = 4
_VERSION_AND_RANDOM = 34
_SERVER_NAME = 0
_HOST_NAME = 0


@dataclass(frozen=True, slots=True)
class Certificates:
    """Contexts by name; each holds one certificate with its key."""

    default: ssl.SSLContext
    """For names nobody claims, and for clients that send none."""
    by_name: Mapping[str, ssl.SSLContext] = field(default_factory=dict)
    """DNS names in lower case, exact or `*.` and the rest."""

    @property
    def are_several(self) -> bool:
        """Whether the name matters at all."""
        return any(context is not self.default for context in self.by_name.values())

    def choose(self, name: str) -> ssl.SSLContext:
        """Give the context for `name`: the exact name, then a wildcard for its first label, then the default."""
        exact = self.by_name.get(name)
        if exact is not None:
            return exact
        _, dot, rest = name.partition(".")
        return self.by_name.get(f"*.{rest}", self.default) if dot else self.default


def arrange_certificates(contexts: Iterable[tuple[Iterable[str], ssl.SSLContext]]) -> Certificates:
    """Order contexts with the DNS names of their certificates; the first is the default, and claims its names first."""
    entries = [(tuple(names), context) for names, context in contexts]
    by_name: dict[str, ssl.SSLContext] = {}
    for names, context in entries:
        for name in names:
            by_name.setdefault(name.lower().rstrip("."), context)
    return Certificates(entries[0][1], by_name)


def server_context(
    certificate: str, key: str, minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2, password: str | None = None
) -> ssl.SSLContext:
    """Make the context that presents the PEM file `certificate` (leaf first, then its chain).

    Raises: `OSError` for a file that cannot be read, `ssl.SSLError` when key and certificate do not belong together.
    """
    context = empty_context(minimum)
    # Without a password OpenSSL would ask on the terminal and wait for ever.
    context.load_cert_chain(certificate, key, password if password is not None else "")
    return context


def empty_context(minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2) -> ssl.SSLContext:
    """Make a context that presents nothing yet.

    Tickets for resumption are on; made before a fork, the context lets them resume at every worker.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = minimum
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_ciphers(CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    return context


def server_name(data: bytes) -> str | None:
    """Read the server name from the first bytes of a TLS connection, in lower case.

    Empty: the ClientHello names none, or cannot be read; OpenSSL judges it later. None: more bytes are needed.
    Source: RFC 8446 §4.1.2, §5.1; RFC 6066 §3.
    """
    try:
        hello = _client_hello(data)
        if hello is None:
            return None if len(data) < MAX_HELLO_BYTES else ""
        return _name_in(hello)
    except (IndexError, ValueError):  # lengths that point outside, a name that is not ASCII
        return ""


def _client_hello(data: bytes) -> bytes | None:
    """Put the handshake message together from its records; None while it is not complete."""
    message = b""
    position = 0
    while len(data) - position >= _RECORD_HEADER:
        if data[position] != _HANDSHAKE_RECORD:
            raise ValueError("no handshake record")
        end = position + _RECORD_HEADER + _number(data, position + 3, 2)
        message += data[position + _RECORD_HEADER : end]
        if len(message) >= _HANDSHAKE_HEADER:
            if message[0] != _CLIENT_HELLO:
                raise ValueError("no ClientHello")
            length = _HANDSHAKE_HEADER + _number(message, 1, 3)
            if len(message) >= length:
                return message[_HANDSHAKE_HEADER:length]
        if end > len(data):
            break
        position = end
    return None


def _name_in(hello: bytes) -> str:
    position = _VERSION_AND_RANDOM
    for size in (1, 2, 1):  # session identifier, cipher suites, compression methods
        position += size + _number(hello, position, size)
    if position == len(hello):
        return ""  # no extensions
    end = position + 2 + _number(hello, position, 2)
    position += 2
    while position < end:
        kind, length = _number(hello, position, 2), _number(hello, position + 2, 2)
        if kind == _SERVER_NAME:
            return _host_name(hello[position + 4 : position + 4 + length])
        position += 4 + length
    return ""


def _host_name(extension: bytes) -> str:
    if extension[2] != _HOST_NAME:
        return ""
    length = _number(extension, 3, 2)
    name = extension[5 : 5 + length]
    if len(name) != length:
        raise ValueError("name cut short")
    return name.decode("ascii").lower().rstrip(".")


def _number(data: bytes, position: int, size: int) -> int:
    """Read a big-endian number; IndexError when it is not all there."""
    field_bytes = data[position : position + size]
    if len(field_bytes) != size:
        raise IndexError(position)
    return int.from_bytes(field_bytes, "big")

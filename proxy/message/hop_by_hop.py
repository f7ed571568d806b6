"""Decide which fields belong to one connection and go no further (RFC 9110 §7.6.1); the others are left alone.

Proxy-Authenticate, Proxy-Authentication-Info and Proxy-Authorization are taken out as well: §11.7 lets a proxy relay
them only where proxies authenticate together. We are a gateway that asks for no proxy credentials, so a backend must
not get a browser to reveal some, and credentials meant for a proxy on the way must not reach a backend.
"""

from proxy.message.grammar import list_elements
from proxy.message.roles import Role

HOP_BY_HOP: dict[bytes, Role] = {
    b"connection": Role.CONNECTION,
    b"content-length": Role.LENGTH,
    b"transfer-encoding": Role.CODING,
    b"upgrade": Role.UPGRADE,
    b"http2-settings": Role.DROPPED,  # belongs to the refused upgrade to h2c
    b"keep-alive": Role.DROPPED,
    b"proxy-connection": Role.DROPPED,
    b"proxy-authenticate": Role.DROPPED,
    b"proxy-authentication-info": Role.DROPPED,
    b"proxy-authorization": Role.DROPPED,
    b"te": Role.DROPPED,  # trailer fields are dropped, so nobody may be told that they are welcome
    b"trailer": Role.DROPPED,
}
"""Names that are written anew or go no further, in both directions."""

UNREMOVABLE = frozenset((b"expect", b"host", b"content-length", b"transfer-encoding", b"set-cookie", b"via"))
"""Names that a peer cannot take away by naming them in Connection: framing, Host, and what we have acted upon."""

_KEEP_ALIVE = (b"keep-alive", b"Keep-Alive")
_REFUSED_PROTOCOLS = (b"h2c", b"tls")
NO_OPTIONS: frozenset[bytes] = frozenset()
"""No Connection field came."""
ONLY_KEEP_ALIVE = frozenset((b"keep-alive",))
"""What nearly every browser sends."""


def connection_options(values: list[bytes]) -> frozenset[bytes]:
    """Collect the options of all Connection fields, lower case."""
    if not values:
        return NO_OPTIONS
    if len(values) == 1 and values[0] in _KEEP_ALIVE:
        return ONLY_KEEP_ALIVE
    return frozenset(list_elements(values))


def may_persist(options: frozenset[bytes], minor: int) -> bool:
    """Tell whether the connection stays open after the message (RFC 9112 §9.3)."""
    if b"close" in options:
        return False
    return minor == 1 or b"keep-alive" in options


def without_named(lines: list[bytes], options: frozenset[bytes]) -> list[bytes]:
    """Leave out the lines whose names Connection lists; what we add is not in `lines` yet and cannot be named away."""
    if options <= ONLY_KEEP_ALIVE:
        return lines
    named = options - UNREMOVABLE
    return [line for line in lines if line[: line.index(b":")].lower() not in named]


def upgrade_value(values: list[bytes], options: frozenset[bytes], minor: int) -> bytes:
    """Join the protocols asked for; empty unless Connection names `upgrade` in HTTP/1.1 (RFC 9110 §7.8).

    `h2c` and `TLS` are left out: a backend that switched to them would speak, past our checks, a protocol we do not.
    """
    if not values or minor == 0 or b"upgrade" not in options:
        return b""
    protocols = (protocol.strip() for value in values for protocol in value.split(b","))
    kept = (protocol for protocol in protocols if protocol and not _is_refused(protocol))
    return b", ".join(kept)


def _is_refused(protocol: bytes) -> bool:
    return protocol.lower().partition(b"/")[0] in _REFUSED_PROTOCOLS

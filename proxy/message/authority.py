"""Read a Host value or the authority of a target (RFC 9110 §7.2, RFC 3986 §3.2); whose it is, is left to `routing`."""

import ipaddress
import re

from proxy.message.faults import MalformedMessage

_AUTHORITY = re.compile(rb"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9\-._~!$&'()*+;=%]{1,255}))(?::([0-9]{0,5}))?")
_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_MAX_PORT = 65_535


def host_name(authority: bytes) -> str:
    """Give the host of `uri-host [":" port]`, lower case, without port, IPv6 without brackets.

    A comma is refused although RFC 3986 §3.2.2 allows it: it is how two Host fields look once they were merged, and
    X-Forwarded-Host, where the value goes, is a list.
    Raises: MalformedMessage for an empty host, user info, a port above 65535, a bad IPv6 literal.
    """
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise MalformedMessage("invalid Host")
    literal, name, port = match.groups()
    if port and int(port) > _MAX_PORT:
        raise MalformedMessage("invalid port in Host")
    if literal is not None:
        return _ipv6(literal)
    if _ESCAPE.search(name):
        raise MalformedMessage("invalid Host")
    return str(name, "ascii").lower()


def _ipv6(literal: bytes) -> str:
    text = str(literal, "ascii").lower()
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        raise MalformedMessage("invalid IPv6 address in Host") from None
    return text

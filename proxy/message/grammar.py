"""Hold the byte sets of HTTP/1.1 (RFC 9110 §5.5, §5.6, RFC 9112 §2.2); using them is left to the readers."""

import re

CRLF = b"\r\n"
"""The only line end there is; a bare CR or LF is refused (RFC 9112 §2.2)."""

OWS = b" \t"
"""Optional white space around field values."""

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""A token: method, field name, connection option (RFC 9110 §5.6.2)."""

TEXT = bytes([0x09, *range(0x20, 0x7F), *range(0x80, 0x100)])
"""What a field value or reason may hold; `x.translate(None, TEXT)` leaves control bytes only."""

VISIBLE = bytes(range(0x21, 0x7F))
"""Visible ASCII; `x.translate(None, VISIBLE)` leaves everything else."""

TARGET = VISIBLE.replace(b"#", b"")
"""What a request target may hold: wider than RFC 3986 (`|`, `"`, `\\`), as browsers send it, but no fragment."""

PSEUDONYM = re.compile(rb"[^!#$%&'*+\-.^_`|~0-9A-Za-z]")
"""What may not stand in the pseudonym of `Via` (RFC 9110 §7.6.3)."""


def pseudonym_of(first_server: str) -> bytes:
    """Make a name fit for `Via`: what is no token character becomes `-`, nothing at all becomes `casproxy`."""
    return PSEUDONYM.sub(b"-", first_server.encode("ascii", "replace")) or b"casproxy"


def list_elements(values: list[bytes]) -> list[bytes]:
    """Split comma-separated lists without quoted strings into lower-case elements; empty ones vanish."""
    elements = (element.strip(OWS) for value in values for element in value.lower().split(b","))
    return [element for element in elements if element]

"""Decide how the end of a body is found (RFC 9112 §6); reading the body is left to `chunked` and `relay`.

Stricter than §6.3 where leniency has been used to smuggle requests: a repeated Content-Length is refused even when
the values are equal, a list is refused, and no transfer coding but one single `chunked` is taken.
"""

from proxy.message.faults import MalformedMessage
from proxy.model.message import BodyKind, Framing

NO_BODY = Framing(BodyKind.NONE, 0)
"""Nothing follows the head."""
CHUNKED = Framing(BodyKind.CHUNKED, 0)
"""A chunked body follows."""
UNTIL_CLOSE = Framing(BodyKind.UNTIL_CLOSE, 0)
"""Everything up to the end of the connection follows."""

MAX_LENGTH = 2**63 - 1
"""What a signed 64-bit integer holds: larger announcements overflow in somebody's implementation."""
_MAX_DIGITS = 19
_LENGTH = BodyKind.LENGTH


def content_length(value: bytes) -> int:
    """Read one Content-Length: ASCII digits, nothing else (RFC 9110 §8.6). Raises: MalformedMessage."""
    if not value.isdigit() or len(value) > _MAX_DIGITS:
        raise MalformedMessage("malformed Content-Length")
    length = int(value)
    if length > MAX_LENGTH:
        raise MalformedMessage("Content-Length out of range")
    return length


def announced_framing(lengths: list[bytes], codings: list[bytes], minor: int) -> Framing | None:
    """Decide from all Content-Length and Transfer-Encoding values of a head; None when there is neither.

    Raises: MalformedMessage for both kinds together, any repetition, any coding but `chunked`, any coding in HTTP/1.0.
    Source: RFC 9112 §6.1, §6.2, §6.3.
    """
    if codings:
        if lengths:
            raise MalformedMessage("Content-Length together with Transfer-Encoding")
        if minor == 0:
            raise MalformedMessage("Transfer-Encoding in HTTP/1.0")
        if len(codings) != 1 or codings[0].lower() != b"chunked":
            raise MalformedMessage("Transfer-Encoding other than chunked")
        return CHUNKED
    if not lengths:
        return None
    if len(lengths) != 1:
        raise MalformedMessage("repeated Content-Length")
    return tuple.__new__(Framing, (_LENGTH, content_length(lengths[0])))  # the constructor is a Python function

"""Heads of HTTP/1.1 messages as ordered bytes; what they mean is left to the room `message`.

Named tuples, not frozen dataclasses: one is made per request, and a tuple costs a third (tests/bench).
"""

from enum import Enum
from typing import NamedTuple

Field = tuple[bytes, bytes]
"""Name as it was spelled, value without the white space around it."""

Fields = list[Field]
"""Header fields in the order they came, duplicates kept."""


class RequestHead(NamedTuple):
    """The head of a request exactly as the peer spelled it."""

    method: bytes
    """Upper-case method token, `b"GET"`."""
    target: bytes
    """Request target byte for byte, `b"/owa/?a=%2f"`."""
    minor: int
    """Minor digit of the version: 0 or 1."""
    fields: Fields
    """Header fields in order."""


class ResponseHead(NamedTuple):
    """The head of a response exactly as the peer spelled it."""

    status: int
    """Status code, 100 to 599."""
    reason: bytes
    """Reason phrase, possibly empty."""
    minor: int
    """Minor digit of the version: 0 or 1."""
    fields: Fields
    """Header fields in order."""


class BodyKind(Enum):
    """How the end of a body is found (RFC 9112 §6.3)."""

    NONE = "none"
    LENGTH = "length"
    CHUNKED = "chunked"
    UNTIL_CLOSE = "until_close"


NONE, LENGTH, CHUNKED, UNTIL_CLOSE = BodyKind
"""The members by themselves: up to Python 3.11 `BodyKind.LENGTH` is a failed lookup and a call, 0.3 µs each."""


class Framing(NamedTuple):
    """The framing of one body."""

    kind: BodyKind
    """How its end is found."""
    length: int
    """Bytes announced; 0 unless `kind` is LENGTH."""

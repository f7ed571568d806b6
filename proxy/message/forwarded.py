"""Say where a request came from (Forwarded, X-Forwarded-*, Via) and forget what strangers claim about it.

Whether a peer may be believed is left to the caller, who knows `trusted_proxies`.
"""

import re
from typing import NamedTuple, Protocol

from proxy.message.grammar import OWS, TEXT, TOKEN
from proxy.message.roles import Role

FORWARDING: dict[bytes, Role] = {
    b"via": Role.VIA,
    b"forwarded": Role.FORWARDED,
    b"x-forwarded-for": Role.FORWARDED_FOR,
    b"x-request-id": Role.REQUEST_ID,
    b"x-real-ip": Role.DROPPED,
}
"""Collected, and extended for trusted peers; the rest of X-Forwarded-* is dropped, because ours takes its place."""

IDENTITY: dict[bytes, Role] = {
    b"x-logontype": Role.DROPPED,
    b"x-beresource": Role.DROPPED,
    b"x-anonresource": Role.DROPPED,
    b"x-anonresource-backend": Role.DROPPED,
    b"x-original-url": Role.DROPPED,  # IIS's rewriter believes these two instead of the request line
    b"x-rewrite-url": Role.DROPPED,
    b"proxy": Role.DROPPED,  # becomes HTTP_PROXY in a CGI environment
}
"""What a client access server says to another about a user; never believed of a browser, in any spelling."""

IDENTITY_PREFIXES = (b"x-casproxy-", b"x-owa-proxy", b"x-servertoserver-", b"x-forwarded-")
"""Beginnings of such names, lower case."""

_LINES = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t -~\x80-\xff]*\r\n)*").fullmatch
"""Whole header lines and nothing else: tokens, values without control bytes."""

MAX_LEGS = 1024
"""Legs remembered; beyond it the table starts anew."""


class Leg(NamedTuple):
    """The way of one request: who sent it, and what it is called where it goes."""

    peer: bytes
    """Browser's IP address as text."""
    peer_trusted: bool
    """Whether its own Forwarded and X-Forwarded-For are believed."""
    host: bytes
    """`Host` to send."""
    trust: bytes
    """`b"trusted"` or `b"allowed"`: what the switch made of the backend's certificate."""
    identity: bytes = b""
    """Lines `b"Name: value\\r\\n"` that say who signed in; empty: nobody."""


class Received(Protocol):
    """What is needed of a request's facts."""

    @property
    def authority(self) -> bytes:
        """`Host` as it was sent."""
        ...

    @property
    def via(self) -> list[bytes]:
        """`Via` values as received."""
        ...

    @property
    def forwarded(self) -> list[bytes]:
        """`Forwarded` values as received."""
        ...

    @property
    def forwarded_for(self) -> list[bytes]:
        """`X-Forwarded-For` values as received."""
        ...


class Trail:
    """Compose the fields that tell where a request came from.

    Tuned: requests of one connection share peer, host and authority, so their lines are made once. Who signed in is
    not kept: the lines about that may hold a password, and this memory ends with the process.
    """

    __slots__ = ("_known", "_via")

    def __init__(self, pseudonym: bytes) -> None:
        self._via = (b"Via: 1.0 " + pseudonym + b"\r\n", b"Via: 1.1 " + pseudonym + b"\r\n")
        self._known: dict[tuple[object, ...], tuple[bytes, bytes]] = {}

    def lines(self, minor: int, received: Received, leg: Leg) -> tuple[bytes, bytes]:
        """Give the end of the request line with the Host line, and the lines that are ours.

        Raises: ValueError when the leg or the authority holds what may not stand in a head.
        """
        start, ours = known = self._travelled(minor, received, leg)
        if not leg.identity:
            return known
        if not _LINES(leg.identity):
            raise ValueError("identity lines are malformed")
        return start, ours + leg.identity

    def _travelled(self, minor: int, received: Received, leg: Leg) -> tuple[bytes, bytes]:
        """Give both without who signed in."""
        if received.via or (leg.peer_trusted and (received.forwarded or received.forwarded_for)):
            return self._compose(minor, received, leg)
        key = (leg.peer, leg.peer_trusted, leg.host, leg.trust, received.authority, minor)
        known = self._known.get(key)
        if known is None:
            known = self._compose(minor, received, leg)
            if len(self._known) >= MAX_LEGS:
                self._known.clear()
            self._known[key] = known
        return known

    def _compose(self, minor: int, received: Received, leg: Leg) -> tuple[bytes, bytes]:
        authority = received.authority
        for value in (leg.peer, leg.host, leg.trust, authority):
            if not value or value.translate(None, TEXT):
                raise ValueError("a leg holds control bytes or nothing")
        forwarded = [_element(leg.peer, authority)]
        addresses = [leg.peer]
        if leg.peer_trusted:
            forwarded = [*filter(None, received.forwarded), *forwarded]
            addresses = [*filter(None, received.forwarded_for), *addresses]
        ours = (
            *(b"Via: " + value + b"\r\n" for value in received.via if value),
            self._via[minor],
            b"Forwarded: " + b", ".join(forwarded) + b"\r\n",
            b"X-Forwarded-For: " + b", ".join(addresses) + b"\r\n",
            b"X-Forwarded-Proto: https\r\nX-Forwarded-Host: " + authority + b"\r\n",
            b"X-CASProxy-Trust: " + leg.trust + b"\r\n",
        )
        return b" HTTP/1.1\r\nHost: " + leg.host + b"\r\n", b"".join(ours)


def _element(peer: bytes, authority: bytes) -> bytes:
    """Compose one element of Forwarded (RFC 7239 §4); an IPv6 address is quoted, in brackets and without its zone."""
    address = peer.partition(b"%")[0]
    node = b'"[' + address + b']"' if b":" in address else address
    host = authority if TOKEN.fullmatch(authority) else b'"' + authority + b'"'
    return b"for=" + node + b";host=" + host + b";proto=https"


def names_us(values: list[bytes], pseudonym: bytes) -> bool:
    """Tell whether a Via element was received by us (RFC 9110 §7.6.3); pseudonyms compare without case.

    Comments are not parsed: one that is made to look like an element of ours is taken for one.
    """
    for value in values:
        for element in value.lower().split(b","):
            words = element.strip(OWS).split(None, 1)
            if len(words) > 1 and words[1].partition(b" ")[0].partition(b"\t")[0].partition(b"(")[0] == pseudonym:
                return True
    return False

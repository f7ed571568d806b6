"""Look up what a field name means to us by the spelling that was sent; which names mean what is left to the tables.

Tuned: the table is keyed by the raw spelling, so that a field that passes costs one `dict.get`; lowering and comparing
every name costs four times as much. Peers choose the spellings, so the table is bounded.
"""

from enum import StrEnum

from proxy.message.faults import MalformedMessage
from proxy.message.grammar import TOKEN


class Role(StrEnum):
    """What becomes of a field that does not simply pass."""

    HOST = "host"
    LENGTH = "length"
    CODING = "coding"
    CONNECTION = "connection"
    UPGRADE = "upgrade"
    EXPECT = "expect"
    VIA = "via"
    FORWARDED = "forwarded"
    FORWARDED_FOR = "forwarded_for"
    REQUEST_ID = "request_id"
    LOCATION = "location"
    SET_COOKIE = "set_cookie"
    COOKIE = "cookie"
    CREDENTIAL = "credential"
    CHALLENGE = "challenge"
    DROPPED = "dropped"


MAX_SPELLINGS = 1024
"""Spellings remembered; beyond it the table starts anew."""
_MAX_SPELLING_BYTES = 64


class RoleTable:
    """Map raw spellings to the prefix `b"Name: "` of a field that passes, or to its role."""

    __slots__ = ("_exact", "_prefixes", "known")

    def __init__(self, exact: dict[bytes, Role], prefixes: tuple[bytes, ...]) -> None:
        self._exact = exact
        self._prefixes = prefixes
        self.known: dict[bytes, bytes | Role] = {}
        """What was learnt; readers look here first and call `learn` for what is missing."""

    def learn(self, name: bytes) -> bytes | Role:
        """Classify a spelling and remember it. Raises: MalformedMessage when it is no token (RFC 9110 §5.1)."""
        if not TOKEN.fullmatch(name):
            raise MalformedMessage("malformed field name")
        role = self._classify(name)
        if len(name) <= _MAX_SPELLING_BYTES:
            if len(self.known) >= MAX_SPELLINGS:
                self.known.clear()
            self.known[name] = role
        return role

    def _classify(self, name: bytes) -> bytes | Role:
        """Compare without case, and with `_` for `-`: backends that fold both to one variable see one name (CGI, IIS).

        An underscore spelling of a name that means something to us is dropped, whatever it means: it is never honoured
        as framing here, so it must not be honoured behind us.
        """
        lower = name.lower()
        folded = lower.replace(b"_", b"-")
        role = self._exact.get(folded)
        if role is None and folded.startswith(self._prefixes):
            role = Role.DROPPED
        if role is None:
            return name + b": "
        return role if lower == folded else Role.DROPPED

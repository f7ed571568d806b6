"""Takes our own cookies out of a request's `Cookie` field, so that they never reach a backend; opening is `session`'s.

A cookie of ours that comes twice with different values is somebody's trick: it counts as none, and both are removed.
"""

from typing import NamedTuple

SESSION_COOKIE = b"__Host-casproxy"
"""Name of the cookie that holds a session."""
LOGON_COOKIE = b"__Host-casproxy-logon"
"""Name of the cookie that ties a logon form to the browser that asked for it."""
_MARK = b"__host-casproxy"
_STEERING = (b"x-beresource", b"x-backendcookie", b"x-anonresource")
"""Beginnings of cookies by which later servers of Exchange let a browser choose a server; none passes, in any case."""
_KEPT = (_MARK, *_STEERING)
_UNCLEAR = b"\0"
"""Stands for a value that came twice; no cookie can hold it."""


class OwnCookies(NamedTuple):
    """Values of our own cookies; empty: none, or none that is clear."""

    session: bytes = b""
    logon: bytes = b""


NO_COOKIES = OwnCookies()
"""The request bears none of ours."""


def take_own(values: list[bytes]) -> OwnCookies:
    """Give our cookies' values out of all `Cookie` fields. Source: RFC 6265 §5.4."""
    found: dict[bytes, bytes] = {}
    for value in values:
        for pair in value.split(b";"):
            name, _, content = pair.partition(b"=")
            name = name.strip()
            if name in (SESSION_COOKIE, LOGON_COOKIE):
                content = content.strip()
                found[name] = content if found.get(name, content) == content else _UNCLEAR
    session, logon = found.get(SESSION_COOKIE, b""), found.get(LOGON_COOKIE, b"")
    return OwnCookies(b"" if session == _UNCLEAR else session, b"" if logon == _UNCLEAR else logon)


def has_own(value: bytes) -> bool:
    """Tell whether a `Cookie` field may hold something that stays here, in whatever case."""
    value = value.lower()
    return _MARK in value or any(mark in value for mark in _STEERING)


def without_own(value: bytes) -> bytes:
    """Give a `Cookie` field's value without ours, without what only differs from ours in case, and without steering."""
    kept = [pair for pair in value.split(b";") if not pair.partition(b"=")[0].strip().lower().startswith(_KEPT)]
    return b";".join(kept).strip()


def sets_own(value: bytes) -> bool:
    """Tell whether a `Set-Cookie` field of a backend would set, or take away, a cookie of ours, in whatever case.

    A cookie without a name counts by its value: some browsers send `=name=value` back as `name=value`.
    """
    return value.lstrip(b"= \t").lower().startswith(_MARK)

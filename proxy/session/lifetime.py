"""How long a session holds and what counts as the user's doing; sealing a renewed one is left to the caller.

An unused session ends after its lifetime, at the latest after one and a half: the moment in the cookie is renewed only
when half of it is gone, so the last activity may lie up to half a lifetime after it.
"""

import re
from enum import Enum, auto
from typing import NamedTuple
from urllib.parse import unquote

from proxy.session.session import Session

SKEW = 60.0
"""Seconds a moment may lie in the future: clocks of two front servers differ a little."""

_STATIC = re.compile(
    r"/(owa|ecp)/\d+(\.\d+){1,4}/.*|.*\.(js|css|gif|png|jpe?g|ico|cur|svg|htc|woff2?)", re.DOTALL | re.IGNORECASE
)
_PINGS = frozenset({"/owa/ping.owa"})


class Lifetimes(NamedTuple):
    """Seconds without activity after which a session ends."""

    public: float = 900.0
    """On public computers."""
    private: float = 28_800.0
    """On private ones."""

    def of(self, *, public: bool) -> float:
        """Give the one that counts."""
        return self.public if public else self.private


class State(Enum):
    """What a session is worth now."""

    FRESH = auto()
    """Holds, and need not be renewed."""
    RENEW = auto()
    """Holds; seal it anew if the request is the user's doing (`is_activity`)."""
    EXPIRED = auto()
    """Is over."""


def state(session: Session, now: float, lifetimes: Lifetimes) -> State:
    """Judge a session; one begun or renewed in the future, beyond a minute, was sealed by a wrong clock and is over."""
    if max(session.begun, session.renewed) > now + SKEW:
        return State.EXPIRED
    lifetime = lifetimes.of(public=session.public)
    age = now - session.renewed
    if age >= 1.5 * lifetime:
        return State.EXPIRED
    return State.RENEW if age > 0.5 * lifetime else State.FRESH


def latest_end(session: Session, now: float, lifetimes: Lifetimes) -> float:
    """Give the moment at which the last cookie of a session that is ended now would be over by itself.

    Counts from now, for a copy renewed after this one may be about.
    """
    return max(now, session.renewed) + 1.5 * lifetimes.of(public=session.public)


def is_activity(method: str, path: str, query: str, user_activity: str) -> bool:
    """Tell whether a request is the user's doing.

    `path` is decoded once; `query` stands without its question mark; `user_activity` is the value of X-UserActivity,
    empty when absent. Not the user's doing are: what says so itself (`UA=0`, `X-UserActivity: 0`), pings, static files
    and preflights. `/owa/keepalive.owa` is asked for while the user writes, and counts.
    """
    if method == "OPTIONS" or user_activity.strip() == "0":
        return False
    if any(unquote(field).lower() == "ua=0" for field in query.split("&")):
        return False
    return path.lower() not in _PINGS and not _STATIC.fullmatch(path)

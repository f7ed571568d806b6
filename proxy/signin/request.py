"""One request as the gate sees it; reading it is left to `message` and `routing`."""

from typing import NamedTuple
from urllib.parse import unquote_plus

from proxy.message.request import RequestFacts
from proxy.model.message import RequestHead
from proxy.routing.visit import Visit
from proxy.session.session import Session

MAX_QUERY_FIELDS = 20
"""Fields of a query that are looked at."""


class Request(NamedTuple):
    """What is asked, and by whom."""

    head: RequestHead
    facts: RequestFacts
    peer: str
    """Client address."""
    visit: Visit
    """What the path stands for."""
    opened: Session | None = None
    """What the session cookie holds, if this connection's gate has opened it before; it may be over by now."""

    def field(self, name: bytes) -> bytes:
        """Give the value of a header field, the first one; `name` in lower case. Empty: there is none."""
        return next((value for each, value in self.head.fields if each.lower() == name), b"")

    @property
    def query(self) -> str:
        """The target's query, as it came."""
        return self.facts.target.partition(b"?")[2].decode("latin-1")

    def query_value(self, name: str) -> str:
        """Give the value of a query key, the first one, decoded once; empty: there is none."""
        for field in self.query.split("&", MAX_QUERY_FIELDS)[:MAX_QUERY_FIELDS]:
            key, _, value = field.partition("=")
            if key == name:
                return unquote_plus(value, errors="replace")
        return ""

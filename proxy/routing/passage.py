"""What a request is let through with: its decision, who it is from, and what the answer must bring along."""

from typing import NamedTuple

from proxy.routing.decide import Decision


class Ring:
    """Which server of a site's ring a session is at; a failure moves all of the session on."""

    __slots__ = ("head",)

    def __init__(self) -> None:
        self.head = 0
        """Index of the server that is tried first; any number."""


class Passage(NamedTuple):
    """Leave to go to a site."""

    decision: Decision
    """Where to, and under which limits."""
    identity: bytes = b""
    """Header lines that tell the backend who signed in."""
    user: str = ""
    """Who signed in, as logs and events may tell it (`log.user`)."""
    set_cookie: bytes = b""
    """Header line for the answer, `b"Set-Cookie: …\\r\\n"`: the session was renewed. Empty: none."""
    ring: Ring | None = None
    """The session's; None: nobody signed in."""
    credential: bytes = b""
    """`identity` with the user's own `Authorization` line, for verified connections only; empty: it is not told."""

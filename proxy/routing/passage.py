"""What a request is let through with: its decision, who it is from, and what the answer must bring along."""

from typing import NamedTuple

from proxy.model.accounts import Account
from proxy.routing.decide import Decision


class Registration:
    """A session at one server that wants to be told of it before its first request."""

    __slots__ = ("canary", "is_known", "lines", "lines_for")

    def __init__(self, canary: bytes) -> None:
        self.canary = canary
        """Random; the same in each request of the session to the server."""
        self.is_known = False
        """Whether the server has been told, and has not said since that it does not know."""
        self.lines = b""
        """Header lines that say who asks, the same object while they stay the same."""
        self.lines_for: tuple[object, ...] = ()
        """What they were made from."""


class Ring:
    """Where a session is among its site's servers: one for all its connections, gone when it ends."""

    __slots__ = ("head", "is_placed", "registrations", "seed")

    def __init__(self, seed: int = 0) -> None:
        self.head = 0
        """Index of the server that is tried first, any number; a failure moves all of the session on."""
        self.is_placed = False
        """Whether it is at that server; before that, the site's `balance` says where it begins."""
        self.seed = seed
        """The session's number where sessions are spread: the same in every worker and after a restart."""
        self.registrations: dict[object, Registration] | None = None
        """By what `relay` knows of the server; None while no server wanted to be told."""


class Caller(NamedTuple):
    """Who signed in, for servers that ask for more than a header."""

    account: Account
    """The user."""
    public: bool
    """Whether the computer is a public one."""


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
    caller: Caller | None = None
    """Who signed in; None: nobody."""

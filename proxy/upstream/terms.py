"""The words in which an upstream connection speaks to its owner; the connection itself is in `connection`."""

from enum import IntEnum
from typing import NamedTuple, Protocol

from proxy.message.response import Names, ResponseFacts
from proxy.model.message import ResponseHead


class State(IntEnum):
    """What the next byte from the backend belongs to."""

    IDLE = 0
    HEAD = 1
    BODY = 2
    BODY_UNTIL_CLOSE = 3
    TUNNEL = 4
    CLOSED = 5


IDLE, HEAD, BODY, BODY_UNTIL_CLOSE, TUNNEL, CLOSED = State
"""The members by themselves: up to Python 3.11 `State.HEAD` is a failed lookup and a call, 0.3 µs each."""


class Question(NamedTuple):
    """What must be known of a request to read its answer."""

    method: bytes
    """Its method: an answer to HEAD has no body."""
    upgrade: bytes
    """The protocol asked for in `Upgrade`; empty: 101 is a fault."""
    names: Names
    """Names to exchange in `Location` and `Set-Cookie`."""


class Receiver(Protocol):
    """Who asked: told of everything that comes back, always from the event loop, never during `ask`."""

    def on_interim(self, head: ResponseHead) -> None:
        """Take a 1xx answer other than 101."""

    def on_head(self, head: ResponseHead, facts: ResponseFacts, first: bytes, ended: bool) -> None:
        """Take the final head with the body bytes that came along; `ended`: that was all."""

    def on_body(self, data: bytes, ended: bool) -> None:
        """Take body bytes (decoded, possibly none); `ended`: that was all."""

    def on_broken(self, sentence: str, error_type: str) -> None:
        """Take the news that the answer ended before it was complete; `error_type` is RFC 9209's."""

    def pause_sending(self) -> None:
        """Send no more for now: the backend is slow."""

    def resume_sending(self) -> None:
        """Send on."""


class Home(Protocol):
    """Who keeps the connection while nobody uses it."""

    def forget(self, connection: object) -> None:
        """Drop a closed connection."""

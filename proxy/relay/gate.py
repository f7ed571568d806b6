"""The gate a request passes before it is sent on, in the words of `relay`; what it decides is left to `signin`."""

from collections.abc import Callable
from typing import Protocol

from proxy.errors import ProxyError
from proxy.message.memory import RequestMemory
from proxy.message.request import RequestFacts
from proxy.model.message import RequestHead
from proxy.model.reply import Reply
from proxy.routing.passage import Passage


class Errand(Protocol):
    """Something that must be done before there is an answer: checking a password, looking a user up."""

    body_limit: int
    """Bytes of the request's body that it takes, more is 413; 0: none, the body waits for the backend."""

    def begin(self, body: bytes, done: Callable[[Reply | Passage | ProxyError], None]) -> None:
        """Begin, with the whole body it takes; `done` is called once, now or later, unless cancelled."""

    def cancel(self) -> None:
        """Give up, because the browser has gone: call nobody."""


class Gate(Protocol):
    """Who lets requests through."""

    def admit(
        self, head: RequestHead, facts: RequestFacts, peer: bytes, memory: RequestMemory
    ) -> Passage | Reply | Errand:
        """Decide about a request. `memory` is its connection's and has a slot for what the gate knows of it.

        Raises: ClientFault when the request is refused.
        """
        ...

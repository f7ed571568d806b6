"""Receivers of answers that are not the browser's: what a server says to the proxy itself stays here.

Their bodies are thrown away, and bounded: nothing in them is of use.
"""

from collections.abc import Callable

from proxy.message.exchange2010 import BETWEEN_SERVERS
from proxy.message.response import Names, ResponseFacts
from proxy.model.message import ResponseHead
from proxy.upstream.connection import UpstreamConnection
from proxy.upstream.terms import Receiver

MAX_BODY = 65_536
"""Bytes of such an answer's body that are read and thrown away; a server that sends more is not listened to."""
NO_NAMES = Names((), b"", "", "")
"""Nothing of such an answer is passed on, so nothing is rewritten."""

Done = Callable[[ResponseHead, ResponseFacts], None]
Broken = Callable[[str, str], None]


class Inquiry:
    """Takes the answer to a question of the proxy itself; exactly one of `done` and `broken` is called."""

    __slots__ = ("_broken", "_connection", "_done", "_facts", "_head", "_left")

    def __init__(self, connection: UpstreamConnection, done: Done, broken: Broken) -> None:
        self._connection = connection
        self._done = done
        self._broken = broken
        self._head: ResponseHead | None = None
        self._facts: ResponseFacts | None = None
        self._left = MAX_BODY

    def on_interim(self, head: ResponseHead) -> None:
        """Wait on: it says nothing yet."""

    def on_head(self, head: ResponseHead, facts: ResponseFacts, first: bytes, ended: bool) -> None:
        """Keep the head until the body has ended."""
        self._head, self._facts = head, facts
        self.on_body(first, ended)

    def on_body(self, data: bytes, ended: bool) -> None:
        """Count, and forget."""
        self._left -= len(data)
        if self._left < 0:
            self._connection.abort()
            self._broken(f"sent more than {MAX_BODY} bytes that nobody asked for", "http_response_body_size")
        elif ended:
            assert self._head is not None
            assert self._facts is not None
            self._done(self._head, self._facts)

    def on_broken(self, sentence: str, error_type: str) -> None:
        """Pass the news on."""
        self._broken(sentence, error_type)

    def pause_sending(self) -> None:
        """Do nothing: the question has been written whole."""

    def resume_sending(self) -> None:
        """Do nothing."""


class Watch(Inquiry):
    """Lets the answer to a browser's request pass, but for what servers say to each other alone."""

    __slots__ = ("_receiver",)

    def __init__(self, connection: UpstreamConnection, receiver: Receiver, done: Done) -> None:
        super().__init__(connection, done, receiver.on_broken)
        self._receiver = receiver

    def on_interim(self, head: ResponseHead) -> None:
        """Pass it on."""
        self._receiver.on_interim(head)

    def on_head(self, head: ResponseHead, facts: ResponseFacts, first: bytes, ended: bool) -> None:
        """Step aside, unless the answer is for the proxy."""
        if head.status in BETWEEN_SERVERS:
            super().on_head(head, facts, first, ended)
        else:
            self._connection.receiver = self._receiver
            self._receiver.on_head(head, facts, first, ended)

    def pause_sending(self) -> None:
        """Pass it on."""
        self._receiver.pause_sending()

    def resume_sending(self) -> None:
        """Pass it on."""
        self._receiver.resume_sending()

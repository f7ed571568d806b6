"""One TLS connection to a backend: finds each answer's head and body; what happens with them is left to the receiver.

The life of a connection: idle (in the pool) → head → body → idle, or → tunnel after 101. A byte that nobody asked
for ends it, so that it can never become part of somebody else's answer.
"""

import asyncio
import select

from proxy.message.body import BodyReader
from proxy.message.faults import MalformedMessage
from proxy.message.head import parse_response_head
from proxy.message.memory import ResponseMemory
from proxy.message.response import ResponseFacts, ResponseReader
from proxy.model.limits import Limits
from proxy.model.message import LENGTH, UNTIL_CLOSE, ResponseHead
from proxy.upstream.closing import is_clean_end
from proxy.upstream.reading import read_on
from proxy.upstream.terms import (
    BODY,
    BODY_UNTIL_CLOSE,
    CLOSED,
    HEAD,
    IDLE,
    TUNNEL,
    Home,
    Question,
    Receiver,
)

MAX_INTERIM_ANSWERS = 16
"""1xx answers per request; a backend that sends more never means to answer (RFC 9110 §15.2 sets no bound)."""

HEAD_END = b"\r\n\r\n"
SWITCHING_PROTOCOLS = 101
FIRST_FINAL_STATUS = 200


class UpstreamConnection(asyncio.Protocol):
    """The backend's side of the proxy. One receiver at a time; `home` is told when it ends."""

    __slots__ = (
        "_body", "_buffer", "_eof", "_interims", "_limits", "_poller", "_question", "_reader", "_scanned",
        "answer_bytes", "asked", "home", "idle_since", "memory", "paused", "receiver", "state", "transport", "trusted",
    )  # fmt: skip

    def __init__(self, reader: ResponseReader, limits: Limits, home: Home) -> None:
        self._reader = reader
        self._limits = limits
        self.home: Home | None = home
        self.transport: asyncio.Transport | None = None
        self.receiver: Receiver | None = None
        self.state = IDLE
        self.trusted = False
        """Whether OpenSSL accepted the certificate; False under switch 1 for one it did not."""
        self.asked = 0
        """Requests sent on this connection."""
        self.answer_bytes = 0
        """Bytes of the present answer so far; 0 means that nothing came back."""
        self.idle_since = 0.0
        self.paused = False
        self.memory = ResponseMemory()
        self._buffer = b""
        self._scanned = 0
        self._interims = 0
        self._body: BodyReader | None = None
        self._question: Question | None = None
        self._eof = False
        self._poller: select.poll | None = None

    # ── what the owner does ──────────────────────────────────────────────────────────────────────

    def ask(self, receiver: Receiver, question: Question, data: bytes) -> None:
        """Send a request's head (and what is there of its body); the receiver is told of the answer."""
        self.receiver = receiver
        self._question = question
        self.state = HEAD
        self.asked += 1
        self.answer_bytes = 0
        self._interims = 0
        if self.transport is not None:
            self.transport.write(data)

    def send(self, data: bytes) -> None:
        """Send more of the request's body, framed already, or of the tunnel."""
        if self.transport is not None:
            self.transport.write(data)

    def is_fresh(self) -> bool:
        """Tell whether the idle connection may be used: open, and not a byte waits that nobody asked for."""
        if self.state is not IDLE or self.transport is None or self.transport.is_closing():
            return False
        return self._poller is None or not self._poller.poll(0)

    def pause(self) -> None:
        """Read no more until `resume`."""
        if not self.paused and self.transport is not None:
            self.paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self.paused and self.transport is not None:
            self.paused = False
            read_on(self.transport)

    def rest(self, now: float) -> None:
        """Become idle again after a complete answer."""
        if self.paused:
            self.resume()
        self.receiver = None
        self._question = None
        self.idle_since = now
        self.state = IDLE

    def abort(self) -> None:
        """Close at once, whatever is in flight. The receiver is not told."""
        self.receiver = None
        self.state = CLOSED
        if self.transport is not None:
            self.transport.abort()

    def close(self) -> None:
        """Close after what is written has been sent. The receiver is not told."""
        self.receiver = None
        self.state = CLOSED
        if self.transport is not None:
            self.transport.close()

    # ── asyncio.Protocol ─────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport; the TLS handshake is over. Nothing is written here."""
        self.transport = transport  # type: ignore[assignment]  # a stream transport, by how it was made
        descriptor = transport.get_extra_info("socket")
        if descriptor is not None and hasattr(select, "poll"):
            self._poller = select.poll()
            self._poller.register(descriptor.fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        """Give bytes to the state they belong to."""
        state = self.state
        if state is HEAD:
            self.answer_bytes += len(data)
            self._take_head(data)
        elif state is BODY:
            self._take_body(data)
        elif state is BODY_UNTIL_CLOSE or state is TUNNEL:
            if self.receiver is not None:
                self.receiver.on_body(data, False)
        elif state is IDLE:
            self.close()  # nobody asked

    def eof_received(self) -> bool | None:
        """Note that the backend closed in good order, which ends a body without length (RFC 9112 §9.8)."""
        self._eof = self.transport is not None and is_clean_end(self.transport)
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        """End the answer: complete if it was delimited by a clean close, broken otherwise."""
        state, receiver = self.state, self.receiver
        self.state = CLOSED
        if receiver is not None:
            self.receiver = None
            if state is TUNNEL or (state is BODY_UNTIL_CLOSE and self._eof and exc is None):
                receiver.on_body(b"", True)
            elif state is HEAD and self.answer_bytes == 0:
                receiver.on_broken("closed the connection without an answer", "connection_terminated")
            else:
                receiver.on_broken("closed the connection before its answer was complete", "http_response_incomplete")
        if self.home is not None:
            self.home.forget(self)
        # Break every reference cycle: a closed connection's buffers must not wait for the collector.
        self.home = self.transport = self._poller = self._question = self._body = None

    def pause_writing(self) -> None:
        """Pass the backend's slowness on."""
        if self.receiver is not None:
            self.receiver.pause_sending()

    def resume_writing(self) -> None:
        """Pass on that the backend takes bytes again."""
        if self.receiver is not None:
            self.receiver.resume_sending()

    # ── the answer ───────────────────────────────────────────────────────────────────────────────

    def _take_head(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        end = data.find(HEAD_END, self._scanned)
        if end < 0:
            self._buffer = data
            self._scanned = max(0, len(data) - 3)
            if len(data) > self._limits.head_bytes:
                self._break("sent a head larger than limits.head_bytes", "http_response_header_section_size")
            return
        end += 4
        self._buffer = b""
        self._scanned = 0
        question = self._question
        assert question is not None
        raw = data[:end]
        known = self.memory.recall(raw, question.method, question.names)
        if known is not None:
            self._begin_body(*known, data[end:])
            return
        try:
            head = parse_response_head(raw, self._limits)
            if head.status < FIRST_FINAL_STATUS and head.status != SWITCHING_PROTOCOLS:
                self._take_interim(head, data[end:])
                return
            facts = self._reader.read(head, question.method, question.names)
        except MalformedMessage as fault:
            self._break(f"sent a head that is no valid answer: {fault}", "http_protocol_error")
            return
        if head.status == SWITCHING_PROTOCOLS:
            self._take_switch(head, facts, data[end:])
        else:
            self.memory.keep(raw, question.method, question.names, (head, facts))
            self._begin_body(head, facts, data[end:])

    def _take_interim(self, head: ResponseHead, rest: bytes) -> None:
        self._interims += 1
        if self._interims > MAX_INTERIM_ANSWERS:
            self._break("sent interim answers without end", "http_protocol_error")
            return
        if self.receiver is not None:
            self.receiver.on_interim(head)
        if rest and self.state is HEAD:
            self._take_head(rest)

    def _take_switch(self, head: ResponseHead, facts: ResponseFacts, rest: bytes) -> None:
        question = self._question
        if question is None or not _is_offered(facts.upgrade, question.upgrade):
            self._break("switched to a protocol that nobody asked for", "http_upgrade_failed")
            return
        self.state = TUNNEL
        if self.receiver is not None:
            self.receiver.on_head(head, facts, rest, False)

    def _begin_body(self, head: ResponseHead, facts: ResponseFacts, first: bytes) -> None:
        framing = facts.framing
        if framing.kind is UNTIL_CLOSE:
            self.state = BODY_UNTIL_CLOSE
            ended = False
        elif framing.kind is LENGTH and len(first) == framing.length:
            ended = True  # the usual small answer: head and whole body in one read
        else:
            self.state = BODY
            body = self._body = BodyReader(framing)
            try:
                first, ended = body.feed(first)
            except MalformedMessage as fault:
                self._break(f"sent a body that cannot be framed: {fault}", "http_protocol_error")
                return
            if ended and body.rest:
                self.state = CLOSED  # surplus: nobody may be given this connection again
        if self.receiver is not None:
            self.receiver.on_head(head, facts, first, ended)

    def _take_body(self, data: bytes) -> None:
        body = self._body
        assert body is not None
        try:
            data, ended = body.feed(data)
        except MalformedMessage as fault:
            self._break(f"sent a body that cannot be framed: {fault}", "http_protocol_error")
            return
        if ended and body.rest:
            self.state = CLOSED
        if (data or ended) and self.receiver is not None:
            self.receiver.on_body(data, ended)

    def is_reusable(self, facts: ResponseFacts) -> bool:
        """Tell, after a complete answer, whether another request may follow it on this connection."""
        return (
            facts.keep_alive
            and self.state is not CLOSED
            and self.state is not BODY_UNTIL_CLOSE
            and self.transport is not None
            and not self.transport.is_closing()
        )

    def _break(self, sentence: str, error_type: str) -> None:
        """End the connection over a fault of the backend and tell the receiver."""
        receiver = self.receiver
        self.abort()
        if receiver is not None:
            receiver.on_broken(sentence, error_type)


def _is_offered(chosen: bytes, offered: bytes) -> bool:
    """Tell whether a backend switched to what was asked for (RFC 9110 §7.8); both are lists, case does not count."""
    asked = {name.strip() for name in offered.lower().split(b",")}
    return bool(chosen) and all(name.strip() in asked for name in chosen.lower().split(b","))

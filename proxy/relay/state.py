"""What an exchange knows at any moment, and the small questions about it; what happens is left to `exchange`."""

from enum import IntEnum
from time import perf_counter
from typing import Protocol

from proxy.message.chunked import LAST_CHUNK, encode_chunk
from proxy.message.memory import RequestMemory
from proxy.message.request import RequestFacts
from proxy.message.response import ResponseFacts
from proxy.model.limits import Timeouts
from proxy.model.message import CHUNKED, NONE, UNTIL_CLOSE, Framing, RequestHead
from proxy.model.reply import Reply
from proxy.relay.equipment import Destination, Equipment
from proxy.relay.gate import Errand
from proxy.relay.tie import Tie
from proxy.routing.decide import Decision
from proxy.routing.passage import Passage
from proxy.upstream.connection import UpstreamConnection

SAFE_METHODS = frozenset({b"GET", b"HEAD", b"OPTIONS"})
"""May be sent again when a pooled connection turns out to be dead (RFC 9110 §9.2.1)."""

UNFRAMED = Framing(UNTIL_CLOSE, 0)


class Browser(Protocol):
    """The browser's connection as the exchange sees it."""

    peer: bytes
    """Client address as text."""
    peer_trusted: bool
    """Whether its forwarding fields may be believed (`server.trusted_proxies`)."""
    tls_version: str
    """`TLSv1.3`."""
    deadline: float
    """When `expire` is called, in seconds of the coarse clock."""
    clogged: bool
    """Whether the browser takes no more for now."""
    closing: bool
    """Whether the connection must close after this answer (draining)."""
    tie: Tie
    """The backend's connection that is this browser's alone, if one is."""

    def write(self, data: bytes) -> None:
        """Send bytes to the browser."""

    def hold(self) -> None:
        """Read no more of the request until `release`."""

    def release(self) -> None:
        """Read on."""

    def finish(self, *, close: bool) -> None:
        """Turn to the next request, or close: the answer has been written whole."""

    def abort(self) -> None:
        """Cut the connection: the answer that began cannot be completed."""

    def current_equipment(self) -> Equipment:
        """Give the equipment in force now, which a reload may have replaced."""

    def begin_tunnel(self) -> None:
        """From now on bytes pass unframed."""


class Phase(IntEnum):
    """Where the exchange is."""

    READING = 0
    SEEKING = 1
    ASKED = 2
    ANSWERING = 3
    TUNNELLING = 4
    OVER = 5


READING, SEEKING, ASKED, ANSWERING, TUNNELLING, OVER = Phase
"""The members by themselves: up to Python 3.11 `Phase.ASKED` is a failed lookup and a call, 0.3 µs each."""


class ExchangeState:
    """Everything known of one request and its answer.

    Tuned: with slots an attribute costs a tenth of one that is looked up in six classes and a dictionary (tests/bench).
    """

    __slots__ = (
        "answer_facts", "answer_seconds", "asked_at", "attempt", "browser", "bytes_in", "bytes_out", "closes",
        "connection", "decision", "destination", "equipment", "errand", "error_type", "facts", "head", "held",
        "inquiries", "is_tied", "memory", "order", "out", "passage", "pending", "phase", "progress", "repeats", "reply",
        "request_ended", "request_id", "retried", "started", "status", "trust", "unread",
    )  # fmt: skip

    phase: Phase
    status: int
    """Status sent to the browser; 0: none yet."""
    trust: str
    """`trusted` or `allowed`, once a connection is there."""
    error_type: str
    """RFC 9209 error type when the answer is ours."""
    bytes_in: int
    """Bytes of the request's body."""
    bytes_out: int
    """Bytes of the answer's body."""
    request_ended: bool
    """Whether the request's body has arrived whole."""
    closes: bool
    """Whether the browser's connection closes after the answer."""
    head: RequestHead | None
    unread: bytes
    """A head that could not be read; the access log shows what its first line looks like."""
    facts: RequestFacts | None
    memory: RequestMemory | None
    """The connection's, when it holds this head."""
    decision: Decision | None
    passage: Passage | None
    """What the gate let it through with; None where there is no gate."""
    errand: Errand | None
    """What the gate wants done before there is an answer."""
    reply: Reply | None
    """The answer of ours that the gate gave."""
    destination: Destination | None
    """The server being tried or asked."""
    order: tuple[Destination, ...]
    """The site's servers in the order in which they are tried."""
    attempt: int
    """Index in the order."""
    is_tied: bool
    """Whether the backend's connection is this browser's alone, or becomes so by this exchange."""
    retried: bool
    """Whether a dead pooled connection has been replaced already."""
    connection: UpstreamConnection | None
    answer_facts: ResponseFacts | None
    out: Framing
    """How the answer's body is framed towards the browser."""
    held: bool
    """Whether the browser's side has been told to read no more."""
    pending: bytes
    """Body bytes, framed, that wait for a connection."""
    asked_at: float
    """When the server was asked, by `perf_counter`."""
    answer_seconds: float
    """How long it then took to begin its answer; 0: it has not."""
    progress: float
    """When a byte moved last, in seconds of the coarse clock."""
    inquiries: int
    """Questions of ours that were asked for this request; see `accord`."""
    repeats: int
    """How often it was sent again after them; see `accord`."""

    def __init__(self, equipment: Equipment, browser: Browser) -> None:
        self.equipment = equipment
        self.browser = browser
        self.started = perf_counter()
        self.request_id = equipment.new_request_id()
        self.phase = READING
        self.status = self.bytes_in = self.bytes_out = self.attempt = self.inquiries = self.repeats = 0
        self.trust = self.error_type = ""
        self.request_ended = self.closes = self.is_tied = self.retried = self.held = False
        self.head = self.facts = self.memory = self.decision = self.passage = self.errand = None
        self.reply = self.destination = self.connection = self.answer_facts = None
        self.unread = self.pending = b""
        self.order = ()
        self.out = UNFRAMED
        self.asked_at = self.answer_seconds = self.progress = 0.0

    def may_be_sent_again(self, connection: UpstreamConnection) -> bool:
        """Tell whether the backend cannot have acted: reused connection, no answer byte, safe and bodiless request."""
        head, facts = self.head, self.facts
        return (
            not self.retried
            and not self.status
            and connection.asked > 1
            and connection.answer_bytes == 0
            and head is not None
            and head.method in SAFE_METHODS
            and facts is not None
            and facts.framing.kind is NONE
        )

    def may_go_elsewhere(self) -> bool:
        """Tell whether another server may be asked although this one was: a safe, bodiless, unanswered request."""
        head, facts = self.head, self.facts
        return (
            not self.status
            and self.attempt + 1 < len(self.order)
            and head is not None
            and head.method in SAFE_METHODS
            and facts is not None
            and facts.framing.kind is NONE
        )

    def on_broken(self, sentence: str, error_type: str) -> None:
        """Take the news that the backend's answer cannot be used; see `exchange`."""
        raise NotImplementedError

    def await_progress(self) -> None:
        """Start waiting for the answer, or for more of the request's body."""
        now = self.progress = self.equipment.ticks.now
        times = self.timeouts
        self.browser.deadline = now + (times.response_head if self.request_ended else times.body_progress)

    @property
    def timeouts(self) -> Timeouts:
        """Time limits in force: the route's once it is known."""
        return self.decision.timeouts if self.decision is not None else self.equipment.timeouts

    def hold(self) -> None:
        """Let the browser's side read no more."""
        if not self.held:
            self.held = True
            self.browser.hold()

    def release(self) -> None:
        """Let the browser's side read on."""
        if self.held:
            self.held = False
            self.browser.release()


def frame(framing: Framing, data: bytes, *, ended: bool) -> bytes:
    """Give body bytes the framing that was announced; `ended`: nothing follows."""
    if framing.kind is not CHUNKED:
        return data
    return encode_chunk(data) + LAST_CHUNK if ended else encode_chunk(data)

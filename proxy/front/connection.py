"""The browser's side: finds each request's head and body on a connection; what happens with them is left to `relay`.

One request at a time: what a browser pipelines waits in the buffer, bounded, until its turn comes (RFC 9112 §9.3.2).
"""

import asyncio

from proxy.errors import ClientFault, ProxyError
from proxy.front.gate import BACKLOG, UPSTREAM, Gate
from proxy.front.seats import Seat, too_many
from proxy.message.body import BodyReader
from proxy.message.faults import MalformedMessage
from proxy.message.head import too_large, without_empty_lines
from proxy.message.memory import RequestMemory
from proxy.model.message import NONE
from proxy.relay.equipment import Equipment, Holder
from proxy.relay.exchange import NEVER, Exchange
from proxy.relay.refuse import fault_of
from proxy.relay.tie import Tie

HEAD_END = b"\r\n\r\n"

LINGER_BYTES, LINGER_SECONDS, LINGER_BRIEFLY = 1_048_576, 2.0, 0.1
"""What is read and thrown away after an early refusal, so that the browser can read the answer before a reset.

Briefly where no body was announced: what may follow a head that broke a rule is not known.
"""


class BrowserConnection(asyncio.Protocol):
    """One TLS connection of a browser; made by the listener, ended by either side or a time limit."""

    __slots__ = (
        "_body", "_buffer", "_exchange", "_gate", "_holder", "_lingered", "_lingering", "_memory", "_scanned", "_seat",
        "_tunnel", "clogged", "closing", "deadline", "peer", "peer_trusted", "tie", "tls_version", "transport",
    )  # fmt: skip

    def __init__(self, holder: Holder, seat: Seat, *, peer_trusted: bool) -> None:
        self._holder = holder
        self._seat = seat
        self.peer = seat.address.encode()
        self.peer_trusted = peer_trusted
        self.tls_version = ""
        self.transport: asyncio.Transport | None = None
        self.deadline = NEVER
        self.clogged = self.closing = False
        self._exchange: Exchange | None = None
        self._buffer = b""
        self._scanned = 0
        self._body: BodyReader | None = None
        """The body being read; None between bodies."""
        self._gate = Gate()
        self._memory = RequestMemory()
        self.tie = Tie()
        self._tunnel = self._lingering = False
        self._lingered = 0

    # ── asyncio.Protocol ─────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport; the TLS handshake is over."""
        self.transport = self._gate.transport = transport  # type: ignore[assignment]  # a stream transport
        tls = transport.get_extra_info("ssl_object")
        self.tls_version = (tls.version() or "") if tls is not None else ""
        equipment = self._holder.now
        self.deadline = equipment.ticks.now + equipment.timeouts.request_head

    def data_received(self, data: bytes) -> None:
        """Give bytes to the tunnel, the body, or the next head."""
        if self._tunnel:
            if self._exchange is not None:
                self._exchange.send_tunnel(data)
        elif self._exchange is None:
            if self._lingering:
                self._linger(data)
                return
            if not self._buffer:
                equipment = self._holder.now
                self.deadline = equipment.ticks.now + equipment.timeouts.request_head
            self._buffer = self._buffer + data if self._buffer else data
            self._advance()
        elif self._body is not None:
            self._take_body(data)
        else:
            self._queue(data)

    def eof_received(self) -> bool | None:
        """Let the transport close: TLS knows no half-open connections worth keeping."""
        return None

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - how it ended makes no difference
        """Tell the exchange that its browser has gone."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.leave()
        self.tie.cut()
        self._seat.leave()
        self.transport = self._gate.transport = self._body = None  # no reference cycle keeps the buffers alive
        self._buffer = b""

    def pause_writing(self) -> None:
        """Pass the browser's slowness on."""
        self.clogged = True
        if self._exchange is not None:
            self._exchange.clog()

    def resume_writing(self) -> None:
        """Pass on that the browser takes bytes again."""
        self.clogged = False
        if self._exchange is not None:
            self._exchange.unclog()

    # ── what the exchange does ───────────────────────────────────────────────────────────────────

    def current_equipment(self) -> Equipment:
        """Give the equipment in force now."""
        return self._holder.now

    def write(self, data: bytes) -> None:
        """Send bytes to the browser."""
        if self.transport is not None:
            self.transport.write(data)

    def hold(self) -> None:
        """Read no more until `release`."""
        self._gate.hold(UPSTREAM)

    def release(self) -> None:
        """Read on."""
        self._gate.release(UPSTREAM)

    def begin_tunnel(self) -> None:
        """From now on bytes pass unframed; those that came early go first."""
        self._tunnel = True
        early, self._buffer = self._buffer, b""
        self._gate.release(BACKLOG)
        if early and self._exchange is not None:
            self._exchange.send_tunnel(early)

    def finish(self, *, close: bool) -> None:
        """Close after the answer, or turn to the next request."""
        exchange, self._exchange = self._exchange, None
        self._body = None
        if self.transport is None:
            return
        if close or self.closing:
            unread = exchange is not None and not exchange.request_ended
            announced = exchange is not None and exchange.facts is not None
            self._close(linger=(LINGER_SECONDS if announced else LINGER_BRIEFLY) if unread else 0.0)
            return
        equipment = self._holder.now
        self.deadline = equipment.ticks.now + equipment.timeouts.keep_alive
        self._gate.release(BACKLOG)
        if self._buffer:
            # Through the loop, not by recursion: a hundred pipelined refusals must not fill the stack.
            self.deadline = equipment.ticks.now + equipment.timeouts.request_head
            asyncio.get_running_loop().call_soon(self._advance)

    def cut(self) -> None:
        """End at once, whatever is in flight."""
        if self._exchange is not None:
            self._exchange.leave()
        self.abort()

    def abort(self) -> None:
        """Cut the connection so that the browser sees an incomplete answer."""
        self._exchange = None
        if self.transport is not None:
            self.transport.abort()

    # ── what the listener and the clock do ───────────────────────────────────────────────────────

    @property
    def is_busy(self) -> bool:
        """Whether a request is in flight, or an answer on its way out."""
        transport = self.transport
        return transport is not None and (self._exchange is not None or transport.get_write_buffer_size() > 0)

    def drain(self) -> None:
        """Close now when idle, else after the answer under way; tunnels, which have no end, once all has been sent."""
        self.closing = True
        if self._tunnel and self._exchange is not None:
            self._exchange.complete()
        elif self._exchange is None and self.transport is not None:
            self.transport.close()

    def look_after(self, now: float) -> None:
        """Enforce what time demands; called with every tick of the coarse clock."""
        if self.deadline <= now:
            self.expire(now)
        if self._gate.is_closed and self._gate.has_left() and self.transport is not None:
            self.transport.abort()

    def expire(self, now: float) -> None:
        """Decide what the end of a wait means."""
        self.deadline = NEVER
        if self._exchange is not None:
            self._exchange.expire(now)
        elif self.transport is None:
            return
        elif self.transport.is_closing() or self._lingering:
            self.transport.abort()
        elif self._buffer.strip(b"\r\n"):
            self._refuse_unread(ClientFault(408, "The request's head did not arrive in time."))
        else:
            self._close(linger=0.0)

    # ── heads ────────────────────────────────────────────────────────────────────────────────────

    def _advance(self) -> None:
        """Read the next head from the buffer and start its exchange."""
        if self._exchange is not None or self.transport is None or self._lingering or self.transport.is_closing():
            return
        buffer = self._buffer
        if buffer.startswith(b"\r\n"):  # they stay in the buffer: one now and then must not put the end off
            buffer = without_empty_lines(buffer)
            self._scanned = 0
        end = buffer.find(HEAD_END, self._scanned)
        equipment = self._holder.now
        if end < 0:
            self._scanned = max(0, len(buffer) - 3)
            if len(buffer) > equipment.limits.head_bytes:
                self._refuse_unread(too_large(buffer, equipment.limits))
            return
        end += 4
        self._buffer = buffer[end:]
        self._scanned = 0
        exchange = self._exchange = Exchange(equipment, self)
        first, ended = b"", True
        if self._seat.is_extra:
            exchange.refuse(too_many())
            return
        try:
            framing = exchange.prepare(buffer[:end], self._memory)
            if framing.kind is not NONE:
                self._body = BodyReader(framing)
                first, ended = self._read_body(self._buffer)
            exchange.start(first, ended=ended)
        except ProxyError as error:
            exchange.refuse(error)
        except MalformedMessage as fault:
            exchange.refuse(ClientFault(400, f"The request's body cannot be framed: {fault}."))
        except Exception as defect:  # noqa: BLE001 - the last resort: a defect of ours costs one request, and is told
            exchange.refuse(fault_of(defect))

    def _refuse_unread(self, error: ClientFault) -> None:
        """Refuse a request whose head never became complete."""
        self._buffer = b""
        exchange = self._exchange = Exchange(self._holder.now, self)
        exchange.refuse(error)

    # ── bodies ───────────────────────────────────────────────────────────────────────────────────

    def _read_body(self, data: bytes) -> tuple[bytes, bool]:
        """Take the body's bytes out of `data`; what follows the body stays in the buffer."""
        body = self._body
        assert body is not None
        data, ended = body.feed(data)
        self._buffer = body.rest
        if ended:
            self._body = None
        return data, ended

    def _take_body(self, data: bytes) -> None:
        exchange = self._exchange
        assert exchange is not None
        try:
            data, ended = self._read_body(data)
        except MalformedMessage as fault:
            exchange.refuse(ClientFault(400, f"The request's body cannot be framed: {fault}."))
            return
        if data or ended:
            exchange.send_body(data, ended=ended)

    # ── waiting and closing ──────────────────────────────────────────────────────────────────────

    def _queue(self, data: bytes) -> None:
        """Keep what a browser sent ahead; read no more when enough requests wait."""
        self._buffer += data
        limits = self._holder.now.limits
        if len(self._buffer) > limits.head_bytes or self._buffer.count(HEAD_END) >= limits.pipelined_requests:
            self._gate.hold(BACKLOG)

    def _close(self, *, linger: float) -> None:
        """Close; after a refusal that left bytes unread, read on for a while so that no reset eats the answer."""
        assert self.transport is not None
        equipment = self._holder.now
        self.deadline = equipment.ticks.now + equipment.timeouts.body_progress  # for what is still to be sent
        self._gate.release(BACKLOG)
        self._gate.release(UPSTREAM)
        if linger:
            self._lingering = True
            asyncio.get_running_loop().call_later(linger, self.transport.close)
        else:
            self.transport.close()

    def _linger(self, data: bytes) -> None:
        self._lingered += len(data)
        if self._lingered > LINGER_BYTES and self.transport is not None:
            self.transport.close()

"""The answer's way back: head, body and tunnel, passed on as they come; asking is left to `exchange`.

This is the tuned half: callbacks only, one write where head and body fit a TLS record (tests/bench).
"""

from time import perf_counter

from proxy.message.response import ResponseFacts
from proxy.model.message import CHUNKED, NONE, UNTIL_CLOSE, Framing, ResponseHead
from proxy.relay.report import record_access
from proxy.relay.state import ANSWERING, OVER, TUNNELLING, ExchangeState, frame

ONE_WRITE_BYTES = 131_072
"""Up to here head and body are joined into one write: a copy costs less than a second system call (tests/bench, 64 KiB
GET through uvloop's TLS: 1.07 of nginx instead of 1.23)."""

SWITCHING_PROTOCOLS = 101


class AnswerRelay(ExchangeState):
    """Takes what the backend answers and gives it to the browser."""

    __slots__ = ()

    def turn_from(self, status: int) -> bool:
        """Tell whether another server is asked instead; see `seek`."""
        raise NotImplementedError

    def on_interim(self, head: ResponseHead) -> None:
        """Pass a 1xx answer on; HTTP/1.0 knows none (RFC 9110 §15.2)."""
        if self.head is not None and self.head.minor:
            equipment = self.equipment
            lines = equipment.response_reader.interim(head)
            self.browser.write(b"".join((b"HTTP/1.1 %d %b\r\n" % (head.status, head.reason), *lines, b"\r\n")))

    def on_head(self, head: ResponseHead, facts: ResponseFacts, first: bytes, ended: bool) -> None:
        """Pass the head on, written anew, with the body bytes that came along."""
        request = self.head
        assert request is not None
        if head.status in (502, 503) and self.turn_from(head.status):  # another server of the site is asked instead
            return
        self.answer_facts = facts
        if head.status == SWITCHING_PROTOCOLS:
            if not self.request_ended and self.connection is not None:
                self.connection.abort()  # what follows of the body would pass for the new protocol
                self.on_broken("switched protocols before the request had ended", "http_upgrade_failed")
                return
            self._begin_tunnel(head, facts, first)
            return
        framing = facts.framing
        if framing.kind is CHUNKED or framing.kind is UNTIL_CLOSE:
            framing = Framing(CHUNKED if request.minor else UNTIL_CLOSE, 0)
        self.out = framing
        if framing.kind is UNTIL_CLOSE or not self.request_ended or self.browser.closing:
            self.closes = True
        self.phase = ANSWERING
        self.status = head.status
        self.answer_seconds = perf_counter() - self.asked_at
        self.progress = self.equipment.ticks.now
        data = self._write_head(head, facts, request.minor)
        if first or ended:
            self.bytes_out = len(first)
            body = first if framing is facts.framing else frame(framing, first, ended=ended)
            if len(body) <= ONE_WRITE_BYTES:
                data += body
            else:
                self.browser.write(data)
                data = body
        self.browser.write(data)
        if ended:
            self.complete()
        else:
            self.browser.deadline = self.progress + self.timeouts.body_progress
            if self.browser.clogged:  # since the answer before this one: nobody will tell again
                self.clog()

    def _write_head(self, head: ResponseHead, facts: ResponseFacts, minor: int) -> bytes:
        """Compose the head, or take what the last answer on this upstream connection used if it said the same."""
        writer = self.equipment.response_writer
        if self.passage is not None and self.passage.set_cookie:
            head_lines = facts._replace(lines=[*facts.lines, self.passage.set_cookie])
            start, end = writer.surround(
                head, head_lines, framing=self.out, close=self.closes, keep_alive_10=not (minor or self.closes)
            )
            return start + self.request_id + end
        memory = self.connection.memory if self.connection is not None and minor and not self.closes else None
        if memory is not None and memory.written is not None and memory.written[0] is facts:
            return b"".join((memory.written[1], self.request_id, memory.written[2]))
        start, end = writer.surround(
            head, facts, framing=self.out, close=self.closes, keep_alive_10=not (minor or self.closes)
        )
        if memory is not None:
            memory.written = (facts, start, end)
        return start + self.request_id + end

    def on_body(self, data: bytes, ended: bool) -> None:
        """Pass body bytes on."""
        self.progress = self.equipment.ticks.now
        self.bytes_out += len(data)
        if self.phase is TUNNELLING:
            if data:
                self.browser.write(data)
        elif data or ended:
            self.browser.write(frame(self.out, data, ended=ended))
        if ended:
            self.complete()

    def clog(self) -> None:
        """Read no more from the backend: the browser is slow."""
        if self.connection is not None:
            self.connection.pause()

    def unclog(self) -> None:
        """Read on."""
        self.progress = self.equipment.ticks.now
        if self.connection is not None:
            self.connection.resume()

    def _begin_tunnel(self, head: ResponseHead, facts: ResponseFacts, first: bytes) -> None:
        self.phase = TUNNELLING
        self.status = head.status
        self.answer_seconds = perf_counter() - self.asked_at
        self.closes = True
        self.progress = self.equipment.ticks.now
        data = self.equipment.response_writer.write(
            head, facts, framing=Framing(NONE, 0), close=False, request_id=self.request_id
        )
        self.bytes_out = len(first)
        self.browser.deadline = self.progress + self.timeouts.tunnel_idle
        self.browser.write(data + first)
        self.browser.begin_tunnel()

    def complete(self) -> None:
        """Give the connection back if another request may follow, then tell the browser's side."""
        connection, destination, facts = self.connection, self.destination, self.answer_facts
        self.connection = None
        self.phase = OVER
        if connection is not None and destination is not None and facts is not None:
            if not (self.request_ended and connection.is_reusable(facts)):
                connection.close()
            elif self.is_tied or facts.binds:
                self.browser.tie.tie(connection, destination)
            else:
                destination.pool.give_back(connection)
        if self.held:
            self.release()
        record_access(self)
        self.browser.finish(close=self.closes or not self.request_ended)

"""The life of one request: read and decide, find a connection, send, bring the answer back.

Read it from top to bottom: the methods stand in the order in which they happen. The answer's way back is in `answer`,
what servers of Exchange 2010 are asked before in `accord`, faults go to `refuse`. Bytes and time come from `front` (the
browser) and `upstream` (the backend); there is no task and no future in here.
"""

from time import perf_counter

from proxy.errors import ClientFault, ProxyError, UpstreamBroke, UpstreamTimedOut
from proxy.message.head import parse_request_head
from proxy.message.memory import RequestMemory
from proxy.model.message import NONE, Framing
from proxy.model.reply import Reply
from proxy.relay.accord import AccordRelay
from proxy.relay.errand import NEVER
from proxy.relay.refuse import answer_refusal
from proxy.relay.report import record_access, report_error
from proxy.relay.state import ANSWERING, ASKED, OVER, READING, SEEKING, TUNNELLING, frame
from proxy.routing.decide import Decision
from proxy.routing.passage import Passage
from proxy.upstream.connection import UpstreamConnection
from proxy.upstream.terms import Question, Receiver

__all__ = ["NEVER", "Exchange"]

_new = tuple.__new__  # a named tuple's own constructor is a Python function: 1 µs a request in all


class Exchange(AccordRelay):
    """One request and its answer."""

    __slots__ = ()

    # ── 1. read and decide ───────────────────────────────────────────────────────────────────────

    def prepare(self, raw: bytes, memory: RequestMemory) -> Framing:
        """Read the head and decide where it goes; returns how the request's body is framed.

        `memory` is the connection's. Raises: ProxyError when the request is refused; give it to `refuse`.
        """
        equipment = self.equipment
        known = memory.recall(raw, equipment.limits)
        if known is not None:
            self.head, facts = known
            self.memory = memory
        else:
            try:
                self.head = parse_request_head(raw, equipment.limits)
            except ClientFault:
                self.unread = raw
                raise
            facts = equipment.request_reader.read(self.head)
            if memory.keep(raw, self.head, facts):
                self.memory = memory
        self.facts = facts
        self.closes = not facts.keep_alive
        framing = facts.framing
        self.is_tied = facts.binds
        self.request_ended = framing.kind is NONE
        decision = self.choose(memory)
        limit = decision.limits.body_bytes if decision is not None else 0
        if limit and framing.length > limit:
            raise ClientFault(413, f"The request's body is larger than {limit} bytes.")
        return framing

    def choose(self, memory: RequestMemory) -> Decision | None:
        """Decide where the request goes; None: the gate answers, or has something done before."""
        equipment, facts, gate = self.equipment, self.facts, self.equipment.gate
        assert facts is not None
        if gate is None:
            decision = self.decision = equipment.router.decide(facts.name, facts.target)
            return decision
        assert self.head is not None
        outcome = gate.admit(self.head, facts, self.browser.peer, memory)
        if type(outcome) is Passage:
            self.passage = outcome
            self.decision = outcome[0]
            return outcome[0]
        if isinstance(outcome, Reply):
            self.reply = outcome
        else:
            assert not isinstance(outcome, Passage)
            self.errand = outcome
        return None

    def choose_again(self) -> None:
        """Decide anew after a reload; who has signed in stays so."""
        facts = self.facts
        assert facts is not None
        router = self.equipment.router
        if self.passage is None:
            self.decision = router.decide(facts.name, facts.target)
        else:
            self.decision = router.decide_in(self.passage.decision.site.name, facts.target)

    # ── 2. find a connection: see `seek` ─────────────────────────────────────────────────────────

    def start(self, first: bytes, *, ended: bool) -> None:
        """Go and ask, with the body bytes that came along with the head; `ended`: that was all."""
        assert self.facts is not None
        if self.reply is not None:
            self.request_ended = self.request_ended or ended
            self.answer_reply(self.reply)
            return
        if self.errand is not None and self.errand.body_limit:
            self.take_form(first, ended=self.request_ended or ended)
            return
        if first or not self.request_ended:  # there is a body, if only an empty one in chunks
            self.bytes_in = len(first)
            if self._is_body_too_large():
                return
            self.pending = frame(self.facts.framing, first, ended=ended) if first or ended else b""
            self.request_ended = ended
        if self.errand is not None:
            self.wait_for_errand(self.errand)
        else:
            self.seek()

    # ── 3. send ──────────────────────────────────────────────────────────────────────────────────

    def on_connection(self, connection: UpstreamConnection) -> None:
        """Send the head, written anew, and what is there of the body."""
        head, facts, destination = self.head, self.facts, self.destination
        assert head is not None
        assert facts is not None
        assert destination is not None
        if self.phase is SEEKING:  # it was dialled, so it can be reached
            self.equipment.health.note_success(destination, self.equipment.ticks.now)
        self.connection = connection  # first of all: whatever happens, somebody lets it go
        self.asked_at = self.started if self.phase is READING else perf_counter()  # usually nothing waited: no call
        receiver: Receiver = self
        if destination.accord is not None:
            watch = self.agree(connection)
            if watch is None:  # something else comes first, or it was refused
                return
            receiver = watch
        written = self.surround(head, facts, destination, trusted=connection.trusted)
        data = b"".join((head.method, b" ", facts.target, written[0], self.request_id, written[1], self.pending))
        self.pending = b""
        self.phase = ASKED
        self.await_progress()
        held, self.held = self.held, False
        connection.ask(receiver, _new(Question, (head.method, facts.upgrade, written[2])), data)
        if held and not self.held:  # held anew: this filled the backend's buffer
            self.browser.release()

    def send_body(self, data: bytes, *, ended: bool) -> None:
        """Pass more of the request's body on."""
        assert self.facts is not None
        if self.errand is not None and self.errand.body_limit:
            self.take_form(data, ended=ended)
            return
        self.bytes_in += len(data)
        if self._is_body_too_large():
            return
        self.request_ended = ended
        framed = frame(self.facts.framing, data, ended=ended)
        if self.phase is SEEKING:
            self.pending += framed
        elif self.connection is not None:
            self.connection.send(framed)
            if self.phase is ASKED:
                self.await_progress()
            else:
                self.progress = self.equipment.ticks.now

    def send_tunnel(self, data: bytes) -> None:
        """Pass bytes of the tunnel on."""
        self.bytes_in += len(data)
        self.progress = self.equipment.ticks.now
        if self.connection is not None:
            self.connection.send(data)

    def pause_sending(self) -> None:
        """Read no more from the browser: the backend is slow."""
        self.hold()

    def resume_sending(self) -> None:
        """Read on."""
        self.progress = self.equipment.ticks.now
        self.release()

    # ── 4. bring the answer back: see `answer` ───────────────────────────────────────────────────

    # ── 5. when something goes wrong ─────────────────────────────────────────────────────────────

    def on_broken(self, sentence: str, error_type: str) -> None:
        """Ask once more if the backend cannot have acted; otherwise 502, or a cut when the answer had begun."""
        assert self.destination is not None
        connection, self.connection = self.connection, None
        if connection is not None and self.may_be_sent_again(connection):
            self.retried = True
            self.try_server()
            return
        server = self.destination.server
        error = UpstreamBroke(server.site, server.authority, f"{server.authority} {sentence}.", error_type)
        if self.may_go_elsewhere():
            self.go_on(error)
        else:
            self.refuse(error)

    def refuse(self, error: ProxyError) -> None:
        """Answer with an error of ours; when an answer has begun, cut it visibly instead."""
        if self.phase is OVER:
            return
        self.drop_connection()
        self.phase = OVER
        self.error_type = error.error_type
        report_error(self, error)
        if self.status:
            record_access(self)
            self.browser.abort()
            return
        self.closes = self.closes or error.closes or not self.request_ended or self.browser.closing
        answer_refusal(self, error)
        self.release()
        record_access(self)
        self.browser.finish(close=self.closes)

    def leave(self) -> None:
        """Tell the backend at once, by closing its connection, that the browser has gone."""
        if self.phase is OVER:
            return
        if self.phase is TUNNELLING and self.connection is not None:
            self.connection.close()  # what the browser sent last still arrives
            self.connection = None
        else:
            self.error_type = "connection_terminated"
            self.drop_connection()
        self.phase = OVER
        record_access(self)

    def drop_connection(self) -> None:
        """Let the backend's connection go for good, or stop waiting for one."""
        connection, self.connection = self.connection, None
        if self.errand is not None:
            self.errand.cancel()
            self.errand = None
        if connection is not None:
            connection.abort()
        elif self.phase is SEEKING and self.destination is not None:
            self.equipment.health.note_leaving(self.destination)
            self.destination.pool.withdraw(self)

    def expire(self, now: float) -> None:
        """Decide what the end of a wait means; waits are extended by progress."""
        times = self.timeouts
        if self.errand is not None:
            self.refuse(ClientFault(408, "The request's body did not arrive in time."))
            return
        if self.phase is SEEKING or (self.phase is ASKED and self.request_ended):
            assert self.destination is not None
            server = self.destination.server
            sentence = f"{server.authority} did not begin to answer within {times.response_head:g} s."
            self.refuse(UpstreamTimedOut(server.site, server.authority, sentence))
            return
        patience = times.tunnel_idle if self.phase is TUNNELLING else times.body_progress
        if self.progress + patience > now:
            self.browser.deadline = self.progress + patience
        elif self.phase is TUNNELLING:
            self.drop_connection()
            self.complete()
        elif self.phase is ASKED and not self.held:
            self.refuse(ClientFault(408, "The request's body did not arrive in time."))
        elif self.phase is ANSWERING and self.browser.clogged:
            self.refuse(ClientFault(408, "The answer was not read in time."))
        else:
            assert self.destination is not None
            server = self.destination.server
            does, kind = ("takes", "write") if self.phase is ASKED else ("sends", "read")
            sentence = f"{server.authority} {does} no more of a body for {patience:g} s."
            self.refuse(UpstreamTimedOut(server.site, server.authority, sentence, f"connection_{kind}_timeout"))

    def _is_body_too_large(self) -> bool:
        limit = self.decision.limits.body_bytes if self.decision is not None else 0
        if limit and self.bytes_in > limit:
            self.refuse(ClientFault(413, f"The request's body is larger than {limit} bytes."))
            return True
        return False

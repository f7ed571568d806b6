"""Answers of ours that are no errors, and what must be done before them: reading a form, waiting for the gate."""

from http import HTTPStatus

from proxy.errors import ClientFault, ProxyError
from proxy.model.reply import Reply
from proxy.relay.answer import AnswerRelay
from proxy.relay.gate import Errand
from proxy.relay.report import record_access
from proxy.relay.state import OVER, SEEKING
from proxy.routing.passage import Passage

NEVER = float("inf")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_OWN_PHRASES = {440: "Login Timeout"}
"""Phrases of statuses that HTTP does not name."""


class ErrandRelay(AnswerRelay):
    """Does what the gate wants done."""

    __slots__ = ()

    def take_form(self, data: bytes, *, ended: bool) -> None:
        """Take bytes of the body that the errand is about; begin it when that was all."""
        errand = self.errand
        assert errand is not None
        self.pending += data
        self.bytes_in = len(self.pending)
        if self.bytes_in > errand.body_limit:
            self.refuse(ClientFault(413, f"The form is larger than {errand.body_limit} bytes."))
            return
        self.request_ended = ended
        if not ended:
            self.await_progress()
            if self.facts is not None and self.facts.expects_continue and not self.bytes_in:
                self.browser.write(CONTINUE)
            return
        body, self.pending = self.pending, b""
        self.phase = SEEKING
        self.browser.deadline = NEVER  # the errand has its own limits
        errand.begin(body, self.on_errand_done)

    def wait_for_errand(self, errand: Errand) -> None:
        """Begin an errand that the body is nothing to: it is for the backend, and waits."""
        self.phase = SEEKING
        self.browser.deadline = NEVER  # the errand has its own limits
        if not self.request_ended:
            self.hold()
        errand.begin(b"", self.on_errand_done)

    def on_errand_done(self, outcome: Reply | Passage | ProxyError) -> None:
        """Answer, or go on with the request that waited."""
        if self.phase is OVER:
            return
        self.errand = None
        if isinstance(outcome, Reply):
            self.answer_reply(outcome)
        elif isinstance(outcome, ProxyError):
            self.refuse(outcome)
        else:
            self.passage, self.decision = outcome, outcome.decision
            limit, length = outcome.decision.limits.body_bytes, self.facts.framing.length if self.facts else 0
            if limit and max(length, self.bytes_in) > limit:
                self.refuse(ClientFault(413, f"The request's body is larger than {limit} bytes."))
            else:
                self.seek()

    def answer_reply(self, reply: Reply) -> None:
        """Write the whole answer to the browser."""
        self.closes = self.closes or reply.closes or not self.request_ended or self.browser.closing
        is_head = self.head is not None and self.head.method == b"HEAD"
        phrase = _OWN_PHRASES.get(reply.status) or HTTPStatus(reply.status).phrase
        lines = [
            f"HTTP/1.1 {reply.status} {phrase}",
            *(f"{name}: {value}" for name, value in reply.headers),
            f"Content-Length: {len(reply.body)}",
            f"X-Request-Id: {self.request_id.decode('ascii', 'replace')}",
        ]
        if self.closes:
            lines.append("Connection: close")
        elif self.head is not None and not self.head.minor:
            lines.append("Connection: keep-alive")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.phase = OVER
        self.reply = reply
        self.status = reply.status
        if not is_head:
            self.bytes_out = len(reply.body)
        self.browser.write(head if is_head else head + reply.body)
        self.release()
        record_access(self)
        self.browser.finish(close=self.closes)

    def refuse(self, error: ProxyError) -> None:
        """Answer with an error of ours; see `exchange`."""
        raise NotImplementedError

    def seek(self) -> None:
        """Find a server; see `seek`."""
        raise NotImplementedError

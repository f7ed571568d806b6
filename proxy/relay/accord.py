"""Comes to terms with servers of Exchange 2010 before they get a request: version first, then who signed in.

A site is spoken to like this where its `compat` says so. The original kept back the browser's cookies, too; ours sends
them, for the server's own (`UserContext`) are nobody else's to keep. What the server sets while it is told who signed
in is not kept. Nothing of the browser's is sent before both are settled, so another server may still be asked; what
servers say to each other (241, 242, 441, 442) never reaches a browser, and no browser can say it.

A server that has lost a session (441) is told anew and asked again, at most `MAX_REPEATS` times for a request that is
safe and has no body. Others are answered 502: their body has gone by. The next request of the session is preceded by
telling the server, so it succeeds.
"""

from proxy.errors import ClientFault, OurFault, ProxyError, UpstreamBroke, UpstreamFault, UpstreamUnreachable
from proxy.message.exchange2010 import (
    LANGUAGE_PAGE,
    NO_LANGUAGE,
    NO_SESSION,
    SIGNED_ON,
    Introduction,
    introduce,
    is_private,
    write_logon,
    write_ping,
)
from proxy.message.response import ResponseFacts
from proxy.model.message import NONE, ResponseHead
from proxy.model.reply import Reply
from proxy.model.sites import Server
from proxy.relay.accords import Accord, registration_at
from proxy.relay.inquiry import NO_NAMES, Done, Inquiry, Watch
from proxy.relay.misfit import fault_of, fault_of_version, objection_to
from proxy.relay.outgoing import OutgoingRelay
from proxy.relay.state import SAFE_METHODS, SEEKING
from proxy.routing.passage import Caller, Registration
from proxy.routing.path import decode_once
from proxy.upstream.connection import UpstreamConnection
from proxy.upstream.terms import Question

AGREED_SECONDS = 3600.0
"""How long a server that fits is not asked again."""
REFUSED_SECONDS = 60.0
"""How long one that does not fit is not asked again."""
MAX_REPEATS = 2
"""How often a request is sent again because its server does not know the session."""
MAX_INQUIRIES = 12
"""Questions of ours for one request, over all servers; nobody honest comes near."""


class AccordRelay(OutgoingRelay):
    """Asks what must be asked before a request, and takes answers that are for the proxy."""

    __slots__ = ()

    def agree(self, connection: UpstreamConnection) -> Watch | None:
        """Give who takes the answer if the request may be sent now; None: something comes before, or it is refused.

        What comes before calls `on_connection` again when it is done.
        """
        destination, accord = self.destination, self._accord
        assert destination is not None
        objection = self._objection(accord)
        if objection is not None:
            self._spare(connection)
            self.refuse(objection)
        elif accord.agreed_until <= self.equipment.ticks.now:
            self._inquire(b"GET", write_ping(destination.host), self.on_version)
        elif not self._registration().is_known:
            passage = self.passage
            assert passage is not None
            ours = passage.credential if connection.trusted and passage.credential else passage.identity
            written = write_logon(destination.host, self.introduced(ours), self._caller.account)
            self._inquire(b"POST", written, self.on_signed_on)
        else:
            return Watch(connection, self, self.on_word)
        return None

    def introduced(self, ours: bytes) -> bytes:
        """Add what each request says of its sender; the same object while nothing of it changes."""
        registration, facts = self._registration(), self.facts
        assert facts is not None
        caller, browser = self._caller, self.browser
        made_from = (ours, facts.authority, browser.peer, caller.account.sid, caller.public)
        if registration.lines_for != made_from:
            canary, us = registration.canary, self.equipment.first_server
            who = Introduction(facts.authority, caller.account.sid, canary, caller.public, browser.peer, us)
            registration.lines, registration.lines_for = ours + introduce(who), made_from
        return registration.lines

    # ── what a server answered to the proxy ──────────────────────────────────────────────────────

    def on_version(self, head: ResponseHead, facts: ResponseFacts) -> None:
        """Take the answer to `ping.owa`: go on, or remember for a while that this server takes nothing of ours."""
        accord = self._accord
        error = fault_of_version(self._server, head)
        if error is None:
            accord.agreed_until = self.equipment.ticks.now + AGREED_SECONDS
            self._go_on_with(facts)
        elif isinstance(error, UpstreamUnreachable):
            self._turn_away(error)
        else:
            accord.refusal, accord.refused_until = error, self.equipment.ticks.now + REFUSED_SECONDS
            self.refuse(error)

    def on_signed_on(self, head: ResponseHead, facts: ResponseFacts) -> None:
        """Take the answer to `proxyLogon.owa`."""
        if head.status == SIGNED_ON:
            self._registration().is_known = True
            self._go_on_with(facts)
            return
        error = fault_of(self._server, head.status, "to take the user (proxyLogon.owa)")
        if isinstance(error, UpstreamUnreachable):
            self._turn_away(error)
        else:
            self.refuse(error)

    def on_word(self, head: ResponseHead, facts: ResponseFacts) -> None:
        """Take an answer to the browser's request that is for the proxy."""
        assert self.facts is not None
        what = f"answered {head.status}, which servers say to each other alone"
        if head.status == NO_SESSION:
            self._registration().is_known = False
            if self._may_repeat():
                self.repeats += 1
                self._go_on_with(facts)
                return
            what = "does not know the session (441), and the request cannot be sent again"
        elif head.status == NO_LANGUAGE and not self.facts.target.lower().startswith(LANGUAGE_PAGE.encode()):
            self._put_back(facts)
            headers = (("Location", LANGUAGE_PAGE), ("Cache-Control", "no-store"))
            self.answer_reply(Reply(302, headers, b"", "no language chosen"))
            return
        self.refuse(self._broke(what))

    def on_no_answer(self, sentence: str, error_type: str) -> None:
        """Take the news that a question of ours was not answered; the browser's request has not been sent."""
        connection = self.connection
        if connection is not None and not self.retried and connection.asked > 1 and connection.answer_bytes == 0:
            self.retried, self.connection = True, None
            self.try_server()
            return
        self._turn_away(self._broke(sentence, error_type))

    # ── small steps ──────────────────────────────────────────────────────────────────────────────

    def _inquire(self, method: bytes, data: bytes, done: Done) -> None:
        """Ask for the proxy itself; what comes of the browser's body waits meanwhile."""
        connection = self.connection
        assert connection is not None
        self.inquiries += 1
        self.phase = SEEKING
        if not self.request_ended:
            self.hold()
        self.browser.deadline = self.equipment.ticks.now + self.timeouts.response_head
        connection.ask(Inquiry(connection, done, self.on_no_answer), Question(method, b"", NO_NAMES), data)

    def _go_on_with(self, facts: ResponseFacts) -> None:
        """Use the connection for what comes next, or another one to the same server if it cannot be used again."""
        connection, self.connection = self.connection, None
        assert connection is not None
        self.phase = SEEKING
        if facts.binds:
            self.is_tied = True
        if connection.is_reusable(facts):
            connection.rest(self.equipment.ticks.now)
            if connection.is_fresh():
                self.on_connection(connection)
                return
        connection.close()
        self.try_server()

    def _turn_away(self, error: UpstreamFault) -> None:
        """Ask the site's next server, or give up; the request may be any, for nothing of it was sent."""
        self.drop_connection()
        if self.attempt + 1 < len(self.order):
            self.go_on(error)
        else:
            self.refuse(error)

    def _spare(self, connection: UpstreamConnection) -> None:
        """Give a connection back on which nothing was asked."""
        self.connection = None
        assert self.destination is not None
        if self.is_tied:
            self.browser.tie.tie(connection, self.destination)
        else:
            self.destination.pool.give_back(connection)

    def _put_back(self, facts: ResponseFacts) -> None:
        """Give the connection back after an answer that is not passed on."""
        connection = self.connection
        assert connection is not None
        self.is_tied = self.is_tied or facts.binds
        if self.request_ended and connection.is_reusable(facts):
            self._spare(connection)
        else:
            self.drop_connection()

    def _may_repeat(self) -> bool:
        head, facts = self.head, self.facts
        assert head is not None
        assert facts is not None
        return self.repeats < MAX_REPEATS and head.method in SAFE_METHODS and facts.framing.kind is NONE

    def _broke(self, what: str, error_type: str = "http_protocol_error") -> UpstreamBroke:
        server = self._server
        return UpstreamBroke(server.site, server.authority, f"{server.authority} {what}.", error_type)

    @property
    def _server(self) -> Server:
        assert self.destination is not None
        return self.destination.server

    @property
    def _accord(self) -> Accord:
        assert self.destination is not None
        assert self.destination.accord is not None
        return self.destination.accord

    @property
    def _caller(self) -> Caller:
        assert self.passage is not None
        assert self.passage.caller is not None
        return self.passage.caller

    def _registration(self) -> Registration:
        """Give what is known of the session at this server."""
        assert self.passage is not None
        assert self.passage.ring is not None
        return registration_at(self.passage.ring, self._accord)

    def _objection(self, accord: Accord) -> ProxyError | None:
        """Tell why this request cannot be sent to this server, if so."""
        facts, destination, passage = self.facts, self.destination, self.passage
        assert facts is not None
        assert destination is not None
        try:
            if is_private(decode_once(facts.target)):
                return ClientFault(403, "Only servers ask each other for this.", closes=False)
        except ClientFault as fault:
            return fault
        if passage is None or passage.ring is None or passage.caller is None:
            return OurFault(503, "The settings have changed; nobody had to sign in before.", retry_after=1)
        if accord.refusal is not None and accord.refused_until > self.equipment.ticks.now:
            return accord.refusal
        if self.inquiries >= MAX_INQUIRIES:
            return self._broke("closes its connection after each question")
        return objection_to(destination.server, passage.caller)

    def pause_sending(self) -> None:
        """Read no more from the browser; see `exchange`."""
        raise NotImplementedError

    def resume_sending(self) -> None:
        """Read on; see `exchange`."""
        raise NotImplementedError

    def drop_connection(self) -> None:
        """Let the connection go for good; see `exchange`."""
        raise NotImplementedError

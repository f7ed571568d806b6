"""The gate: opens the session, finds the account, and lets a request pass to where its user's mailbox is.

A request of a session that was looked at a moment ago passes by one comparison of its cookie. Pages and the form are
left to `desk`, what takes time to `errands`, what a decision looks like to `answers`.
"""

import re

from proxy.message.memory import RequestMemory
from proxy.message.request import RequestFacts
from proxy.model.accounts import Account
from proxy.model.message import RequestHead
from proxy.model.reply import Reply
from proxy.routing.outcome import Kind
from proxy.routing.passage import Caller, Passage
from proxy.routing.visit import Protocol, read_visit
from proxy.session.cookie import set_cookie
from proxy.session.lifetime import State, is_activity, state
from proxy.session.session import Session, renew_session
from proxy.signin.answers import Answers
from proxy.signin.book import Book
from proxy.signin.desk import Desk
from proxy.signin.errands import FindErrand, FormErrand
from proxy.signin.kit import Kit
from proxy.signin.request import Request
from proxy.signin.visitor import RECHECK_SECONDS, Visitor, is_of, open_session

_USUAL = re.compile(
    rb"/[oO][wW][aA]/(?!(?i:auth|logo|keep))(?![./])(?:[!-$&-.0-:<->@-\[\]-~]++|/(?![./]))*+(?:\?|\Z)"
).match
"""Paths below /owa/ that mean to everybody what they say, and are not ours. (The query is the backend's, and not read.)

Tuned: possessive, and it ends at the query's mark; reading long queries with it cost seven times as much.
"""

Admitted = Passage | Reply | FormErrand | FindErrand


class Gatekeeper:
    """Decides about every request. A reload makes another one; the book stays."""

    def __init__(self, kit: Kit, book: Book) -> None:
        self._kit = kit
        self._book = book
        self._answers = Answers(kit, book)
        self._desk = Desk(kit, book)

    def admit(self, head: RequestHead, facts: RequestFacts, peer: bytes, memory: RequestMemory) -> Admitted:
        """Let a request pass, answer it, or say what must be done first.

        Raises: ClientFault when its path means two things, or its site has been taken out of the settings.
        """
        visitor, opened = memory.visitor, None
        if type(visitor) is Visitor and visitor.keeper is self and visitor.cookie == facts.own.session:
            if (
                visitor.version == self._book.version
                and visitor.passage is not None
                and visitor.until - RECHECK_SECONDS <= self._kit.clock() < visitor.until  # a clock may be set back
                and _USUAL(facts.target)
            ):
                return visitor.passage
            opened = visitor.session
        visit = read_visit(head.method, facts.authority, facts.target)
        return self._admit(Request(head, facts, peer.decode("ascii", "replace"), visit, opened), memory)

    def _admit(self, request: Request, memory: RequestMemory) -> Admitted:
        page = self._desk.page(request)
        if page is not None:
            return page
        if request.visit.detour:
            return self._answers.detour(request)
        session = open_session(request, self._kit, self._book)
        if session is None:
            return self._answers.without_session(request)
        account = self._kit.provider.cached(session.user, self._kit.clock())
        if account is None:
            return FindErrand(self._kit, session.user, lambda found: self._looked_up(request, found, memory))
        return self._found(request, session, account, memory)

    def _looked_up(self, request: Request, account: Account | None, memory: RequestMemory) -> Passage | Reply:
        """Go on with a request that had to wait; its session may have been ended meanwhile."""
        session = open_session(request, self._kit, self._book)
        if session is None:
            return self._answers.without_session(request)
        return self._found(request, session, account, memory)

    def _found(
        self, request: Request, session: Session, account: Account | None, memory: RequestMemory
    ) -> Passage | Reply:
        """Go on with a request whose user was looked up."""
        if account is None or not is_of(session, account):
            return self._answers.without_session(request)
        visitor = self._remember(Visitor(request.facts.own.session, session, account), memory)
        outcome = self._kit.chooser.decide(account, request.visit)
        if outcome.kind is not Kind.PROXY or outcome.site is None:
            return self._answers.outcome(request, session, outcome)
        decision = self._kit.router.decide_in(outcome.site.name, request.facts.target)
        is_told = self._is_told(outcome.site.name)
        if is_told and not visitor.credential and self._was_kept(account):
            return self._answers.without_session(request)  # after a restart, for one: only signing in brings it back
        credential, caller = visitor.credential if is_told else b"", Caller(account, session.public)
        passage = Passage(decision, visitor.identity, visitor.user, b"", visitor.ring, credential, caller)
        if request.visit.protocol is Protocol.OWA and not outcome.site.routes:
            visitor.passage = passage
        return passage._replace(set_cookie=self._renewal(request, session, visitor))

    def _is_told(self, site: str) -> bool:
        """Tell whether a site's servers get the user's password."""
        return site.casefold() in self._kit.delegating

    def _was_kept(self, account: Account) -> bool:
        """Tell whether signing in keeps the password of this user: where the site of the mailbox is told it."""
        return account.mailbox is not None and self._is_told(account.mailbox.site)

    def _remember(self, visitor: Visitor, memory: RequestMemory) -> Visitor:
        """Keep on the connection what the cookie said."""
        kit, before = self._kit, memory.visitor
        visitor.keeper, visitor.version, visitor.until = self, self._book.version, kit.clock() + RECHECK_SECONDS
        visitor.ring = self._book.ring_of(visitor.session.id)
        if type(before) is Visitor and before.keeper is self and before.account is visitor.account:
            visitor.identity, visitor.user = before.identity, before.user  # the same object: heads are remembered by it
        else:
            visitor.identity, visitor.user = kit.identity_of(visitor.account), kit.spell_user(visitor.account.name)
        line = self._book.credential_of(visitor.session.id)
        if line:
            visitor.credential = visitor.identity + line
            if type(before) is Visitor and before.credential == visitor.credential:
                visitor.credential = before.credential
        memory.visitor = visitor
        return visitor

    def _renewal(self, request: Request, session: Session, visitor: Visitor) -> bytes:
        """Give the header line with a renewed cookie, if one is due and the request is the user's doing."""
        kit = self._kit
        now = kit.clock()
        if state(session, now, kit.lifetimes) is not State.RENEW:
            return b""
        visitor.passage = None  # until the browser shows the renewed one, each request is looked at
        method, activity = request.visit.method, request.field(b"x-useractivity").decode("latin-1")
        if not is_activity(method, request.visit.path, request.query, activity):
            return b""
        return f"Set-Cookie: {set_cookie(kit.seal.seal(renew_session(session, now)))}\r\n".encode()

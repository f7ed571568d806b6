"""What a decision looks like to the browser when its request does not pass: redirects, pages, 440, 451.

Every answer about a session is the same whether its cookie was missing its time, its key or its sense.
"""

from dataclasses import replace

from proxy.events.record import Event
from proxy.model.reply import Deed, Reply
from proxy.pages.logon import RedirectView, RefusedView
from proxy.pages.logon_views import refusal_of
from proxy.pages.views import Page
from proxy.routing.outcome import Kind, Outcome
from proxy.routing.rules import ECP_TWIN
from proxy.routing.visit import Protocol
from proxy.session.cookie import clear_cookie
from proxy.session.expiry import Redirect, answer_without_session
from proxy.session.lifetime import latest_end
from proxy.session.session import Session
from proxy.signin.book import Book
from proxy.signin.kit import Kit
from proxy.signin.request import Request

NO_STORE = ("Cache-Control", "no-store")
FOUND = 302
_ELSEWHERE = (Kind.REDIRECT_MANUAL, Kind.REDIRECT_SILENT, Kind.LEGACY_REDIRECT, Kind.ACTIVESYNC_451)
"""What sends a user to another site's own address; `Kind.REDIRECT` leads to a front door of this host."""
NOT_HTTPS = 42
"""Event whose parameters do not name the user."""


class Answers:
    """Composes answers."""

    def __init__(self, kit: Kit, book: Book) -> None:
        self._kit = kit
        self._book = book

    def detour(self, request: Request) -> Reply:
        """Send the browser to the front door."""
        return Reply(FOUND, (("Location", request.visit.detour), NO_STORE), b"", "front door")

    def without_session(self, request: Request) -> Reply:
        """Answer a request that needs a session and has none, or none that is worth anything."""
        had_one = bool(request.facts.own.session)
        target = request.facts.target.decode("latin-1")
        answer = answer_without_session(request.visit.method, target, expired=had_one)
        cleared = (("Set-Cookie", clear_cookie()),) if had_one else ()
        if isinstance(answer, Redirect):
            return Reply(FOUND, (("Location", answer.location), *cleared, NO_STORE), b"", "no session")
        page = self._kit.pages.timed_out(request.field(b"accept-language"), request.field(b"accept"))
        return reply_page(answer.status, page, "no session", *cleared, closes=True)

    def outcome(self, request: Request, session: Session, outcome: Outcome) -> Reply:
        """Answer a request that does not go to a server of a site."""
        if outcome.event:
            self._tell(request, session, outcome)
        reply = self._reply(request, session, outcome)
        site = outcome.site.name if outcome.site is not None else ""
        return reply._replace(site=site, deed=Deed.REDIRECTED if outcome.kind in _ELSEWHERE else Deed.NONE)

    def _reply(self, request: Request, session: Session, outcome: Outcome) -> Reply:
        match outcome.kind:
            case Kind.REDIRECT_SILENT | Kind.LEGACY_REDIRECT | Kind.REDIRECT:
                return Reply(FOUND, (("Location", outcome.location), NO_STORE), b"", outcome.because)
            case Kind.REDIRECT_MANUAL:
                return self._manual(request, session, outcome)
            case Kind.ACTIVESYNC_451:
                return Reply(outcome.status, (("X-MS-Location", outcome.location), NO_STORE), b"", outcome.because)
            case _:
                return self._refused(request, outcome)

    def _refused(self, request: Request, outcome: Outcome) -> Reply:
        view = RefusedView(
            refusal=refusal_of(outcome.status, outcome.event),
            status=outcome.status,
            organisation=self._kit.first_server,
        )
        page = self._kit.pages.refused(view, request.field(b"accept-language"), request.field(b"accept"))
        return reply_page(outcome.status, page, outcome.because)

    def _manual(self, request: Request, session: Session, outcome: Outcome) -> Reply:
        """Show the right address, and drop the sign-in here: it is worth nothing there."""
        self._book.end(session.id, latest_end(session, self._kit.clock(), self._kit.lifetimes))
        view = RedirectView(location=outcome.location, organisation=self._kit.first_server)
        page = self._kit.pages.redirect(view, request.field(b"accept-language"), request.field(b"accept"))
        return reply_page(200, page, outcome.because, ("Set-Cookie", clear_cookie()))

    def _tell(self, request: Request, session: Session, outcome: Outcome) -> None:
        """Emit the event of the refusal, after those of the servers that could not be used."""
        us, user = self._kit.first_server, self._kit.spell_user(session.user)
        site = outcome.site.name if outcome.site is not None else ""
        for step in outcome.log:
            if step.event and step.candidate:
                parameters = (us, step.candidate) if step.event == NOT_HTTPS else (us, user, step.candidate)
                self._emit(request, Event(id=step.event, parameters=parameters, site=site, note=step.verdict))
        self._emit(request, Event(id=outcome.event, parameters=(us, user), site=site, note=outcome.because))

    def _emit(self, request: Request, event: Event) -> None:
        is_panel = request.visit.protocol is Protocol.ECP
        self._kit.emit(replace(event, id=ECP_TWIN.get(event.id, event.id)) if is_panel else event)


def reply_page(status: int, page: Page, because: str, *headers: tuple[str, str], closes: bool = False) -> Reply:
    """Make a reply of a page."""
    fields = (("Content-Type", page.content_type), *page.headers, *headers)
    return Reply(status, fields, page.body, because, closes)

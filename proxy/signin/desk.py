"""The pages under which users sign in and off: the form, its way in, the way out, and keeping awake.

Whoever is at the desk needs no session. A wrong name, a wrong password and a user who may not are told apart nowhere.
"""

import base64
from collections.abc import Callable
from urllib.parse import quote

from proxy.directory.logins import fold, read_login
from proxy.events.record import Event
from proxy.model.accounts import Account
from proxy.model.reply import Deed, Reply
from proxy.pages.logon import LogoffView, LogonView, Reason, Refusal, RefusedView
from proxy.session import csrf
from proxy.session.cookie import clear_cookie, set_cookie
from proxy.session.destination import HOME, safe_destination
from proxy.session.expiry import LOGON
from proxy.session.form import LogonForm, read_form
from proxy.session.lifetime import State, latest_end, state
from proxy.session.session import Session, begin_session, renew_session
from proxy.signin.answers import FOUND, NO_STORE, reply_page
from proxy.signin.book import Book
from proxy.signin.errands import FindErrand, FormErrand
from proxy.signin.kit import Kit
from proxy.signin.request import Request
from proxy.signin.visitor import is_of, open_session

SIGN_IN_REFUSED, SIGN_IN_STOPPED = 1031, 1032
LOGOFF = "/owa/auth/logoff.aspx"

Page = Callable[[Request], Reply | FormErrand | FindErrand]


def basic_line(user: str, password: str) -> bytes:
    """Write the `Authorization` line of a user, in UTF-8 (RFC 7617 §2.1)."""
    return b"Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()) + b"\r\n"


class Desk:
    """Answers for the sign-in pages."""

    def __init__(self, kit: Kit, book: Book) -> None:
        self._kit = kit
        self._book = book
        self._pages: dict[str, Page] = {
            LOGON: self._show_form,
            "/owa/auth.owa": self._take_form,
            "/owa/auth/owaauth.dll": self._take_form,
            "/owa/logoff.owa": self._sign_off,
            LOGOFF: self._show_goodbye,
            "/owa/keepalive.owa": self._keep_alive,
        }

    def page(self, request: Request) -> Reply | FormErrand | FindErrand | None:
        """Answer, if the path is one of the desk's."""
        page = self._pages.get(request.visit.path.rstrip("/"))
        return page(request) if page is not None else None

    # ── in ───────────────────────────────────────────────────────────────────────────────────────

    def _show_form(self, request: Request) -> Reply:
        destination = safe_destination(request.query_value("url"), self._host(request)) or HOME
        reason = request.query_value("reason")
        return self._form(request, destination, Reason(int(reason)) if reason in tuple("01234") else Reason.NONE)

    def _form(self, request: Request, destination: str, reason: Reason, wait: float = 0.0) -> Reply:
        nonce = request.facts.own.logon.decode("latin-1")
        cookie: tuple[tuple[str, str], ...] = ()
        if not csrf.is_nonce(nonce):
            nonce = csrf.new_nonce()
            cookie = (("Set-Cookie", csrf.set_cookie(nonce)),)
        view = LogonView(
            destination=destination,
            token=self._kit.tokens.token(nonce),
            reason=reason,
            retry_after=wait,
            organisation=self._kit.first_server,
            onward=self._kit.onward,
        )
        page = self._kit.pages.logon(view, request.field(b"accept-language"), request.field(b"accept"))
        return reply_page(429 if wait else 200, page, "sign-in form", *cookie)

    def _take_form(self, request: Request) -> Reply | FormErrand:
        if request.head.method != b"POST":
            return Reply(FOUND, (("Location", LOGON), NO_STORE), b"", "sign-in without a form")
        return FormErrand(self._kit, lambda body: self._sign_in(request, body))

    async def _sign_in(self, request: Request, body: bytes) -> Reply:
        form = read_form(body, request.field(b"content-type").decode("latin-1"))
        if form is None:
            return self._refuse(request, Refusal.BAD_FORM, 400)
        nonce = request.facts.own.logon.decode("latin-1")
        if not self._kit.tokens.may_submit(self._sender(request), form.token, nonce):
            return self._refuse(request, Refusal.FOREIGN_FORM, 403)
        destination = safe_destination(form.destination, self._host(request))
        if destination is None:
            return self._refuse(request, Refusal.BAD_FORM, 400)
        return await self._try(request, form, destination)

    async def _try(self, request: Request, form: LogonForm, destination: str) -> Reply:
        kit = self._kit
        known = await kit.provider.find(form.username)
        who = (self._counted(form.username, known), request.peer)
        wait = kit.attempts.may_try(*who, kit.clock())
        if wait > 0:
            self._tell(SIGN_IN_STOPPED, request, form.username)
            return self._form(request, destination, Reason.WRONG, wait)._replace(deed=Deed.STOPPED)
        try:
            account = await kit.provider.check(form.username, form.password)
        except BaseException:  # nobody looked at the password, or nobody waits for the answer
            kit.attempts.withdrawn(*who, kit.clock())
            raise
        if account is None:
            kit.attempts.failed(*who, kit.clock())
            self._tell(SIGN_IN_REFUSED, request, form.username)
            location = f"{LOGON}?url={quote(destination, safe='')}&reason={Reason.WRONG.value}"
            because = "wrong user name or password"
            return Reply(FOUND, (("Location", location), NO_STORE), b"", because, deed=Deed.WRONG_PASSWORD)
        kit.attempts.succeeded(*who, kit.clock())
        return self._welcome(request, account, form, destination)

    def _counted(self, username: str, known: Account | None) -> str:
        """Spell a login in one way, so that no spelling is a way around the bounds; nobody's logins much alike."""
        if known is not None:
            return fold(known.name)
        login = read_login(username, self._kit.default_domain)
        return fold(username) if login is None else f"{login.domain}\\{login.user}"

    def _welcome(self, request: Request, account: Account, form: LogonForm, destination: str) -> Reply:
        """Begin a session of its own, whatever session came along: nobody can prepare one for somebody else."""
        now = self._kit.clock()
        before = open_session(request, self._kit, self._book)
        if before is not None:
            self._end(before)
        session = begin_session(account.name, account.epoch, now, public=not form.private, light=form.light)
        if account.mailbox is not None and account.mailbox.site.casefold() in self._kit.delegating:
            self._book.keep_credential(session.id, basic_line(account.name, form.password))
        cookie = set_cookie(self._kit.seal.seal(session))
        headers = (("Location", destination), ("Set-Cookie", cookie), NO_STORE)
        return Reply(FOUND, headers, b"", "signed in", deed=Deed.SIGNED_IN)

    # ── out, and awake ───────────────────────────────────────────────────────────────────────────

    def _sign_off(self, request: Request) -> Reply:
        session = open_session(request, self._kit, self._book)
        if session is not None and csrf.same_origin(self._sender(request)):
            self._end(session)
        return Reply(FOUND, (("Location", LOGOFF), ("Set-Cookie", clear_cookie()), NO_STORE), b"", "signed off")

    def _show_goodbye(self, request: Request) -> Reply:
        view = LogoffView(organisation=self._kit.first_server)
        page = self._kit.pages.logoff(view, request.field(b"accept-language"), request.field(b"accept"))
        return reply_page(200, page, "signed off")

    def _keep_alive(self, request: Request) -> Reply | FindErrand:
        """Renew the session when half of its time is gone; it is asked for while the user writes."""
        session = open_session(request, self._kit, self._book)
        account = self._kit.provider.cached(session.user, self._kit.clock()) if session is not None else None
        if session is not None and account is None:
            return FindErrand(self._kit, session.user, lambda found: self._stay_awake(request, found))
        return self._stay_awake(request, account)

    def _stay_awake(self, request: Request, account: Account | None) -> Reply:
        session, kit = open_session(request, self._kit, self._book), self._kit
        if session is None or account is None or not is_of(session, account):
            return Reply(440, (("Set-Cookie", clear_cookie()), NO_STORE), b"", "no session", closes=True)
        headers: tuple[tuple[str, str], ...] = (NO_STORE,)
        if state(session, kit.clock(), kit.lifetimes) is State.RENEW:
            headers = (("Set-Cookie", set_cookie(kit.seal.seal(renew_session(session, kit.clock())))), *headers)
        return Reply(200, headers, b"", "kept alive")

    # ── both ─────────────────────────────────────────────────────────────────────────────────────

    def _end(self, session: Session) -> None:
        self._book.end(session.id, latest_end(session, self._kit.clock(), self._kit.lifetimes))

    def _refuse(self, request: Request, refusal: Refusal, status: int) -> Reply:
        view = RefusedView(refusal=refusal, status=status, organisation=self._kit.first_server)
        page = self._kit.pages.refused(view, request.field(b"accept-language"), request.field(b"accept"))
        return reply_page(status, page, f"sign-in refused: {refusal.value}")._replace(deed=Deed.UNUSABLE_FORM)

    def _tell(self, number: int, request: Request, login: str) -> None:
        kit = self._kit
        kit.emit(Event(id=number, parameters=(kit.first_server, kit.spell_user(login), request.peer)))

    def _sender(self, request: Request) -> csrf.Sender:
        return csrf.Sender(
            origin=request.field(b"origin").decode("latin-1"),
            referer=request.field(b"referer").decode("latin-1"),
            fetch_site=request.field(b"sec-fetch-site").decode("latin-1"),
            host=self._host(request),
        )

    def _host(self, request: Request) -> str:
        return request.facts.authority.decode("latin-1")

"""What a browser's connection remembers of its session, so that not every request opens the cookie again."""

from proxy.directory.logins import fold
from proxy.model.accounts import Account
from proxy.routing.passage import Passage, Ring
from proxy.session.lifetime import State, state
from proxy.session.session import Session
from proxy.signin.book import Book
from proxy.signin.kit import Kit
from proxy.signin.request import Request

RECHECK_SECONDS = 1.0
"""After so long the account is looked at again: a user who was removed, or thrown out, is out by then."""


class Visitor:
    """A session cookie that was opened, and whose account was found."""

    __slots__ = (
        "account", "cookie", "credential", "identity", "keeper", "passage", "ring", "session", "until", "user",
        "version",
    )  # fmt: skip

    def __init__(self, cookie: bytes, session: Session, account: Account) -> None:
        self.cookie = cookie
        """Value of the cookie."""
        self.session = session
        self.account = account
        self.keeper: object = None
        """The gate it was opened by; a reload makes another, which looks anew."""
        self.version = 0
        """`Book.version` at that time."""
        self.until = 0.0
        """Moment until which nothing needs to be looked at again."""
        self.identity = b""
        """Header lines for backends."""
        self.credential = b""
        """The same with the user's own credentials; empty: they are not told."""
        self.user = ""
        """As logs may tell it."""
        self.ring: Ring | None = None
        self.passage: Passage | None = None
        """For the usual paths below /owa/; None: each request is decided by itself."""


def open_session(request: Request, kit: Kit, book: Book) -> Session | None:
    """Open the cookie that came along; None for none, and for one that is worth nothing, for whatever reason."""
    cookie, now = request.facts.own.session, kit.clock()
    session = request.opened or (kit.seal.open(cookie.decode("latin-1")) if cookie else None)
    if session is None or book.revoked.has(session.id, now):
        return None
    return None if state(session, now, kit.lifetimes) is State.EXPIRED else session


def is_of(session: Session, account: Account) -> bool:
    """Tell whether a session is this account's, and not one it was thrown out of.

    Its name is compared, for the source of users may find somebody else by it: a name that is gone may have become
    another's address.
    """
    return account.epoch <= session.epoch and fold(account.name) == fold(session.user)

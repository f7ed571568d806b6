"""What a request gets that needs a session and has none: the sign-in page, or 440 for what no page can answer."""

from typing import NamedTuple
from urllib.parse import quote

from proxy.session.destination import HOME, safe_destination

LOGON = "/owa/auth/logon.aspx"
"""The sign-in page."""

_SCRIPT = "oeh=1&"
"""How the query of a page's own script begins: a redirect would give it HTML for data."""


class Redirect(NamedTuple):
    """302 to the sign-in page."""

    location: str
    """Path and query, visible ASCII without quotes."""


class Timeout440(NamedTuple):
    """The page's script is told to sign in anew; the caller removes the cookie and closes the connection."""

    status: int = 440
    """As scripts of the original expect."""


def answer_without_session(method: str, target: str, expired: bool) -> Redirect | Timeout440:
    """Choose the answer; `target` is the request's path and query as sent, `expired` whether there was a session.

    A target that is no safe place to come back to is left out in favour of the start page.
    """
    if method not in {"GET", "HEAD"} or target.partition("?")[2].startswith(_SCRIPT):
        return Timeout440()
    back = safe_destination(target, "") or HOME
    return Redirect(f"{LOGON}?url={quote(back, safe='')}&reason={3 if expired else 0}")

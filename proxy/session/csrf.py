"""Whether a sign-in form may be sent from where it comes; reading it is left to `form`.

Browsers say where they come from and send back what the page gave them; old scripts do neither, and must work.
"""

import hmac
import re
import secrets
from typing import NamedTuple

from proxy.session.authority import is_same_authority
from proxy.session.cookie import format_cookie
from proxy.session.keys import KeyRing

NAME = "__Host-casproxy-logon"
"""Cookie that holds the browser's nonce."""

_NONCE = re.compile(r"[A-Za-z0-9_-]{32}")
_NONCE_BYTES = 24
_ADDRESS = re.compile(r"https://([^/?#\\]*)([/?#].*)?", re.IGNORECASE | re.DOTALL)
_OPAQUE = "null"
"""Origin of a page that hides it, as ours does under a strict Referrer-Policy."""


class Sender(NamedTuple):
    """What a request says of the page that sent it; empty: nothing."""

    origin: str = ""
    """Value of Origin."""
    referer: str = ""
    """Value of Referer."""
    fetch_site: str = ""
    """Value of Sec-Fetch-Site."""
    host: str = ""
    """The authority the browser used."""


class Tokens:
    """Makes the token of a form from the nonce of its browser's cookie, and checks it."""

    def __init__(self, ring: KeyRing) -> None:
        self._keys = ring.derive(b"logon form")

    def token(self, nonce: str) -> str:
        """Give the form's token: 64 hex digits."""
        return _token(self._keys[0], nonce)

    def check(self, token: str, nonce: str) -> bool:
        """Tell whether a token belongs to the nonce of the cookie that came along, under any key of the ring."""
        if not is_nonce(nonce):
            return False
        given = token.encode("utf-8", "surrogatepass")
        return any(hmac.compare_digest(given, _token(key, nonce).encode()) for key in self._keys)

    def may_submit(self, sender: Sender, token: str, nonce: str) -> bool:
        """Tell whether a form may sign in: never from another site, never with a token that is not the browser's own.

        Without a token it may when it comes from our own page, or from what is no browser. `token` and `nonce` are
        empty when absent.
        """
        if not same_origin(sender):
            return False
        if token:
            return self.check(token, nonce)
        return sender.origin != _OPAQUE or sender.fetch_site == "same-origin"


def new_nonce() -> str:
    """Draw a nonce for a browser that has none: 32 characters."""
    return secrets.token_urlsafe(_NONCE_BYTES)


def is_nonce(value: str) -> bool:
    """Tell whether a cookie's value is a nonce that may be used again."""
    return _NONCE.fullmatch(value) is not None


def set_cookie(nonce: str) -> str:
    """Give the value of Set-Cookie for a nonce. Raises: ValueError for what could not stand in one."""
    return format_cookie(NAME, nonce)


def same_origin(sender: Sender) -> bool:
    """Tell that nothing a request says of its sender points to another site; saying nothing points nowhere.

    Sec-Fetch-Site and Origin cannot be forged by a page. Referer counts only where both are silent.
    """
    if sender.fetch_site not in {"", "same-origin", "none"}:
        return False
    if sender.origin and sender.origin != _OPAQUE:
        return _is_ours(sender.origin, sender.host)
    if sender.referer and not sender.origin and not sender.fetch_site:
        return _is_ours(sender.referer, sender.host)
    return True


def _is_ours(address: str, host: str) -> bool:
    match = _ADDRESS.fullmatch(address)
    return match is not None and is_same_authority(match[1], host)


def _token(key: bytes, nonce: str) -> str:
    return hmac.digest(key, nonce.encode("utf-8", "surrogatepass"), "sha256").hex()

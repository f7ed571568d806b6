r"""What people type as their name: read into one form; whose it is, is left to `people`.

`LAB\alice`, `alice@lab.example` and `alice` are read. Case does not count, nor does the width or composition of
letters (Unicode's compatibility caseless match).
"""

import unicodedata
from typing import NamedTuple

MAX_LOGIN = 256
"""Characters of a login, before and after folding."""

_SEPARATORS = ("\\", "@")


class Login(NamedTuple):
    """A login in the one form that is compared."""

    user: str
    """Folded."""
    domain: str
    """Folded; empty when none was given and there is no default."""


def fold(text: str) -> str:
    """Fold what does not count when names are compared; folding twice changes nothing.

    Source: The Unicode Standard, section 3.13, D146.
    """
    if text.isascii():  # the same, sooner
        return text.lower()
    for _ in range(2):
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", text).casefold())
    return text


def read_login(text: str, default_domain: str) -> Login | None:
    """Read a login; `default_domain` is what a bare name means. Never raises.

    Returns None for what can be no login: nothing, more than one separator, an empty part, control, format and
    bidirectional characters, unassigned ones, more than 256 characters. Blanks around it do not count.
    """
    text = text.strip(" ")
    if not 0 < len(text) <= MAX_LOGIN or not text.isprintable():
        return None
    folded = fold(text)
    if len(folded) > MAX_LOGIN or not folded.isprintable():
        return None
    return _split(folded, default_domain)


def _split(folded: str, default_domain: str) -> Login | None:
    if sum(map(folded.count, _SEPARATORS)) > 1:
        return None
    user, domain = folded, fold(default_domain)
    if "\\" in folded:
        domain, _, user = folded.partition("\\")
    elif "@" in folded:
        user, _, domain = folded.partition("@")
    is_bare = user == folded
    return Login(user, domain) if _is_part(user) and (is_bare or _is_part(domain)) else None


def _is_part(text: str) -> bool:
    return bool(text) and text == text.strip(" ")

"""Where to go after the sign-in: a path of our own or nothing; what is served there is left to `routing`.

Read strictly, as the worst browser or server would: whatever could be taken for another host, a path outside the one it
seems to be, or a second line is no destination.
"""

import re
from urllib.parse import quote, unquote

from proxy.session.authority import is_same_authority

HOME = "/owa/"
"""Where to go when the destination would sign in or off again."""

MAX_LENGTH = 2048
"""Characters of a destination, encoded."""

_VISIBLE = re.compile(r"[!-~]+")
_ABSOLUTE = re.compile(r"https://([^/?#\\]*)(.*)", re.IGNORECASE)
_PLAIN_BYTES = "".join(map(chr, range(0x21, 0x7F))).translate({ord(each): None for each in "\"'<>\\^`{|}"})
_ESCAPES = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffd]")
_DEPTH = 3
"""How often a path may be encoded; one that still changes is meant for somebody's decoder."""
_NO_PAGES = ("/autodiscover",)
_SIGN_PAGES = frozenset({"logon.aspx", "logoff.aspx", "logoff.owa", "auth.owa", "owaauth.dll"})


def safe_destination(text: str, host: str) -> str | None:
    """Give the path and query to go to, `/` first and no second one; None for what is no place of ours.

    `text` is decoded once from the form or query; `host` is the authority the browser used, the only one an absolute
    https address may have. A fragment is left out; a page that signs in or off becomes `HOME`.
    """
    if len(text) > MAX_LENGTH or not _VISIBLE.fullmatch(text):
        return None
    absolute = _ABSOLUTE.fullmatch(text)
    if absolute:
        authority, text = absolute.groups()
        if not is_same_authority(authority, host):
            return None
        text = text if text.startswith("/") else f"/{text}"
    path, mark, query = text.partition("#")[0].partition("?")
    spellings = _spellings(path)
    if spellings is None or not all(map(_is_plain, spellings)):
        return None
    if _signs(spellings[-1].lower()):
        return HOME
    found = quote(path + mark + query, safe=_PLAIN_BYTES)
    return found if len(found) <= MAX_LENGTH else None


def _spellings(path: str) -> list[str] | None:
    """Give the path as it stands and as each further decoder would read it; None for one without end or bad escapes."""
    spellings = [path]
    for _ in range(_DEPTH):
        if not _ESCAPES.fullmatch(spellings[-1]):
            return None
        decoded = unquote(spellings[-1])
        if decoded == spellings[-1]:
            return spellings
        spellings.append(decoded)
    return None


def _is_plain(path: str) -> bool:
    """Tell whether a path means the same to everybody: no empty first segment, no dots, parameters, backslashes."""
    if not path.startswith("/") or path.startswith("//") or _CONTROL.search(path) or "\\" in path or ";" in path:
        return False
    if path.lower().startswith(_NO_PAGES):
        return False
    return all(segment.strip(". ") or not segment for segment in path.split("/"))


def _signs(path: str) -> bool:
    segments = [segment.rstrip(". ") for segment in path.split("/")]
    return path.startswith("/owa/auth/") or path == "/owa/auth" or not _SIGN_PAGES.isdisjoint(segments)

"""What Client Access servers of Exchange 2010 say to each other: versions, sign-on, headers; asking is `relay`'s.

Only what is checked or escaped here stands in it. Nobody but a server may say these things, so paths that stand for
them are known here, too.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote
from xml.sax.saxutils import escape, quoteattr

from proxy.message.grammar import pseudonym_of
from proxy.model.accounts import Account
from proxy.model.message import Fields

Version = tuple[int, int, int, int]

OUR_VERSION: Version = (14, 3, 513, 0)
"""The version we say we are: the last roll-up of Exchange 2010 SP3, so that no server of that product is newer."""
MAX_GROUPS = 3000
"""Groups of a user that a server takes."""

PINGED, SIGNED_ON, NO_SESSION, NO_LANGUAGE = 242, 241, 441, 442
"""Statuses that are said between servers alone: I am here; I know the user now; I do not; no language was chosen."""
BETWEEN_SERVERS = frozenset((PINGED, SIGNED_ON, NO_SESSION, NO_LANGUAGE))
LANGUAGE_PAGE = "/owa/languageselection.aspx"
"""Where a user chooses a language at the first visit."""

_VERSION = re.compile(rb"[0-9]{1,5}(?:\.[0-9]{1,5}){3}").fullmatch
_SID = re.compile(r"S(?:-[0-9]{1,15}){2,18}").fullmatch
_PRIVATE = re.compile(r"proxylogon|/ping\.(?:owa|ecp)").search
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SHORTCUTS = ("range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
_HELD_BACK = frozenset(name.encode() for name in (*_SHORTCUTS, "accept-encoding"))


class Introduction(NamedTuple):
    """What each request says of its sender."""

    authority: bytes
    """The browser's `Host`: where it thinks it is."""
    sid: str
    """The user's security identifier."""
    canary: bytes
    """Random, the same for a session at one server."""
    public: bool
    """Whether the computer is a public one."""
    peer: bytes
    """The browser's IP address."""
    first_server: str
    """Our name."""


def spell_version(version: Version) -> str:
    """Write a version with dots."""
    return ".".join(map(str, version))


def read_version(fields: Fields) -> Version | None:
    """Read `X-OWA-Version`; None when it does not stand there once, or is no version."""
    values = [value for name, value in fields if name.lower() == b"x-owa-version"]
    if len(values) != 1 or not _VERSION(values[0]):
        return None
    major, minor, build, revision = map(int, values[0].split(b"."))
    return major, minor, build, revision


def is_fitting(version: Version) -> bool:
    """Tell whether a server takes requests of ours: of the same major version, and not newer than we are."""
    return version[0] == OUR_VERSION[0] and version <= OUR_VERSION


def is_sid(text: str) -> bool:
    """Tell whether a text is a security identifier, `S-1-5-21-…`."""
    return _SID(text) is not None


def is_private(path: str) -> bool:
    """Tell whether a path, decoded once, may stand for what only servers ask each other, however it is read."""
    return _PRIVATE(unicodedata.normalize("NFKC", unquote(path)).casefold()) is not None


def without_shortcuts(lines: Iterable[bytes]) -> list[bytes]:
    """Give header lines without ranges, conditions and `Accept-Encoding`, which these servers never got through us."""
    return [line for line in lines if line.partition(b":")[0].lower().replace(b"_", b"-") not in _HELD_BACK]


def introduce(who: Introduction) -> bytes:
    """Write the lines that each request to such a server bears. Raises: ValueError for a SID that is none."""
    if not is_sid(who.sid):
        raise ValueError("no security identifier")
    return b"".join(
        (
            b"X-OWA-ProxyUri: https://" + who.authority + b"/owa\r\n",
            b"X-OWA-ProxyVersion: " + spell_version(OUR_VERSION).encode() + b"\r\n",
            b"X-OWA-ProxySid: " + who.sid.encode() + b"\r\n",
            b"X-OWA-ProxyCanary: " + who.canary + b"\r\n",
            b"X-LogonType: Public\r\n" if who.public else b"",
            b"x-ServerToServer-OriginalClient: " + who.peer + b"\r\n",
            b"x-ServerToServer-OriginalServer: " + pseudonym_of(who.first_server) + b"\r\n",
        )
    )


def write_ping(host: bytes) -> bytes:
    """Write the request that asks a server for its version; it names no user."""
    return b"GET /owa/ping.owa HTTP/1.1\r\nHost: " + host + b"\r\nUser-Agent: OwaProxy\r\n\r\n"


def write_logon(host: bytes, lines: bytes, account: Account) -> bytes:
    """Write the request that tells a server who signed in; `lines` are those of every request of the session."""
    body = logon_body(account)
    head = (
        b"POST /owa/proxyLogon.owa HTTP/1.1\r\nHost: " + host + b"\r\nUser-Agent: OwaProxy\r\n"
        b"Content-Type: text/xml; charset=utf-8\r\nContent-Length: %d\r\n" % len(body)
    )
    return b"".join((head, lines, b"\r\n", body))


def logon_body(account: Account) -> bytes:
    """Write the user's name, security identifier and groups as XML in UTF-8; what XML cannot hold is replaced."""
    groups = "".join(f'<s t="1" a="7">{_text(group)}</s>' for group in account.groups)
    name = quoteattr(_clean(account.name))
    return f'<r at="Negotiate" ln={name}><s>{_text(account.sid)}</s>{groups}</r>'.encode()


def _text(text: str) -> str:
    return escape(_clean(text))


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)

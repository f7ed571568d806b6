"""Seals a session into the value of its cookie and opens it again; how long it holds is left to `lifetime`.

Authenticated encryption, and one answer to everything that is not exactly what was sealed: None.
"""

import base64
import json
import re
from typing import Any

from cryptography.fernet import InvalidToken

from proxy.session.keys import KeyRing
from proxy.session.session import ID_BYTES, Session

NAME = "__Host-casproxy"
"""The prefix makes browsers insist on Secure, Path=/ and no Domain: no neighbour can plant one."""

MAX_VALUE = 2048
"""Characters of the value; no name of a user reaches it."""

_VERSION = b"\x01"
_VALUE = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_ID = re.compile(rf"[0-9a-f]{{{2 * ID_BYTES}}}")
_FAR = 1e12
"""Seconds beyond which a moment is none."""


class Seal:
    """Seals with the first key of a ring and opens with each."""

    def __init__(self, ring: KeyRing) -> None:
        self._fernet = ring.fernet

    def seal(self, session: Session) -> str:
        """Give the value of the cookie. Raises: ValueError for a user's name too long or no text."""
        fields = (
            session.id, session.user, session.epoch, session.begun, session.renewed, session.public, session.light
        )  # fmt: skip
        plain = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
        value = self._fernet.encrypt(_VERSION + plain).decode("ascii")
        if len(value) > MAX_VALUE:
            raise ValueError("the session is too long for a cookie")
        return value

    def open(self, value: str) -> Session | None:
        """Give the session that was sealed; None for everything else, whatever it is and whatever was done to it."""
        if len(value) > MAX_VALUE or not _is_canonical(value):
            return None
        try:
            plain = self._fernet.decrypt(value)
        except InvalidToken:
            return None
        return _read(plain)


def set_cookie(value: str) -> str:
    """Give the value of Set-Cookie; the cookie lives as long as the browser, its lifetime stands inside.

    Raises: ValueError for a value that is no sealed one.
    """
    return format_cookie(NAME, value)


def clear_cookie() -> str:
    """Give the value of Set-Cookie that removes the cookie."""
    return f"{NAME}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"


def format_cookie(name: str, value: str) -> str:
    """Write a cookie of ours: host only, not for scripts, not for other sites' forms."""
    if not _VALUE.fullmatch(value):
        raise ValueError("no value for a cookie")
    return f"{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax"


def _is_canonical(value: str) -> bool:
    """Tell whether it is the one spelling of its bytes; the decoder of Fernet skips what it does not know."""
    if not _VALUE.fullmatch(value) or len(value) % 4:
        return False
    return base64.urlsafe_b64encode(base64.urlsafe_b64decode(value)).decode("ascii") == value


def _read(plain: bytes) -> Session | None:
    if not plain.startswith(_VERSION):
        return None
    try:
        fields = json.loads(plain[1:])
    except (ValueError, RecursionError):
        return None
    return _session(fields) if _is_session(fields) else None


def _is_session(fields: Any) -> bool:
    """Hold the types exactly, for a key holder of another version may have sealed it."""
    kinds = (str, str, int, float, float, bool, bool)
    if not isinstance(fields, list) or len(fields) != len(kinds):
        return False
    fields[3:5] = [float(each) if type(each) is int and abs(each) < _FAR else each for each in fields[3:5]]
    if any(type(field) is not kind for field, kind in zip(fields, kinds, strict=True)):
        return False
    moments = all(0 <= moment < _FAR for moment in fields[3:5])  # not true of NaN
    return moments and _ID.fullmatch(fields[0]) is not None and fields[1] != ""


def _session(fields: list[Any]) -> Session:
    name, user, epoch, begun, renewed, public, light = fields
    return Session(id=name, user=user, epoch=epoch, begun=begun, renewed=renewed, public=public, light=light)

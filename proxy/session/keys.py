"""The ring of keys that seal the sign-in cookie; the file they stand in is read by others.

One Fernet key a line (32 random bytes in URL-safe base64); the first seals, all open. `#` begins a comment.
"""

import base64
import hashlib
import hmac
import re
from typing import Self

from cryptography.fernet import Fernet, MultiFernet

MAX_KEYS = 16
"""Keys of a ring: each cookie of nobody costs a try with all of them."""

MAX_OCTETS = 65_536
"""Of a file with a ring, comments included."""

_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")
_KEY_BYTES = 32
_FEW_BYTES = 8
"""Different bytes below which a key was not drawn at random: chance gives fewer once in 10^35 keys."""


class BadKeys(Exception):
    """The ring cannot be used; `str()` is a sentence that names the line and never quotes it."""


class KeyRing:
    """Some keys, newest first. Shows none of them."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._keys = tuple(base64.urlsafe_b64decode(key) for key in keys)
        self.fernet = MultiFernet([Fernet(key) for key in keys])
        """Seals with the first key, opens with each."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a ring. Raises: BadKeys for a line that is no key, a key that stands twice, none or too many."""
        return cls(tuple(key for key in map(_key_of, _checked_lines(text)) if key))

    @classmethod
    def read(cls, octets: bytes) -> Self:
        """Read a ring from what its file holds. Raises: BadKeys, also for what is no text or some other file."""
        return cls.parse(text_of(octets))

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Give what tells the keys apart without giving them away: 16 hex digits of each one's SHA-256."""
        return tuple(hashlib.sha256(key).hexdigest()[:16] for key in self._keys)

    def derive(self, purpose: bytes) -> tuple[bytes, ...]:
        """Give a key for another purpose from each key, in the same order; none tells anything of the others."""
        return tuple(hmac.digest(key, b"casproxy " + purpose, "sha256") for key in self._keys)

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self.fingerprints)})"


def text_of(octets: bytes) -> str:
    """Give the text that a file with a ring holds. Raises: BadKeys for more than a ring can be, and for no UTF-8."""
    if len(octets) > MAX_OCTETS:
        raise BadKeys("It is no ring of keys, but some other file.")
    try:
        return octets.decode()
    except UnicodeDecodeError as fault:
        line = octets.count(b"\n", 0, fault.start) + 1
        raise BadKeys(f"Line {line} is not UTF-8; save the file as UTF-8, or name the right one.") from None


def new_key() -> str:
    """Draw a key."""
    return Fernet.generate_key().decode("ascii")


def rotate(text: str, keep: int) -> str:
    """Put a new key first and let the newest `keep` former ones open still; comments stay. Raises: BadKeys."""
    kept: list[str] = []
    former = 0
    for line in _checked_lines(text):
        if _key_of(line):
            if not former:
                kept.append(new_key())
            former += 1
            if former > min(keep, MAX_KEYS - 1):
                continue
        kept.append(line)
    return "\n".join(kept) + "\n"


def _checked_lines(text: str) -> list[str]:
    """Split a ring into lines after looking at each."""
    lines = text.removeprefix("\ufeff").splitlines()
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        key = _key_of(line)
        if not key:
            continue
        _check_key(key, number)
        if key in seen:
            raise BadKeys(f"Line {number} repeats the key of line {seen[key]}; remove one of them.")
        seen[key] = number
    if not seen:
        raise BadKeys("There is no key in it; `casproxy keys make` writes one.")
    if len(seen) > MAX_KEYS:
        raise BadKeys(f"There are {len(seen)} keys in it, at most {MAX_KEYS} are used; remove the last ones.")
    return lines


def _key_of(line: str) -> str:
    return line.partition("#")[0].strip()


def _check_key(key: str, number: int) -> None:
    """Hold that a key is exactly 32 bytes in the one spelling they have, and looks drawn at random."""
    octets = base64.urlsafe_b64decode(key) if _KEY.fullmatch(key) else b""
    if len(octets) != _KEY_BYTES or base64.urlsafe_b64encode(octets).decode("ascii") != key:
        raise BadKeys(f"Line {number} is no key: 32 random bytes in URL-safe base64, 44 characters that end in =.")
    if len(set(octets)) < _FEW_BYTES:
        raise BadKeys(f"Line {number} is no random key; `casproxy keys rotate` puts one in front, then remove it.")

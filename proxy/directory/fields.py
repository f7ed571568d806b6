"""What may stand under each key of a user in a users file; reading the file is left to `users_file`.

`FIELDS` is a table: a key that is not in it is an error.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from proxy.directory.faults import quote
from proxy.directory.logins import MAX_LOGIN, read_login
from proxy.directory.phc import BadHash, read_phc

MAX_TEXT = 256
"""Characters of a text."""
MAX_EPOCH = 2**53
"""The largest epoch: what every reader of JSON can hold."""

_SID = re.compile(r"S-1-[0-9]{1,15}(?:-[0-9]{1,10}){1,15}", re.ASCII)
_VERSION = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,6}){0,3}", re.ASCII)


class BadField(Exception):
    """A value cannot be used."""

    def __init__(self, sentence: str, cure: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        """What is wrong."""
        self.cure = cure
        """What to write instead."""


def read_text(value: object) -> str:
    """Take a text of one line."""
    if not isinstance(value, str):
        raise BadField("A text in quotes belongs here.")
    if not value or value != value.strip():
        raise BadField("The text is empty, or begins or ends with a blank.", "Leave the key out, or drop the blanks.")
    if len(value) > MAX_TEXT:
        raise BadField(f"{quote(value)} is longer than {MAX_TEXT} characters.")
    if not value.isprintable():
        raise BadField(f"{quote(value)} holds control or formatting characters.", "Write it anew by hand.")
    return value


def _name(value: object) -> str:
    text = read_text(value)
    if "\\" not in text or read_login(text, "") is None:
        raise BadField(f"{quote(text)} is not a domain and a user.", r'Write name = "LAB\\alice".')
    return text


def _address(value: object) -> str:
    text = read_text(value)
    if "@" not in text or read_login(text, "") is None:
        raise BadField(
            f"{quote(text)} is not an address of at most {MAX_LOGIN} characters.", 'For example: "alice@lab.example".'
        )
    return text


def _list_of(read: Callable[[object], str]) -> Callable[[object], tuple[str, ...]]:
    def read_list(value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise BadField("A list of texts belongs here.", 'For example: ["one", "two"].')
        return tuple(map(read, value))

    return read_list


def _matching(pattern: re.Pattern[str], cure: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        text = read_text(value)
        if not pattern.fullmatch(text):
            raise BadField(f"{quote(text)} has not the form that belongs here.", cure)
        return text

    return read


def _epoch(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_EPOCH:
        raise BadField("A whole number from 0 belongs here.", "`casproxy users end-sessions` raises it.")
    return value


def _password(value: object) -> str:
    """Take a hash; nothing of what stands there is ever shown."""
    cure = "`casproxy hash-password` makes one."
    if not isinstance(value, str):
        raise BadField("The hash of a password belongs here.", cure)
    try:
        read_phc(value)
    except BadHash as fault:
        raise BadField(f"The hash of the password cannot be used. {fault}", cure) from None
    return value


FIELDS: Mapping[str, Callable[[object], object]] = MappingProxyType(
    {
        "name": _name,
        "upn": _address,
        "addresses": _list_of(_address),
        "display": read_text,
        "groups": _list_of(read_text),
        "sid": _matching(_SID, 'For example: "S-1-5-21-1-2-3-1105".'),
        "site": read_text,
        "database": read_text,
        "version": _matching(_VERSION, 'For example: "14.3".'),
        "epoch": _epoch,
        "password": _password,
    }
)
"""Key → what reads its value; in the order in which they are written."""

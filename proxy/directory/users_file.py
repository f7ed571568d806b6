r"""A file of users, from TOML to values and back; reading and writing files is left to `accounts`.

It holds `config_version = 1` and a table `[[users]]` for each user, whose keys are those of `fields`:
`name = "LAB\\alice"`, `site = "Branch"`, `password = "$argon2id$v=19$…"`.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from proxy.directory.faults import DirectoryInvalid, Problem, quote
from proxy.directory.fields import FIELDS, BadField
from proxy.directory.lines import Lines, locate
from proxy.directory.people import find_clashes, spell_clash
from proxy.model.accounts import Account, Mailbox

VERSION = 1
"""What `config_version` says."""
TOP = ("config_version", "users")
"""Keys outside the users."""
MAILBOX = ("site", "database", "version")
"""Keys that say where the mailbox is; the first makes it exist."""

_LINE = re.compile(r"\(at line ([0-9]+),")


class Entry(NamedTuple):
    """One user of the file."""

    account: Account
    """Who it is."""
    password_hash: str
    """Argon2id hash as text; empty: no password signs this user in."""

    def __repr__(self) -> str:
        """Show whose it is, and no hash."""
        return f"Entry({self.account.name!r}, {'with' if self.password_hash else 'without'} password)"


def parse_users(text: str, name: str) -> tuple[Entry, ...]:
    """Read a users file; `name` is how messages call it.

    Raises: DirectoryInvalid with every problem, each with its line.
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as fault:
        raise DirectoryInvalid([_spell_syntax(fault, text, name)]) from None
    reading = _Reading(name, locate(text))
    entries = reading.document(document)
    if reading.problems:
        raise DirectoryInvalid(sorted(reading.problems, key=lambda problem: problem.line))
    return entries


def render_users(entries: Iterable[Entry]) -> str:
    """Write a users file that means these entries, in their order."""
    return f"config_version = {VERSION}\n" + "".join(f"\n{render_entry(entry)}" for entry in entries)


def render_entry(entry: Entry) -> str:
    """Write the table of one user; keys at their defaults are left out."""
    lines = [f"{key} = {_spell(value)}" for key, value in _values(entry) if value]
    return "\n".join(("[[users]]", *lines)) + "\n"


def _values(entry: Entry) -> Iterator[tuple[str, Any]]:
    account = entry.account
    for key in FIELDS:
        if key == "password":
            yield key, entry.password_hash
        elif key not in MAILBOX:
            yield key, getattr(account, key)
        elif account.mailbox is not None:
            yield key, getattr(account.mailbox, key)


def _spell(value: str | int | tuple[str, ...]) -> str:
    """Write a value in TOML, whose basic strings are JSON's but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _spell_syntax(fault: Exception, text: str, name: str) -> Problem:
    """Say where the text stops being TOML; what stands there may be a secret and is not shown."""
    found = _LINE.search(str(fault))
    line = int(found[1]) if found else 0
    if "(at end of document)" in str(fault):
        line = text.rstrip().count("\n") + 1
    return Problem(name, line, "This is not TOML.", "Look for a missing quote or bracket.")


class _Reading:
    """One reading of one file; problems are gathered."""

    def __init__(self, name: str, lines: Lines) -> None:
        self.problems: list[Problem] = []
        self._name = name
        self._lines = lines

    def document(self, document: Mapping[str, object]) -> tuple[Entry, ...]:
        for key in document.keys() - set(TOP):
            self._tell(self._lines.top.get(key, 0), f"{quote(key)} is no key of a users file.", _guess(key, TOP))
        self._version(document.get("config_version"))
        users = document.get("users", [])
        if not isinstance(users, list) or not all(isinstance(each, dict) for each in users):
            self._tell(self._lines.top.get("users", 0), "users is not a list of tables.", "Write [[users]].")
            return ()
        entries = tuple(self._entry(number, each) for number, each in enumerate(users))
        self._clashes([entry.account for entry in entries])
        return entries

    def _version(self, version: object) -> None:
        if version is None:
            self._tell(0, "config_version is missing.", f"Write config_version = {VERSION} at the top.")
        elif type(version) is not int or version != VERSION:
            line = self._lines.top.get("config_version", 0)
            self._tell(line, f"This version reads users files of config_version {VERSION} only.")

    def _entry(self, number: int, table: Mapping[str, object]) -> Entry:
        values = {key: self._field(number, key, value) for key, value in table.items()}
        known = {key: value for key, value in values.items() if value is not None}
        if "name" not in table:
            self._tell(self._lines.of(number), "The user has no name.", r'Write name = "LAB\\alice".')
        if "site" not in table:
            for key in MAILBOX[1:]:
                if key in table:
                    line = self._lines.of(number, key)
                    self._tell(line, f"{key} says something of a mailbox, but there is no site.", 'Write site = "…".')
        return _make_entry(known)

    def _field(self, number: int, key: str, value: object) -> object:
        line = self._lines.of(number, key)
        if key not in FIELDS:
            self._tell(line, f"{quote(key)} is no key of a user.", _guess(key, FIELDS))
            return None
        try:
            return FIELDS[key](value)
        except BadField as fault:
            self._tell(line, f"{key}: {fault.sentence}", fault.cure)
            return None

    def _clashes(self, accounts: Sequence[Account]) -> None:
        for clash in find_clashes(accounts):
            first = self._lines.of(clash.first)
            cure = f"See line {first}; one of them must go." if first else "One of them must go."
            self._tell(self._lines.of(clash.second, clash.key), spell_clash(clash, accounts), cure)

    def _tell(self, line: int, sentence: str, cure: str = "") -> None:
        self.problems.append(Problem(self._name, line, sentence, cure))


def _make_entry(values: Mapping[str, Any]) -> Entry:
    """Make the entry of values that are sound; what is missing stays at its default."""
    own = {key: values[key] for key in values if key not in (*MAILBOX, "password")}
    mailbox = Mailbox(**{key: values[key] for key in MAILBOX if key in values}) if "site" in values else None
    return Entry(Account(**{"name": "", **own}, mailbox=mailbox), values.get("password", ""))


def _guess(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word.casefold(), list(known), n=1)
    return f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(known)}."

"""What a directory has told about users, for as long as that may be believed; asking it is left to `remembering`."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import NamedTuple

from proxy.directory.logins import fold
from proxy.model.accounts import Account

MOST_FOUND = 50_000
"""Users that are kept; the one that was used longest ago goes first."""
MOST_UNKNOWN = 10_000
"""Logins that are kept as nobody's; the oldest goes first."""


class Ages(NamedTuple):
    """How long what was told may be believed, in seconds."""

    fresh: float = 60.0
    """Of a user who was found: changes in the directory count after this, at the latest."""
    unknown: float = 10.0
    """That nobody has a login."""
    stale: float = 3600.0
    """Of a user who was found, while the directory cannot be asked."""


class _Known:
    """What is known of one user."""

    __slots__ = ("account", "told", "used")

    def __init__(self, account: Account, told: float) -> None:
        self.account = account
        self.told = told
        self.used = told


class Cache:
    """Users by canonical name, and logins that nobody has."""

    def __init__(self, ages: Ages, *, most_found: int = MOST_FOUND, most_unknown: int = MOST_UNKNOWN) -> None:
        self._ages = ages
        self._most_found = most_found
        self._most_unknown = most_unknown
        self._found: OrderedDict[str, _Known] = OrderedDict()
        self._unknown: OrderedDict[str, float] = OrderedDict()

    def put(self, login: str, account: Account, now: float) -> Account:
        """Keep who has a login; gives the same object as before while nothing about the user has changed."""
        self._unknown.pop(fold(login), None)
        key = fold(account.name)
        known = self._found.get(key)
        if known is not None and known.account == account:
            known.told = now
        else:
            used = known.used if known is not None else now
            known = self._found[key] = _Known(account, now)
            known.used = used
        self._found.move_to_end(key)
        if len(self._found) > self._most_found:
            self._found.popitem(last=False)
        return known.account

    def put_unknown(self, login: str, now: float) -> None:
        """Keep that nobody has a login; who had that name is forgotten."""
        key = fold(login)
        self._found.pop(key, None)
        self._unknown[key] = now
        self._unknown.move_to_end(key)
        if len(self._unknown) > self._most_unknown:
            self._unknown.popitem(last=False)

    def fresh(self, name: str, now: float) -> Account | None:
        """Give the user of a canonical name as long as nothing needs to be asked."""
        return self._get(name, now, self._ages.fresh)

    def stale(self, name: str, now: float) -> Account | None:
        """Give the user as long as one may be believed while the directory is down."""
        return self._get(name, now, max(self._ages.stale, self._ages.fresh))

    def is_unknown(self, login: str, now: float) -> bool:
        """Tell whether nobody has a login, as was told a moment ago."""
        told = self._unknown.get(fold(login))
        return told is not None and 0 <= now - told < self._ages.unknown

    def due(self, now: float) -> Iterator[str]:
        """Give the names of users who are there and about whom half of the time is over."""
        half = self._ages.fresh / 2
        for known in self._found.values():
            if known.used > known.told and not 0 <= now - known.told < half:
                yield known.account.name

    def drop_old(self, now: float) -> None:
        """Forget what can never be believed again."""
        longest = max(self._ages.stale, self._ages.fresh)
        for key in [key for key, known in self._found.items() if not 0 <= now - known.told < longest]:
            del self._found[key]
        for key in [key for key, told in self._unknown.items() if not 0 <= now - told < self._ages.unknown]:
            del self._unknown[key]

    def _get(self, name: str, now: float, age: float) -> Account | None:
        key = fold(name)
        known = self._found.get(key)
        if known is None:
            return None
        known.used = max(known.used, now)
        self._found.move_to_end(key)
        return known.account if 0 <= now - known.told < age else None

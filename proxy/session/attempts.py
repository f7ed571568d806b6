"""Slows down whoever guesses passwords, then stops him for a while; telling him so is left to `signin`.

Counted by user, by address, and by both together. Whether a user exists is not known here, so names of nobody are
treated as all others. Memory is bounded; a flood of random names makes room for itself among other faint trails, and
never takes away what stops somebody.
"""

import ipaddress
from collections.abc import Callable, Iterator
from typing import NamedTuple

from proxy.session.notice import Tried, tell_nobody
from proxy.session.trails import Key, Rank, Trail, Trails

_DOUBLINGS = 20
"""Beyond them a wait is longer than any bound."""
_LONGEST_NAME = 256
_SUBSCRIBER_BITS = 64
"""Bits of an IPv6 address that tell subscribers apart: the rest is theirs to choose."""


class Limits(NamedTuple):
    """From when on tries have to wait."""

    window: float = 600.0
    """Seconds a failure counts."""
    free: int = 5
    """Failures without consequence, of a user, an address or both."""
    longest_wait: float = 30.0
    """Seconds between tries at most; the first wait is 1 s, each further one twice as long."""
    pair_stop: int = 10
    """Failures of one user from one address that stop the two."""
    address_stop: int = 50
    """Failures from one address, whatever the users, that stop it."""
    stop: float = 900.0
    """Seconds a stop lasts."""
    open: float = 60.0
    """Seconds after which a try whose outcome was never told is forgotten."""
    capacity: int = 10_000
    """Users, addresses and pairs remembered together."""


class Attempts:
    """Counts failures and says who has to wait. Ask `may_try`, then tell `failed`, `succeeded` or `withdrawn`."""

    def __init__(self, limits: Limits | None = None, tell: Callable[[Tried], None] = tell_nobody) -> None:
        self._limits = limits or Limits()
        self._tell = tell
        self._trails = Trails(self._limits.capacity)

    def __len__(self) -> int:
        return len(self._trails)

    def may_try(self, user: str, address: str, now: float) -> float:
        """Give the seconds to wait; 0: go, and the try counts as open until its outcome is told.

        Open tries count as failed ones of the user, so that many at once are no way around the bounds. `user` is the
        same text for every spelling of one login.
        """
        pair, _, address_key = keys = _keys(user, address)
        found = {key: self._aged(key, now) for key in keys}
        stop = max(_until(found[key], now, self._limits.stop) for key in (pair, address_key))
        if stop > 0:
            return stop
        wait = max(self._wait(found[key], now, key == address_key) for key in keys)
        if wait > 0:
            return wait
        for key in keys:
            trail = found[key] or Trail()
            trail.open.append(now)
            self._trails.put(key, trail, self._rank(trail, now))
        return 0.0

    def failed(self, user: str, address: str, now: float) -> None:
        """Tell that user or password was wrong."""
        for _, trail in self._known(user, address, now):
            _close(trail)
        self._conclude(Tried(user, address, now, was_right=False))

    def learn(self, tried: Tried) -> None:
        """Take note of what another process was told."""
        user, address, now, was_right = tried
        if was_right:
            self._trails.drop(_keys(user, address)[0])
        else:
            self._note_failure(user, address, now)

    def _conclude(self, tried: Tried) -> None:
        self.learn(tried)
        self._tell(tried)

    def _note_failure(self, user: str, address: str, now: float) -> None:
        pair, user_key, address_key = _keys(user, address)
        for key, bound in ((user_key, 0), (pair, self._limits.pair_stop), (address_key, self._limits.address_stop)):
            trail = self._aged(key, now) or Trail()
            trail.failures.append(now)
            if bound and len(trail.failures) >= bound:
                trail.stopped_until = now + self._limits.stop
            self._trails.put(key, trail, self._rank(trail, now))

    def succeeded(self, user: str, address: str, now: float) -> None:
        """Tell that the user signed in: what this address failed for this user is forgotten, nothing else."""
        self._give_back(user, address, now)
        self._conclude(Tried(user, address, now, was_right=True))

    def withdrawn(self, user: str, address: str, now: float) -> None:
        """Tell that the password could not be checked: the try counts for nothing."""
        self._give_back(user, address, now)

    def _give_back(self, user: str, address: str, now: float) -> None:
        for key, trail in self._known(user, address, now):
            _close(trail)
            if trail.is_empty and trail.stopped_until <= now:
                self._trails.drop(key)

    def _known(self, user: str, address: str, now: float) -> Iterator[tuple[Key, Trail]]:
        for key in _keys(user, address):
            trail = self._aged(key, now)
            if trail is not None:
                yield key, trail

    def _aged(self, key: Key, now: float) -> Trail | None:
        """Give a trail with what still counts; after a stop, or when nothing counts, there is none."""
        trail = self._trails.find(key)
        if trail is None or trail.stopped_until > now:
            return trail
        trail.age(now - self._limits.window, now - self._limits.open)
        if trail.is_empty or trail.stopped_until:
            self._trails.drop(key)
            return None
        return trail

    def _wait(self, trail: Trail | None, now: float, is_address: bool) -> float:
        """Give the seconds until the next try of a key; an address may have many users at work at once."""
        if trail is None:
            return 0.0
        failures, opened = len(trail.failures), len(trail.open)
        if is_address:
            if failures + opened >= self._limits.address_stop:
                return 1.0
            opened = 0
        moments = [*trail.failures, *trail.open] if opened else [*trail.failures]
        return _until_moment(max(moments), now, self._pause(failures + opened)) if moments else 0.0

    def _pause(self, tries: int) -> float:
        if tries < self._limits.free:
            return 0.0
        return min(2.0 ** min(tries - self._limits.free, _DOUBLINGS), self._limits.longest_wait)

    def _rank(self, trail: Trail, now: float) -> Rank:
        if trail.stopped_until > now:
            return Rank.STOPPED
        return Rank.SLOWED if len(trail.failures) >= self._limits.free else Rank.FAINT


def _keys(user: str, address: str) -> tuple[Key, Key, Key]:
    """Give the keys of the pair, the user and the address."""
    name, network = "u" + user[:_LONGEST_NAME].casefold(), _network(address)
    return (name, network), (name, ""), ("", network)


def _network(address: str) -> str:
    """Give whose an address is: itself for IPv4, however it is written, its /64 for IPv6."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "?" + address[:_LONGEST_NAME]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return f"{int(found) >> (128 - _SUBSCRIBER_BITS):x}::"


def _close(trail: Trail) -> None:
    """Count one open try less; the outcomes of several come in any order."""
    if trail.open:
        trail.open.popleft()


def _until(trail: Trail | None, now: float, longest: float) -> float:
    return min(max(trail.stopped_until - now, 0.0), longest) if trail else 0.0


def _until_moment(last: float, now: float, pause: float) -> float:
    return min(max(last + pause - now, 0.0), pause)

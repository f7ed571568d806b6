"""What is remembered of failed sign-ins, by key and in bounded room; what follows from it is left to `attempts`."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from enum import IntEnum

Key = tuple[str, str]
"""User and address; one of them empty: the other alone."""

REMEMBERED = 64
"""Moments kept of one key, more than any bound needs."""


class Rank(IntEnum):
    """How much would be lost by forgetting a trail; the least goes first."""

    FAINT = 0
    """Failures that have no consequence yet."""
    SLOWED = 1
    """Each further try has to wait."""
    STOPPED = 2
    """No try at all for a while."""


@dataclass(slots=True)
class Trail:
    """The failures of one key."""

    failures: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    """Moments, oldest first."""
    open: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    """Moments at which tries began whose outcome is not known."""
    stopped_until: float = 0.0
    """Moment until which nothing is tried."""

    def age(self, failed_before: float, opened_before: float) -> None:
        """Forget what is older."""
        while self.failures and self.failures[0] <= failed_before:
            self.failures.popleft()
        while self.open and self.open[0] <= opened_before:
            self.open.popleft()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left of it."""
        return not self.failures and not self.open


class Trails:
    """Trails by key, at most `capacity`. Older ones go before newer, faint before slowed, and stopped ones last.

    A quarter is for faint trails, lest a table full of slowed ones be blind to whoever comes next.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = max(capacity, 1)
        self._ranks: tuple[OrderedDict[Key, Trail], ...] = tuple(OrderedDict() for _ in Rank)

    def __len__(self) -> int:
        return sum(map(len, self._ranks))

    def find(self, key: Key) -> Trail | None:
        """Give the trail of a key."""
        for trails in self._ranks:
            if key in trails:
                return trails[key]
        return None

    def put(self, key: Key, trail: Trail, rank: Rank) -> None:
        """Keep a trail as the newest of its rank; if there is no room, the one worth least goes."""
        self.drop(key)
        self._ranks[rank][key] = trail
        if len(self) > self._capacity:
            self._worth_least().popitem(last=False)

    def drop(self, key: Key) -> None:
        """Forget a key."""
        for trails in self._ranks:
            trails.pop(key, None)

    def _worth_least(self) -> OrderedDict[Key, Trail]:
        faint, slowed, stopped = self._ranks
        if slowed and len(faint) <= self._capacity // 4:
            return slowed
        return faint or slowed or stopped

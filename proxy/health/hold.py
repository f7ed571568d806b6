"""Remembers servers that could not be reached, for a short time; who asks and what is tried is left to `relay`."""

from collections.abc import Hashable, Sequence
from typing import TypeVar

HOLD_SECONDS = 30.0
"""So long a server that could not be reached is tried after the others: not every user pays its connect time-out.

It is never given up: when the others fail as well it is tried all the same, and so is a site's only server.
"""
REMEMBERED = 4096
"""Servers remembered; the settings name far fewer, reloads may leave some that are gone."""

Server = TypeVar("Server", bound=Hashable)


class Hold:
    """Servers on hold, by anything that tells them apart."""

    def __init__(self, seconds: float = HOLD_SECONDS) -> None:
        self._seconds = seconds
        self._until: dict[Hashable, float] = {}

    def note_failure(self, server: Hashable, now: float) -> None:
        """Put a server on hold from now on."""
        if len(self._until) >= REMEMBERED:
            self._until.clear()
        self._until[server] = now + self._seconds

    def note_success(self, server: Hashable) -> None:
        """Take a server that answered off hold."""
        self._until.pop(server, None)

    def is_held(self, server: Hashable, now: float) -> bool:
        """Tell whether a server is on hold."""
        until = self._until.get(server)
        if until is None:
            return False
        if until <= now:
            del self._until[server]
            return False
        return True

    def order(self, servers: Sequence[Server], head: int, now: float) -> tuple[Server, ...]:
        """Give the order in which a ring of servers is tried: from `head` on, those on hold last.

        `head` may be any number: a reload may have made the ring shorter.
        """
        if len(servers) < 2 and not head:  # noqa: PLR2004 - one server leaves no choice
            return tuple(servers)
        start = head % len(servers) if servers else 0
        ring = [*servers[start:], *servers[:start]]
        if self._until:
            ring.sort(key=lambda server: self.is_held(server, now))
        return tuple(ring)

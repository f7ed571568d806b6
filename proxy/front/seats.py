"""Count browser connections, in all and of each client, from accept to close; accepting is left to `listener`."""

import asyncio
from collections.abc import Callable

from proxy.errors import OurFault
from proxy.events.record import Emit, Event
from proxy.model.limits import Limits

LIMIT_EVENT = 1014
ALL = "all"
RETRY_SECONDS = 5
"""For `Retry-After`."""
EXTRA_SEATS = 64
"""Connections beyond the limits that are still told 503 before they are closed; beyond these it is a close at once."""
SILENCE_SECONDS = 1.0
"""At least so long between two events: a flood of connections must not become a flood of records."""


class Seat:
    """One connection's place; its protocol calls `leave` when the connection is lost."""

    __slots__ = ("_seats", "address", "is_extra", "protocol")

    def __init__(self, seats: "Seats", address: str, *, is_extra: bool) -> None:
        self._seats: Seats | None = seats
        self.address = address
        """The client's IP address as text."""
        self.is_extra = is_extra
        """Over a limit: answer its first request with 503 and `Retry-After`, then close."""
        self.protocol: asyncio.BaseProtocol | None = None
        """Speaks on the connection; None until the handshake begins."""

    def leave(self) -> None:
        """Give the place back; calling it again does nothing."""
        seats, self._seats, self.protocol = self._seats, None, None
        if seats is not None:
            seats.free(self)


class Seats:
    """The places of all listeners together."""

    def __init__(self, limits: Limits, emit: Emit, clock: Callable[[], float], first_server: str) -> None:
        self.limits = limits
        """`connections` and `connections_per_client`; a reload may replace them."""
        self.occupied: set[Seat] = set()
        """Every connection there is, handshakes under way included."""
        self._emit = emit
        self._clock = clock
        self._first_server = first_server
        self._of_client: dict[str, int] = {}
        self._extras = 0
        self._silent_until = float("-inf")

    def take(self, address: str) -> Seat | None:
        """Give a place to a client; None when not even an extra one is left: close at once."""
        who = self._over_limit(address)
        if who:
            self.tell(who)
            if self._extras >= EXTRA_SEATS:
                return None
            self._extras += 1
        seat = Seat(self, address, is_extra=bool(who))
        self.occupied.add(seat)
        self._of_client[address] = self._of_client.get(address, 0) + 1
        return seat

    def free(self, seat: Seat) -> None:
        """Take a place back; only `Seat.leave` calls this."""
        self.occupied.discard(seat)
        if seat.is_extra:
            self._extras -= 1
        left = self._of_client[seat.address] - 1
        if left:
            self._of_client[seat.address] = left
        else:
            del self._of_client[seat.address]

    def tell(self, who: str, note: str = "") -> None:
        """Say that a limit is reached; `who` is a client's address or `all`."""
        now = self._clock()
        if now < self._silent_until:
            return
        self._silent_until = now + SILENCE_SECONDS
        self._emit(Event(id=LIMIT_EVENT, parameters=(self._first_server, who), address=who, note=note))

    def _over_limit(self, address: str) -> str:
        if len(self.occupied) >= self.limits.connections:
            return ALL
        return address if self._of_client.get(address, 0) >= self.limits.connections_per_client else ""


def too_many() -> OurFault:
    """Make what a connection over a limit is answered with."""
    sentence = "limits.connections or limits.connections_per_client is reached."
    return OurFault(503, sentence, error_type="connection_limit_reached", retry_after=RETRY_SECONDS)

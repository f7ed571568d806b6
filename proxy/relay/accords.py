"""What is remembered of servers of Exchange 2010, and of sessions at them; coming to terms is left to `accord`."""

import secrets
from collections.abc import Iterable

from proxy.errors import ProxyError
from proxy.model.sites import Server, TrustPolicy
from proxy.routing.passage import Registration, Ring

MAX_REGISTRATIONS = 16
"""Servers at which a session is known to be registered; beyond it the table starts anew."""


class Accord:
    """What is known of a server of Exchange 2010: whether it takes requests of ours; coming to terms is `accord`'s."""

    __slots__ = ("agreed_until", "refusal", "refused_until")

    def __init__(self) -> None:
        self.agreed_until = 0.0
        """Moment of the coarse clock until which it need not be asked for its version."""
        self.refused_until = 0.0
        """Moment until which it is not asked again because it said no."""
        self.refusal: ProxyError | None = None
        """How it said no."""


class Accords:
    """What is known of every server that is spoken to as Exchange 2010's. Lives as long as the process."""

    def __init__(self) -> None:
        self._known: dict[tuple[Server, TrustPolicy], Accord] = {}

    def arrange(self, wanted: Iterable[tuple[Server, TrustPolicy]]) -> None:
        """Keep what is known of these servers under these policies, and forget the others."""
        self._known = {key: self._known.get(key) or Accord() for key in wanted}

    def of(self, server: Server, policy: TrustPolicy) -> Accord:
        """Give what is known of a server that was wanted."""
        return self._known[server, policy]


def registration_at(ring: Ring, accord: Accord) -> Registration:
    """Give a session's registration at a server; a new one with a canary of its own where there is none."""
    known = ring.registrations
    if known is None:
        known = ring.registrations = {}
    registration = known.get(accord)
    if registration is None:
        if len(known) >= MAX_REGISTRATIONS:
            known.clear()
        registration = known[accord] = Registration(secrets.token_hex(16).encode())
    return registration

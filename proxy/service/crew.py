"""What the control part of a proxy asks of those who serve, whether they run beside it or in other processes."""

from typing import Literal, NamedTuple, Protocol

from proxy.model.sites import Server, TrustPolicy
from proxy.service.load import Loaded
from proxy.service.switches import Switches
from proxy.upstream.pool import PoolState


class InForce(NamedTuple):
    """What everybody works with."""

    revision: int
    """Grows with every change; the highest one counts."""
    loaded: Loaded
    """The settings; its topology has the numbers of the policies and the switches that were turned."""
    switches: Switches
    """What was turned at run time."""


class Upstream(NamedTuple):
    """The connections to one server."""

    site: str
    server: str
    """Authority of its InternalURL."""
    state: PoolState


HealthWord = Literal["up", "down", "half_open", "unchecked"]


class ServerState(NamedTuple):
    """How a server stands, as a worker sees it."""

    site: str
    server: str
    """Authority of its InternalURL."""
    state: HealthWord
    seconds: float
    """How long it has been so."""
    why: str
    """What is wrong, a sentence; empty: nothing."""


class Report(NamedTuple):
    """How a worker is doing."""

    number: int
    """From 1 on."""
    pid: int
    started_at: float
    """Seconds since 1970."""
    connections: int
    """Connections of browsers."""
    in_flight: int
    """Those that are busy."""
    transports: str
    """Event loop and TLS engine, in words."""
    upstreams: tuple[Upstream, ...]
    health: tuple[ServerState, ...]


class CannotApply(Exception):
    """Settings could not be put in force, nobody works with them; `str()` is a sentence."""


class Crew(Protocol):
    """Those who serve."""

    async def apply(self, in_force: InForce) -> int:
        """Have everybody work with this; gives how many idle connections of old policies were closed.

        Raises: CannotApply; nothing has changed then.
        """
        ...

    def renew(self, server: Server, policy: TrustPolicy, *, trusted: bool) -> None:
        """Have nobody use a connection again that was made while a server's trust stood otherwise."""
        ...

    def note_check(self, server: Server, policy: TrustPolicy, *, ok: bool, why: str) -> None:
        """Tell everybody how a check of a server went."""
        ...

    def are_serving(self) -> bool:
        """Tell whether anybody takes requests."""
        ...

    async def reports(self) -> list[Report]:
        """Ask everybody how they are doing; who does not answer in time is left out."""
        ...

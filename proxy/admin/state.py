"""What the admin listener needs to be told about and what it may ask for; `service` provides it.

Everything but the events is a value of `answers` and `orders`. What may have to ask other processes is a coroutine.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

from proxy.admin.answers import (
    Config,
    Connections,
    Level,
    Policies,
    Servers,
    Sites,
    Status,
    SwitchValue,
    Trust,
)
from proxy.admin.orders import Reloaded, TrustChanged
from proxy.events.formats import Voice
from proxy.events.record import Event


class ChangeRefused(Exception):
    """A change that is not made; `str()` says why."""

    def __init__(self, sentence: str, cure: str = "") -> None:
        super().__init__(sentence)
        self.cure = cure
        """What to do about it; empty when there is nothing."""


class UnknownSite(ChangeRefused):
    """There is no site of that name."""


class TakesRestart(ChangeRefused):
    """Only a restart may change it, because the settings say so."""


class KeptEvent(Protocol):
    """An event with its number and time."""

    @property
    def sequence(self) -> int:
        """Its number since the start, from 1 on."""
        ...

    @property
    def at(self) -> float:
        """When it happened, in seconds since 1970."""
        ...

    @property
    def event(self) -> Event:
        """The event."""
        ...


class KeptEvents(Protocol):
    """The last events; `sinks.recent` is one."""

    @property
    def last(self) -> int:
        """Number of the last event; 0 before the first."""
        ...

    def query(
        self, *, ids: Collection[int], site: str, since: float | None, until: float | None, limit: int, after: int
    ) -> Sequence[KeptEvent]:
        """Give the newest `limit` events that fit, oldest first; with `after`, the first ones after that number.

        0 is no `after`; one that was never given out is one of before a restart: everything comes after it.
        """
        ...

    def find(self, sequence: int) -> KeptEvent | None:
        """Give the event of that number; None when it is not kept any more, or not yet."""
        ...

    def subscribe(self, follower: Callable[[KeptEvent], None], /) -> Callable[[], None]:
        """Tell `follower` of every further event, at once; what is returned ends that."""
        ...


class AdminState(Protocol):
    """What the listener tells about and may change."""

    @property
    def recent(self) -> KeptEvents:
        """The last events."""
        ...

    @property
    def voice(self) -> Voice:
        """Who speaks in events."""
        ...

    def is_ready(self) -> bool:
        """Tell whether requests are taken: settings loaded, listening, not draining."""
        ...

    def verdicts(self) -> list[dict[str, Any]]:
        """Give the last verdict on every server, as plain values."""
        ...

    def admin_token(self) -> str:
        """Give the token that the API demands; empty: none, and only loopback is listened on."""
        ...

    def reads_need_token(self) -> bool:
        """Tell whether reading takes the token, too: when the listener is not on loopback."""
        ...

    def emit(self, event: Event) -> None:
        """Say that something happened."""
        ...

    def lab_ca(self) -> bytes:
        """Give the lab's authority as PEM; empty when there is no lab."""
        ...

    def policies(self) -> Policies:
        """Give every site's trust policy with the origin of its keys."""
        ...

    def trust(self) -> Trust:
        """Give the switch everywhere."""
        ...

    def config(self) -> Config:
        """Give the settings in force, secrets masked."""
        ...

    def log_level(self) -> Level:
        """Give the least grave level that is logged."""
        ...

    async def metrics(self) -> bytes:
        """Give what was counted, in Prometheus' text format."""
        ...

    async def status(self) -> Status:
        """Give the proxy as a whole."""
        ...

    async def sites(self) -> Sites:
        """Give every site with its traffic."""
        ...

    async def servers(self) -> Servers:
        """Give every server with its health and connections."""
        ...

    async def connections(self) -> Connections:
        """Give the connections on both sides."""
        ...

    async def set_trust(self, site: str | None, value: SwitchValue | None) -> TrustChanged:
        """Turn the switch of a site, of all and the default for None; None as value takes run-time settings back.

        It is in force on every worker on return. Raises: UnknownSite, TakesRestart.
        """
        ...

    async def reload(self) -> Reloaded:
        """Read the settings anew; a refusal is told in the answer."""
        ...

    async def set_log_level(self, level: Level) -> None:
        """Log from this level on, in every process."""
        ...

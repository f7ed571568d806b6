"""Everything an exchange works with, as one value that a reload replaces; building it is left to `service`."""

from collections.abc import Callable
from dataclasses import dataclass

from proxy.events.access import AccessEntry, Way
from proxy.events.record import Emit
from proxy.health.servers import ServerHealth
from proxy.health.standing import Standing
from proxy.message.request import RequestReader, RequestWriter
from proxy.message.response import ResponseReader, ResponseWriter
from proxy.model.clock import Ticks
from proxy.model.limits import Limits, Timeouts
from proxy.model.sites import Server
from proxy.pages.render import Pages
from proxy.relay.accords import Accord
from proxy.relay.gate import Gate
from proxy.routing.decide import Router
from proxy.upstream.pool import ServerPool


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A server with what is needed on every request to it, computed once."""

    server: Server
    """Where it goes."""
    pool: ServerPool
    """Its connections, under the site's policy."""
    host: bytes
    """What `Host` says to it."""
    internal: tuple[bytes, ...]
    """Its own authorities, to be rewritten in answers."""
    label: str
    """Its name in events: parameter 2 of event 43."""
    way: Way
    """What the access log says of it."""
    standing: Standing
    """Whether it works, as far as is known."""
    accord: Accord | None = None
    """For a server that is spoken to as Exchange 2010's; None: it gets requests as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """What an exchange works with. One that has begun keeps its own until it ends."""

    first_server: str
    """Our name: parameter 1 of event 43."""
    label: str
    """Our name as events spell it (`events.server_name_style`)."""
    detail: bool
    """Whether error pages tell everything (`errors.detail = "full"`)."""
    router: Router
    """Request → site."""
    destinations: dict[str, tuple[Destination, ...]]
    """Site name → its servers, in the order they are tried."""
    limits: Limits
    """For heads, before a site is known."""
    timeouts: Timeouts
    """Before a site is known."""
    request_reader: RequestReader
    request_writer: RequestWriter
    response_reader: ResponseReader
    response_writer: ResponseWriter
    pages: Pages
    emit: Emit
    record_access: Callable[[AccessEntry], None] | None
    """Takes every request; None: nobody wants to know."""
    is_counted_only: bool
    """Whether entries need no more than what is counted of them (`log.access = false`)."""
    ticks: Ticks
    health: ServerHealth
    """Which servers work."""
    gate: Gate | None
    """Who has to sign in where; None: nobody, sites are chosen by host and path."""
    new_request_id: Callable[[], bytes]


class Holder:
    """Where connections find the equipment in force."""

    __slots__ = ("now",)

    def __init__(self, now: Equipment) -> None:
        self.now = now
        """Replaced as a whole by a reload."""

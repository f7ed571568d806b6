"""The composition root: settings in, everything that an exchange works with out; running it is left to `worker`."""

import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from proxy.events.access import AccessEntry, Way
from proxy.events.record import Emit
from proxy.health.servers import ServerHealth
from proxy.health.standing import Turn
from proxy.message.request import RequestReader, RequestWriter
from proxy.message.response import ResponseReader, ResponseWriter
from proxy.model.clock import Ticks
from proxy.model.limits import Limits
from proxy.model.sites import Server, Site, Topology, TrustPolicy, in_brackets
from proxy.model.wire import Transports
from proxy.pages.render import Pages
from proxy.relay.accords import Accords
from proxy.relay.equipment import Destination, Equipment
from proxy.routing.decide import Router
from proxy.service.signin import Company, Reception
from proxy.settings.resolve import to_timeouts
from proxy.settings.schema import Settings
from proxy.upstream.attempt import Attempts
from proxy.upstream.dial import Dialer, Watch
from proxy.upstream.pool import Supplies
from proxy.upstream.pools import Pools
from proxy.upstream.probe import Prober
from proxy.upstream.tls import TlsContexts

HTTPS_PORT = 443


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlets:
    """Where a worker's words go."""

    emit: Emit
    """Takes every event."""
    record_access: Callable[[AccessEntry], None] | None
    """Takes every request; None: `log.access = false`."""
    watch: Watch = field(default_factory=Watch)
    """Told how the trust in servers goes."""
    company: Company = field(default_factory=Company)
    """The other processes that serve."""
    turned: Callable[[Turn], None] = lambda _turn: None
    """Told of servers that go down and come up again."""


class Plant:
    """What lives as long as the process; `equip` makes the part that a reload replaces."""

    def __init__(self, first_server: str, outlets: Outlets, transports: Transports, ticks: Ticks) -> None:
        self.first_server = first_server
        self.outlets = outlets
        self.ticks = ticks
        self.pages = Pages()
        self.contexts = TlsContexts()
        self.reception = Reception(first_server, outlets.emit, outlets.company)
        self._reader: tuple[tuple[bytes, ...], RequestReader] | None = None
        self.request_writer = RequestWriter(first_server)
        self.response_reader = ResponseReader(first_server)
        self.response_writer = ResponseWriter(first_server)
        self.new_request_id = request_ids()
        self.health = ServerHealth(outlets.turned)
        self.accords = Accords()
        attempts = Attempts(self.contexts, transports)
        self.prober = Prober(attempts, lambda: datetime.now(UTC))
        self.dialer = Dialer(attempts, self.prober, outlets.emit, lambda: ticks.now, first_server)
        self.pools = Pools(Supplies(self.dialer.dial, ticks, self.response_reader))
        self.dialer.watch = outlets.watch

    def equip(self, settings: Settings, topology: Topology, limits: Limits) -> Equipment:
        """Make the equipment for a topology and arrange the pools for it.

        The caller puts it in force, then calls `pools.retire_unwanted`.
        Raises: OSError when a file of the sign-in has changed since it was checked; nothing has changed then.
        """
        router = Router(topology)
        gate = self.reception.open_gate(settings, topology, router)
        self.contexts.forget()
        self.pools.arrange(
            {
                (server, site.policy): (site.timeouts, site.limits)
                for site in topology.sites
                for server in site.reachable
            }
        )
        self.health.arrange(((site.reachable, site.health) for site in topology.sites), self.ticks.now)
        self.accords.arrange(
            (server, site.policy) for site in topology.sites if site.compat for server in site.reachable
        )
        name_of = self.dialer.name_of = server_speller(settings)
        self.prober.others = others_of(topology)
        return Equipment(
            first_server=self.first_server,
            label=self.first_server,
            detail=settings.errors.detail == "full",
            router=router,
            destinations={site.name: self._destinations(site, name_of) for site in topology.sites},
            limits=limits,
            timeouts=to_timeouts(settings.timeouts),
            request_reader=self._reader_for(identity_names(settings)),
            request_writer=self.request_writer,
            response_reader=self.response_reader,
            response_writer=self.response_writer,
            pages=self.pages,
            emit=self.outlets.emit,
            record_access=self.outlets.record_access,
            is_counted_only=not settings.log.access,
            ticks=self.ticks,
            health=self.health,
            gate=gate,
            new_request_id=self.new_request_id,
        )

    def _reader_for(self, names: tuple[bytes, ...]) -> RequestReader:
        """Give the reader that drops these identity headers; the one there is while the names stay."""
        if self._reader is None or self._reader[0] != names:
            self._reader = (names, RequestReader(self.first_server, names))
        return self._reader[1]

    def renew(self, server: Server, policy: TrustPolicy, *, trusted: bool) -> None:
        """Use no connection again that was made while a server's trust stood otherwise."""
        self.dialer.forget(server, policy, trusted=trusted)
        self.pools.renew(server, policy)

    def _destinations(self, site: Site, name_of: Callable[[Server], str]) -> tuple[Destination, ...]:
        return tuple(self._destination(server, site, name_of(server)) for server in site.reachable)

    def _destination(self, server: Server, site: Site, label: str) -> Destination:
        policy = site.policy
        return Destination(
            server=server,
            pool=self.pools.pool_of(server, policy),
            host=server.authority.encode(),
            internal=internal_authorities(server),
            label=label,
            way=Way(server.site, server.authority, policy.name, policy.source),
            standing=self.health.of(server),
            accord=self.accords.of(server, policy) if site.compat else None,
        )


def identity_names(settings: Settings) -> tuple[bytes, ...]:
    """List the headers that tell backends who signed in; what browsers send under such names is dropped."""
    identity = settings.identity
    return tuple(name.encode() for name in (identity.user_header, identity.groups_header) if name)


def server_speller(settings: Settings) -> Callable[[Server], str]:
    """Give how events name a server (`events.server_name_style`)."""
    return _url_of if settings.events.server_name_style == "url" else _host_of


def others_of(topology: Topology) -> tuple[tuple[str, str], ...]:
    """List the name and site of every server: a certificate may turn out to be another one's."""
    return tuple((server.tls_name, server.site) for site in topology.sites for server in site.reachable)


def _host_of(server: Server) -> str:
    return server.host


def _url_of(server: Server) -> str:
    return server.url


def internal_authorities(server: Server) -> tuple[bytes, ...]:
    """List the ways in which a backend may spell its own authority in an answer, lower case."""
    host = in_brackets(server.host)
    names = [f"{host}:{server.port}"]
    if server.port == HTTPS_PORT:
        names.append(host)
    return tuple(name.encode() for name in names)


def request_ids() -> Callable[[], bytes]:
    """Make a source of request ids: 8 random hex digits of this process and a counter; unique, not secret."""
    start = secrets.token_hex(4).encode()
    counter = itertools.count(1)
    return lambda: b"%b%08x" % (start, next(counter))

"""Doubles for the data path: transports that remember, parties that write down what they are told, a pool by hand.

Nothing here decides anything; each double does what its type promises and keeps what it was given.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from proxy.errors import ProxyError
from proxy.events.access import AccessEntry, Way
from proxy.events.record import Event
from proxy.front.seats import Seat, Seats
from proxy.health.servers import ServerHealth
from proxy.health.standing import Turn
from proxy.message.memory import RequestMemory
from proxy.message.request import RequestReader, RequestWriter
from proxy.message.response import Names, ResponseFacts, ResponseReader, ResponseWriter
from proxy.model.accounts import Account
from proxy.model.clock import Ticks
from proxy.model.limits import Limits, Timeouts
from proxy.model.message import ResponseHead
from proxy.model.sites import Server, Site, Topology, TrustPolicy
from proxy.pages.render import Pages
from proxy.relay.accords import Accord
from proxy.relay.equipment import Destination, Equipment
from proxy.relay.exchange import Exchange
from proxy.relay.gate import Gate
from proxy.relay.tie import Tie
from proxy.routing.decide import Router
from proxy.upstream.connection import UpstreamConnection
from proxy.upstream.dial import Dialed
from proxy.upstream.pool import Lessee
from proxy.upstream.terms import Question

NOW = 1000.0
"""What the coarse clock shows at the beginning."""

NAMES = Names((b"cas02.branch.test", b"cas02.branch.test:443"), b"mail.test", "cas02.branch.test", "mail.test")

PAGES = Pages()
"""Compiled once; rendering keeps nothing."""


class FakeTransport(asyncio.Transport):
    """A stream transport without a stream: keeps what is written, tells the loss when the test says so."""

    def __init__(self, protocol: asyncio.BaseProtocol | None = None, **extra: object) -> None:
        super().__init__(extra)
        self.protocol = protocol
        self.written = b""
        self.writes: list[bytes] = []
        self.calls: list[str] = []
        """`pause`, `resume`, `close` and `abort`, in order."""
        self.unsent = 0
        """Bytes that the peer has not taken yet."""
        self.high_water: int | None = None
        """When set: a write that brings more than so many bytes makes the protocol pause."""

    def write(self, data: bytes) -> None:
        """Keep the bytes."""
        self.writes.append(data)
        self.written += data
        if self.high_water is not None and len(data) > self.high_water:
            self.protocol.pause_writing()

    def get_write_buffer_size(self) -> int:
        """Give what the test says is not sent yet."""
        return self.unsent

    def pause_reading(self) -> None:
        """Remember it."""
        self.calls.append("pause")

    def resume_reading(self) -> None:
        """Remember it."""
        self.calls.append("resume")

    def close(self) -> None:
        """Remember it; the loss is told by `lose`."""
        self.calls.append("close")

    def abort(self) -> None:
        """Remember it; the loss is told by `lose`."""
        self.calls.append("abort")

    def is_closing(self) -> bool:
        """Tell whether somebody closed it."""
        return self.is_closed or self.is_aborted

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return "close" in self.calls

    @property
    def is_aborted(self) -> bool:
        """Whether `abort` was called."""
        return "abort" in self.calls

    @property
    def is_reading(self) -> bool:
        """Whether reading is on."""
        switches = [call for call in self.calls if call in ("pause", "resume")]
        return not switches or switches[-1] == "resume"

    def lose(self, exc: Exception | None = None) -> None:
        """Tell the protocol that the connection is lost."""
        self.protocol.connection_lost(exc)

    def take(self) -> bytes:
        """Give what was written since the last call."""
        written, self.written, self.writes = self.written, b"", []
        return written


class FakeHome:
    """Keeps what it was told to forget."""

    def __init__(self) -> None:
        self.forgotten: list[object] = []

    def forget(self, connection: object) -> None:
        """Keep it."""
        self.forgotten.append(connection)


class FakeReceiver:
    """Writes down what a connection tells."""

    def __init__(self) -> None:
        self.interims: list[int] = []
        self.head: ResponseHead | None = None
        self.facts: ResponseFacts | None = None
        self.body = b""
        self.pieces = 0
        self.ended = 0
        self.broken: list[tuple[str, str]] = []
        self.flow: list[str] = []

    def on_interim(self, head: ResponseHead) -> None:
        """Note the status."""
        self.interims.append(head.status)

    def on_head(self, head: ResponseHead, facts: ResponseFacts, first: bytes, ended: bool) -> None:
        """Note head and first bytes."""
        assert self.head is None
        self.head, self.facts = head, facts
        self.on_body(first, ended)

    def on_body(self, data: bytes, ended: bool) -> None:
        """Note bytes and end."""
        self.body += data
        self.pieces += 1
        self.ended += ended

    def on_broken(self, sentence: str, error_type: str) -> None:
        """Note the break."""
        self.broken.append((sentence, error_type))

    def pause_sending(self) -> None:
        """Note it."""
        self.flow.append("pause")

    def resume_sending(self) -> None:
        """Note it."""
        self.flow.append("resume")


class FakeLessee:
    """Waits for a connection and writes down what came."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.connections: list[UpstreamConnection] = []
        self.errors: list[ProxyError] = []
        self.changes = 0

    def __repr__(self) -> str:
        return self.name

    def on_connection(self, connection: UpstreamConnection) -> None:
        """Note it, and ask, so that it is in use."""
        self.connections.append(connection)
        connection.ask(FakeReceiver(), Question(b"GET", b"", NAMES), b"GET\r\n")

    def on_no_connection(self, error: ProxyError) -> None:
        """Note it."""
        self.errors.append(error)

    def on_policy_changed(self) -> None:
        """Note it."""
        self.changes += 1

    @property
    def told(self) -> int:
        """How often anything was told."""
        return len(self.connections) + len(self.errors) + self.changes


class FakeDialer:
    """Dials nobody: each call waits until the test lets it succeed or fail."""

    def __init__(self) -> None:
        self.calls: list[tuple[Server, TrustPolicy, asyncio.Future[bool], Callable[[], asyncio.BaseProtocol]]] = []
        self.cancelled = 0

    async def dial(
        self, server: Server, policy: TrustPolicy, timeouts: Timeouts, factory: Callable[[], asyncio.BaseProtocol]
    ) -> Dialed:
        """Wait for `succeed` or `fail`."""
        del timeouts
        future: asyncio.Future[Dialed] = asyncio.get_running_loop().create_future()
        self.calls.append((server, policy, future, factory))
        try:
            return await future
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def succeed(self, number: int, *, trusted: bool = True, spoil: str = "") -> FakeTransport:
        """Let a dial succeed; gives the transport. `spoil`: what happens to the connection before the pool has it."""
        _, policy, future, factory = self.calls[number]
        protocol = factory()
        transport = FakeTransport(protocol)
        protocol.connection_made(transport)
        if spoil == "lost":
            transport.lose()
        elif spoil:
            protocol.data_received(b"HTTP/1.1 200 OK\r\n\r\n")
        future.set_result(Dialed(transport, protocol, trusted, policy.generation))
        await settle()
        return transport

    async def fail(self, number: int, error: ProxyError) -> None:
        """Let a dial fail."""
        self.calls[number][2].set_exception(error)
        await settle()


async def settle() -> None:
    """Let everything that is ready run."""
    for _ in range(5):
        await asyncio.sleep(0)


def connected(home: object | None = None, limits: Limits | None = None, **extra: object) -> UpstreamConnection:
    """Make an idle upstream connection on a fake transport."""
    connection = UpstreamConnection(ResponseReader("CAS01"), limits or Limits(), home or FakeHome())
    connection.connection_made(FakeTransport(connection, **extra))
    return connection


class FakePool:
    """A pool by hand: lends what the test put into `idle`."""

    def __init__(self, policy: TrustPolicy | None = None) -> None:
        self.policy = policy or TrustPolicy()
        self.idle: list[UpstreamConnection] = []
        self.waiting: list[Lessee] = []
        self.returned: list[UpstreamConnection] = []
        self.withdrawn: list[Lessee] = []
        self.busy = 0
        self.keeps = True

    def lease(self) -> UpstreamConnection | None:
        """Give the last idle one."""
        return self.idle.pop() if self.idle else None

    def wait_for_connection(self, lessee: Lessee) -> None:
        """Keep the lessee."""
        self.waiting.append(lessee)

    def withdraw(self, lessee: Lessee) -> None:
        """Keep it."""
        self.withdrawn.append(lessee)

    @property
    def demand(self) -> int:
        """What the test says is in use, and who waits."""
        return self.busy + len(self.waiting)

    def keep(self, connection: UpstreamConnection) -> bool:
        """Let it rest, for its browser alone."""
        connection.rest(NOW)
        return self.may_keep(connection)

    def may_keep(self, _connection: UpstreamConnection) -> bool:
        """Tell what the test says."""
        return self.keeps

    def give_back(self, connection: UpstreamConnection) -> None:
        """Keep it, idle."""
        connection.rest(NOW)
        self.returned.append(connection)


class FakeBrowser:
    """A browser's connection that keeps what is written to it."""

    def __init__(self, equipment: Equipment) -> None:
        self.equipment = equipment
        self.peer = b"192.0.2.7"
        self.peer_trusted = False
        self.tls_version = "TLSv1.3"
        self.deadline = 0.0
        self.clogged = False
        self.closing = False
        self.tie = Tie()
        self.written = b""
        self.writes: list[bytes] = []
        self.calls: list[str] = []
        """`hold`, `release`, `keep`, `close`, `abort` and `tunnel`, in order."""

    def write(self, data: bytes) -> None:
        """Keep the bytes."""
        self.writes.append(data)
        self.written += data

    def hold(self) -> None:
        """Note it."""
        self.calls.append("hold")

    def release(self) -> None:
        """Note it."""
        self.calls.append("release")

    def finish(self, *, close: bool) -> None:
        """Note it."""
        self.calls.append("close" if close else "keep")

    def abort(self) -> None:
        """Note it."""
        self.calls.append("abort")

    def current_equipment(self) -> Equipment:
        """Give the equipment in force."""
        return self.equipment

    def begin_tunnel(self) -> None:
        """Note it."""
        self.calls.append("tunnel")

    @property
    def status(self) -> int:
        """Status of the last answer that was written."""
        return int(self.written.rpartition(b"HTTP/1.1 ")[2][:3])


def make_server(number: int = 2, **changes: object) -> Server:
    """Make a server of the site Branch."""
    host = f"cas{number:02}.branch.test"
    server = Server(
        site="Branch",
        url=f"https://{host}/owa",
        host=host,
        port=443,
        connect_host="127.0.0.1",
        connect_port=8440 + number,
        tls_name=host,
    )
    return replace(server, **changes)


def make_site(servers: int = 1, **changes: object) -> Site:
    """Make the site Branch, which takes every name."""
    site = Site(name="Branch", servers=tuple(make_server(2 + number) for number in range(servers)), default=True)
    return replace(site, **changes)


@dataclass
class World:
    """Everything an exchange works with, with pools by hand."""

    site: Site = field(default_factory=make_site)
    detail: bool = False
    first_server: str = "CAS01"
    limits: Limits = field(default_factory=Limits)
    timeouts: Timeouts = field(default_factory=Timeouts)
    events: list[Event] = field(default_factory=list)
    access: list[AccessEntry] = field(default_factory=list)
    ticks: Ticks = field(default_factory=lambda: Ticks(NOW))
    turns: list[Turn] = field(default_factory=list)
    gate: Gate | None = None
    memory: RequestMemory = field(default_factory=RequestMemory)

    def __post_init__(self) -> None:
        self.health = ServerHealth(self.turns.append)
        self.pools = [FakePool(self.site.policy) for _ in self.site.servers]
        self.equipment = self.equip(self.site, self.pools)

    def equip(self, site: Site, pools: list[FakePool]) -> Equipment:
        """Make equipment for one site."""
        self.health.arrange([(site.servers, site.health)], self.ticks.now)
        destinations = tuple(
            Destination(
                server=server,
                pool=pool,
                host=server.authority.encode(),
                internal=(server.host.encode(),),
                label=server.host,
                way=Way(site.name, server.authority, site.policy.name, site.policy.source),
                standing=self.health.of(server),
                accord=Accord() if site.compat else None,
            )
            for server, pool in zip(site.servers, pools, strict=True)
        )
        return Equipment(
            first_server=self.first_server,
            label=self.first_server,
            detail=self.detail,
            router=Router(Topology(first_server=self.first_server, sites=(site,))),
            destinations={site.name: destinations},
            limits=self.limits,
            timeouts=self.timeouts,
            request_reader=RequestReader(self.first_server),
            request_writer=RequestWriter(self.first_server),
            response_reader=ResponseReader(self.first_server),
            response_writer=ResponseWriter(self.first_server),
            pages=PAGES,
            emit=self.events.append,
            record_access=self.access.append,
            is_counted_only=False,
            ticks=self.ticks,
            health=self.health,
            gate=self.gate,
            new_request_id=lambda: b"0123456789abcdef",
        )

    def offer(self, *, asked: int = 0, pool: int = 0, trusted: bool = True) -> UpstreamConnection:
        """Put an idle connection into a pool; `asked`: requests it has carried."""
        connection = connected()
        connection.asked = asked
        connection.trusted = trusted
        self.pools[pool].idle.append(connection)
        return connection

    def exchange(self) -> tuple[Exchange, FakeBrowser]:
        """Begin an exchange."""
        browser = FakeBrowser(self.equipment)
        return Exchange(self.equipment, browser), browser

    def request(self, raw: bytes, first: bytes = b"", *, ended: bool = True) -> tuple[Exchange, FakeBrowser]:
        """Begin an exchange and start it; refuses as the front does."""
        exchange, browser = self.exchange()
        try:
            exchange.prepare(raw, self.memory)
        except ProxyError as error:
            exchange.refuse(error)
            return exchange, browser
        exchange.start(first, ended=ended)
        return exchange, browser


class FakeErrand:
    """An errand that is done when the test says so."""

    def __init__(self, *, body_limit: int = 1000) -> None:
        self.body_limit = body_limit
        self.body: bytes | None = None
        self.done: Callable[[object], None] = lambda _outcome: None
        self.cancelled = False

    def begin(self, body: bytes, done: Callable[[object], None]) -> None:
        """Keep the body."""
        self.body, self.done = body, done

    def cancel(self) -> None:
        """Note it."""
        self.cancelled = True


class FakeGate:
    """A gate that says the same of every request."""

    def __init__(self, outcome: object = None) -> None:
        self.outcome = outcome

    def admit(self, *_request: object) -> object:
        """Give the outcome, or raise it."""
        if isinstance(self.outcome, ProxyError):
            raise self.outcome
        return self.outcome


class FakeProvider:
    """A source of accounts by hand; each password is the user's name. It knows nobody by heart unless told to."""

    def __init__(self, *accounts: Account) -> None:
        self.accounts = {account.name: account for account in accounts}
        """What `check` and `find` see; the keys are logins, whoever they lead to."""
        self.known: dict[str, Account] | None = None
        """What is in memory; None: all of them."""
        self.faults: dict[str, Exception] = {}
        """`check` or `find` to what it raises."""
        self.gates: dict[str, asyncio.Event] = {}
        """`check` or `find` to what it waits for."""
        self.asked: list[tuple[str, str]] = []
        """`check` or `find` with the login, in order."""
        self.ticks: list[float] = []
        self.closed = 0

    async def check(self, login: str, password: str) -> Account | None:
        """Give the account whose name is the password."""
        account = await self._ask("check", login)
        return account if account is not None and password == account.name.partition("\\")[2] else None

    async def find(self, login: str) -> Account | None:
        """Give the account."""
        return await self._ask("find", login)

    def cached(self, name: str, _now: float) -> Account | None:
        """Give what is in memory."""
        return (self.accounts if self.known is None else self.known).get(name)

    def tick(self, now: float) -> None:
        """Keep it."""
        self.ticks.append(now)

    async def close(self) -> None:
        """Count it."""
        self.closed += 1

    async def _ask(self, what: str, login: str) -> Account | None:
        self.asked.append((what, login))
        if what in self.gates:
            await self.gates[what].wait()
        if what in self.faults:
            raise self.faults[what]
        return self.accounts.get(login)


def make_seat(world: World, address: str = "192.0.2.7", *, is_extra: bool = False) -> Seat:
    """Take a seat."""
    limits = Limits(connections=0) if is_extra else Limits()
    seat = Seats(limits, world.events.append, lambda: world.ticks.now, world.first_server).take(address)
    assert seat is not None
    return seat


def head(method: str = "GET", target: str = "/owa/", *lines: str, version: str = "1.1") -> bytes:
    """Write a request head."""
    return "\r\n".join([f"{method} {target} HTTP/{version}", "Host: mail.test", *lines, "", ""]).encode()

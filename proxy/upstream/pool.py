"""The connections to one server under one policy: lends idle ones at once, dials others; dialling is left to `dial`.

Deciding is synchronous; only a dial is a task, and it belongs to the pool. A pool never outlives its policy: a reload
that changes the policy retires it, so a connection made under one policy cannot serve under another.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import NamedTuple, Protocol

from proxy.errors import OurFault, ProxyError, UpstreamBusy, UpstreamUnreachable
from proxy.message.response import ResponseReader
from proxy.model.clock import Ticks
from proxy.model.limits import Limits, Timeouts
from proxy.model.sites import Server, TrustPolicy
from proxy.upstream.connection import UpstreamConnection
from proxy.upstream.dial import Dialed

IDLE_SHARE = 0.8
"""Idle connections close after this share of `timeouts.keep_alive`: before a backend with the same limit does."""

Dial = Callable[[Server, TrustPolicy, Timeouts, Callable[[], asyncio.BaseProtocol]], Awaitable[Dialed]]


class Supplies(NamedTuple):
    """What every pool works with."""

    dial: Dial
    """Opens a connection; its factory makes the protocol."""
    ticks: Ticks
    """The coarse clock."""
    reader: ResponseReader
    """Reads the heads of answers."""


class PoolState(NamedTuple):
    """A pool in numbers."""

    open: int
    """Connections, idle or in use."""
    idle: int
    """Those that rest."""
    waiting: int
    """Requests that wait for one."""


class Lessee(Protocol):
    """Who waits for a connection; told exactly once unless it withdraws."""

    def on_connection(self, connection: UpstreamConnection) -> None:
        """Take the connection; it must come back through `give_back`."""

    def on_no_connection(self, error: ProxyError) -> None:
        """Take the error: there is no connection."""

    def on_policy_changed(self) -> None:
        """Ask again, under the policy that is in force now: the pool has been retired."""


class ServerPool:
    """Connections to one server."""

    def __init__(
        self, server: Server, policy: TrustPolicy, timeouts: Timeouts, limits: Limits, supplies: Supplies
    ) -> None:
        self.server = server
        self.policy = policy
        self._timeouts = timeouts
        self._limits = limits
        self._dial, self._ticks, self._reader = supplies
        self._idle: list[UpstreamConnection] = []
        self._open: set[UpstreamConnection] = set()
        self._outdated: set[UpstreamConnection] = set()
        self._renewals = 0
        self._waiting: deque[tuple[Lessee, float]] = deque()
        self._dials: set[asyncio.Task[None]] = set()
        self._retired = False
        self._closed = False

    def adopt(self, timeouts: Timeouts, limits: Limits) -> None:
        """Take changed limits for what happens from now on."""
        self._timeouts = timeouts
        self._limits = limits

    def lease(self) -> UpstreamConnection | None:
        """Give the idle connection used last, or None: then ask `wait_for_connection`."""
        idle = self._idle
        while idle:
            connection = idle.pop()
            if connection.is_fresh():
                return connection
            connection.close()
        return None

    def wait_for_connection(self, lessee: Lessee) -> None:
        """Dial, or wait for a connection that comes back when `limits.upstream_connections` are open."""
        if self._closed:
            lessee.on_no_connection(_ending())
        elif self._retired:  # its request began before the reload
            lessee.on_policy_changed()
        elif not self._has_room() and len(self._waiting) >= self._limits.upstream_connections:
            lessee.on_no_connection(self._busy())
        else:
            self._waiting.append((lessee, self._ticks.now + self._timeouts.connect))
            if self._has_room():
                self._start_dial(lessee)

    def withdraw(self, lessee: Lessee) -> None:
        """Forget a lessee whose browser has gone."""
        self._waiting = deque(entry for entry in self._waiting if entry[0] is not lessee)

    def give_back(self, connection: UpstreamConnection) -> None:
        """Take a connection back after a complete answer; whoever waits longest gets it."""
        if self._retired or connection in self._outdated:
            connection.close()
            return
        connection.rest(self._ticks.now)
        if self._waiting:
            self._offer(connection)
        else:
            self._idle.append(connection)

    def keep(self, connection: UpstreamConnection) -> bool:
        """Let a connection rest that is one browser's alone; it is never lent. False: it may not be used again."""
        if self.may_keep(connection):
            connection.rest(self._ticks.now)
            return True
        return False

    def may_keep(self, connection: UpstreamConnection) -> bool:
        """Tell whether a connection was made under the policy and the trust that are in force."""
        return not self._retired and connection in self._open and connection not in self._outdated

    def forget(self, connection: object) -> None:
        """Drop a closed connection, and dial for somebody who waits."""
        if not isinstance(connection, UpstreamConnection):
            return
        self._open.discard(connection)
        self._outdated.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._dial_on()

    def sweep(self, now: float) -> None:
        """Close connections idle for too long, and tell those who waited too long for one."""
        oldest = now - self._timeouts.keep_alive * IDLE_SHARE
        while self._idle and self._idle[0].idle_since < oldest:
            self._idle.pop(0).close()
        # The first ones get what is being dialled, within the limits of a dial; nothing is under way for the others.
        late = [lessee for lessee, end in islice(self._waiting, len(self._dials), None) if end < now]
        for lessee in late:
            self._refuse(lessee, self._busy())

    def renew(self) -> None:
        """Lend none of the connections there are again: the server's trust changed. Answers under way finish."""
        while self._idle:
            self._idle.pop().close()
        self._outdated |= self._open
        self._renewals += 1

    def retire(self) -> None:
        """Close what is idle and keep nothing from now on; answers under way finish, those who wait ask anew."""
        self._retired = True
        while self._idle:
            self._idle.pop().close()
        waiting, self._waiting = self._waiting, deque()
        for lessee, _deadline in waiting:
            lessee.on_policy_changed()

    async def close(self) -> None:
        """Close everything at once and wait for the dials to end."""
        self._closed = True
        waiting, self._waiting = self._waiting, deque()
        for lessee, _deadline in waiting:
            lessee.on_no_connection(_ending())
        self.retire()
        dials = list(self._dials)
        for task in dials:
            task.cancel()
        await asyncio.gather(*dials, return_exceptions=True)
        for connection in list(self._open):
            connection.abort()

    @property
    def state(self) -> "PoolState":
        """How many connections and who waits."""
        return PoolState(len(self._open), len(self._idle), len(self._waiting))

    @property
    def idle_connections(self) -> int:
        """How many connections rest in the pool."""
        return len(self._idle)

    @property
    def open_connections(self) -> int:
        """How many connections exist, idle or in use."""
        return len(self._open)

    @property
    def demand(self) -> int:
        """How many requests it has: those on a connection, and those that wait for one."""
        return len(self._open) - len(self._idle) + len(self._waiting)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left of it: no connection, no dial, nobody who waits."""
        return not (self._open or self._dials or self._waiting)

    def _has_room(self) -> bool:
        return len(self._open) + len(self._dials) < self._limits.upstream_connections

    def _dial_on(self) -> None:
        """Dial for those for whom nothing is under way, as far as there is room."""
        while len(self._waiting) > len(self._dials) and self._has_room() and not self._retired:
            self._start_dial(self._waiting[len(self._dials)][0])

    def _start_dial(self, lessee: Lessee) -> None:
        task = asyncio.get_running_loop().create_task(self._dial_for(lessee), name=f"dial {self.server.host}")
        self._dials.add(task)
        task.add_done_callback(self._dials.discard)

    async def _dial_for(self, lessee: Lessee) -> None:
        task = asyncio.current_task()
        assert task is not None
        renewals = self._renewals
        try:
            dialed = await self._dial(self.server, self.policy, self._timeouts, self._new_connection)
        except ProxyError as error:
            self._dials.discard(task)
            self._fail(lessee, error)
            return
        self._dials.discard(task)  # from here on it counts as a connection
        connection = dialed.protocol
        assert isinstance(connection, UpstreamConnection)
        connection.trusted = dialed.trusted
        if connection.transport is None or connection.transport.is_closing():  # closed, or spoke unasked, meanwhile
            self._fail(lessee, self._lost())
            return
        connection.idle_since = self._ticks.now
        self._open.add(connection)
        if renewals != self._renewals:  # opened before the server's trust changed: it serves once
            self._outdated.add(connection)
        if self._retired:
            connection.close()
        else:
            self._offer(connection)

    def _new_connection(self) -> UpstreamConnection:
        return UpstreamConnection(self._reader, self._limits, self)

    def _offer(self, connection: UpstreamConnection) -> None:
        if self._waiting:
            self._waiting.popleft()[0].on_connection(connection)
        elif connection in self._outdated:
            connection.close()
        else:
            self._idle.append(connection)

    def _fail(self, lessee: Lessee, error: ProxyError) -> None:
        """Tell whom the dial was for, if it still waits, and dial for others who wait."""
        self._refuse(lessee, error)
        self._dial_on()

    def _refuse(self, lessee: Lessee, error: ProxyError) -> None:
        if any(entry[0] is lessee for entry in self._waiting):
            self.withdraw(lessee)
            lessee.on_no_connection(error)

    def _busy(self) -> UpstreamBusy:
        limit = self._limits.upstream_connections
        return UpstreamBusy(
            self.server.site,
            self.server.authority,
            f"All {limit} connections to {self.server.authority} are in use (limits.upstream_connections).",
        )

    def _lost(self) -> UpstreamUnreachable:
        sentence = f"{self.server.authority} closed the connection right after the TLS handshake."
        return UpstreamUnreachable(self.server.site, self.server.authority, sentence, "connection_terminated")


def _ending() -> OurFault:
    return OurFault(503, "The proxy is ending.", retry_after=1)

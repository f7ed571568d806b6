"""One process's share of serving: it accepts, relays, takes new settings and drains.

What it serves with is put together in `build`; what there is only one of (events, the admin API, the watch over trust)
is `control`'s.
The order of a change matters: check everything, change nothing before; then, without giving the loop a chance in
between, put the new equipment in force, the new certificates, and retire the old pools.
"""

import asyncio
import ipaddress
import os
import ssl
import time
from collections.abc import Callable

from proxy.front.connection import BrowserConnection
from proxy.front.listener import Greeting, Listener
from proxy.front.redirect import RedirectListener
from proxy.front.seats import Seat, Seats
from proxy.model.clock import Ticks
from proxy.model.sites import Server, TrustPolicy
from proxy.relay.equipment import Holder
from proxy.service.build import Outlets, Plant
from proxy.service.certificates import Stock, Tried, try_certificates
from proxy.service.crew import CannotApply, Report, ServerState, Upstream
from proxy.service.defects import install_exception_handler
from proxy.service.load import Loaded
from proxy.service.share import limits_of_worker
from proxy.service.signin import GateInvalid
from proxy.service.sockets import Sockets
from proxy.service.ticker import Ticker
from proxy.service.transports import Choice, choose
from proxy.session.notice import Notice
from proxy.settings.resolve import to_timeouts

DRAIN_STEP_SECONDS = 0.05


class Worker:
    """Serves on sockets that somebody bound. The numbers of the policies in `loaded` are the caller's."""

    def __init__(
        self,
        loaded: Loaded,
        outlets: Outlets,
        sockets: Sockets,
        *,
        number: int = 1,
        stock: Stock | None = None,
        choice: Choice | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self._loaded = loaded
        self._outlets = outlets
        self._sockets = sockets
        self._number = number
        self._stock = stock if stock is not None else Stock()
        self._started_at = time.time()
        self._ticks = Ticks(loop.time())
        choice = choice or choose(loop)
        self._transports = choice.transports
        self.transport_sentence = choice.sentence
        """Which event loop and TLS engine are in use, for people."""
        self.name = loaded.first_server
        self._plant = Plant(self.name, outlets, self._transports, self._ticks)
        limits = limits_of_worker(loaded.settings)
        self.holder = Holder(self._plant.equip(loaded.settings, loaded.topology, limits))
        self._seats = Seats(limits, outlets.emit, loop.time, self.name)
        self._networks = _networks(loaded.settings.server.trusted_proxies)
        plant = self._plant
        self._sweeps: list[Callable[[float], None]] = [self._sweep, plant.pools.sweep, plant.reception.tick]
        self._ticker = Ticker(self._ticks, self._sweeps)
        self.listeners: list[Listener] = []
        self._spares: list[Listener] = []
        """On the sockets of the other workers, looked at with each tick: one of them may be gone."""
        self.redirects: list[RedirectListener] = []
        self._draining = False

    # ── start ────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Serve. Raises: OSError or ssl.SSLError when a certificate has changed since it was checked."""
        install_exception_handler(asyncio.get_running_loop(), self._outlets.emit, self.name)
        greeting = self._greeting(self._loaded, _try(self._loaded))
        self._ticker.start()
        for sock in self._sockets.own(self._number):
            self.listeners.append(Listener(sock, self._connect, self._seats, self._transports, greeting))
        for sock in self._sockets.others(self._number):
            self._spares.append(Listener(sock, self._connect, self._seats, self._transports, greeting))
        https_port = self._sockets.https_addresses[0][1]
        for sock in self._sockets.redirect:
            self.redirects.append(RedirectListener(sock, https_port, self._seats, self._plant.pages))
        for listener in [*self.listeners, *self.redirects]:
            listener.start()

    def add_sweep(self, sweep: Callable[[float], None]) -> None:
        """Call `sweep` with every tick of the coarse clock."""
        self._sweeps.append(sweep)

    @property
    def is_serving(self) -> bool:
        """Whether new requests are welcome."""
        return bool(self.listeners) and not self._draining

    def report(self) -> Report:
        """Tell how it is doing."""
        upstreams = self._plant.pools.states()
        return Report(
            number=self._number,
            pid=os.getpid(),
            started_at=self._started_at,
            connections=len(self._seats.occupied),
            in_flight=sum(each.is_busy for each in self._connections()),
            transports=self.transport_sentence,
            upstreams=tuple(Upstream(server.site, server.authority, state) for server, state in upstreams),
            health=tuple(
                ServerState(each.server.site, each.server.authority, each.state, each.seconds, each.why)
                for each in self._plant.health.standings(self._ticks.now)
            ),
        )

    # ── changes ──────────────────────────────────────────────────────────────────────────────────

    def apply(self, loaded: Loaded) -> int:
        """Put new settings in force for new requests; those in flight finish under the old ones.

        Gives how many idle connections of old policies were closed.
        Raises: CannotApply; nothing has changed then.
        """
        limits = limits_of_worker(loaded.settings)
        try:
            tried = _try(loaded)
            equipment = self._plant.equip(loaded.settings, loaded.topology, limits)
        except GateInvalid as fault:
            raise CannotApply(str(fault)) from fault
        except (OSError, ssl.SSLError) as fault:
            raise CannotApply(f"A file could not be read: {fault.strerror or fault}.") from fault
        # From here on nothing can fail and nothing waits.
        greeting = self._greeting(loaded, tried)
        self._loaded = loaded
        self.holder.now = equipment
        self._seats.limits = limits
        self._networks = _networks(loaded.settings.server.trusted_proxies)
        for listener in [*self.listeners, *self._spares]:
            listener.greeting = greeting
        return self._plant.pools.retire_unwanted()

    def renew(self, server: Server, policy: TrustPolicy, *, trusted: bool) -> None:
        """Use no connection again that was made while a server's trust stood otherwise."""
        self._plant.renew(server, policy, trusted=trusted)

    def note_check(self, server: Server, policy: TrustPolicy, *, ok: bool, why: str) -> None:
        """Take note of how a check of a server went."""
        self._plant.health.note_check(server, policy, ok, why, self._ticks.now)

    def learn(self, notice: Notice) -> None:
        """Take note of what another worker was told."""
        self._plant.reception.learn(notice)

    # ── end ──────────────────────────────────────────────────────────────────────────────────────

    async def drain(self) -> bool:
        """Accept nothing new and let what is in flight finish; False when `timeouts.drain` cut something off."""
        self._draining = True
        for listener in [*self.listeners, *self._spares, *self.redirects]:
            listener.close()
        for connection in self._connections():
            connection.drain()
        loop = asyncio.get_running_loop()
        end = loop.time() + to_timeouts(self._loaded.settings.timeouts).drain
        while self._is_busy() and loop.time() < end:
            await asyncio.sleep(DRAIN_STEP_SECONDS)
            for connection in self._connections():
                if not connection.closing:  # its handshake ended after the draining began
                    connection.drain()
        return not self._is_busy()

    def _is_busy(self) -> bool:
        """Tell whether something is in flight, a handshake too; an idle browser that ignores our close is nothing."""
        protocols = [seat.protocol for seat in self._seats.occupied]
        return any(not isinstance(each, BrowserConnection) or each.is_busy for each in protocols)

    async def stop(self) -> None:
        """End at once: cut what is in flight, close everything; may be called twice."""
        self._draining = True
        for listener in [*self.listeners, *self._spares, *self.redirects]:
            await listener.end()
        for connection in self._connections():
            connection.cut()
        await self._plant.pools.close()
        await self._plant.reception.close()
        self._ticker.stop()
        await asyncio.sleep(0)  # aborted transports tell their protocols on the next turn of the loop

    # ── parts ────────────────────────────────────────────────────────────────────────────────────

    def _greeting(self, loaded: Loaded, tried: Tried) -> Greeting:
        return Greeting(
            tried.put_into(self._stock),
            to_timeouts(loaded.settings.timeouts),
            self._plant.pages.plain_http_on_tls(""),
        )

    def _connect(self, seat: Seat) -> BrowserConnection:
        return BrowserConnection(self.holder, seat, peer_trusted=self._is_trusted(seat.address))

    def _is_trusted(self, address: str) -> bool:
        if not self._networks:
            return False
        peer = ipaddress.ip_address(address.partition("%")[0])
        return any(peer in network for network in self._networks)

    def _connections(self) -> list[BrowserConnection]:
        return [seat.protocol for seat in self._seats.occupied if isinstance(seat.protocol, BrowserConnection)]

    def _sweep(self, now: float) -> None:
        for connection in self._connections():
            connection.look_after(now)
        for listener in self._spares:
            listener.accept_waiting()


def _try(loaded: Loaded) -> Tried:
    server = loaded.settings.server
    pairs = [(server.certificate, server.key), *((each.certificate, each.key) for each in server.certificates)]
    return try_certificates(pairs, server.min_tls_version)


def _networks(texts: tuple[str, ...]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)

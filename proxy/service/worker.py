"""One process that serves: start, reload, drain, end; what is served is put together in `build`.

The order of a reload matters: read and check everything, change nothing before; then, without giving the loop a
chance in between, put the new equipment in force, the new certificates, and retire the old pools.
"""

import asyncio
import ipaddress
from collections.abc import Callable
from typing import Any

from proxy.admin.app import Admin
from proxy.events.record import Event
from proxy.front.connection import BrowserConnection
from proxy.front.listener import CannotListen, Greeting, Listener, bind
from proxy.front.redirect import RedirectListener
from proxy.front.seats import Seat, Seats
from proxy.model.clock import Ticks
from proxy.model.limits import Limits
from proxy.model.sites import Topology
from proxy.relay.equipment import Holder
from proxy.service.build import Outlets, Plant, limits_in_force
from proxy.service.certificates import open_certificates
from proxy.service.defects import install_exception_handler
from proxy.service.generations import Generations
from proxy.service.load import Loaded
from proxy.service.memory import allowed_connections
from proxy.service.policy_talk import doubts_of, policies_of, policy_sentence
from proxy.service.standings import to_plain_standing
from proxy.service.ticker import Ticker
from proxy.service.transports import Choice, choose
from proxy.settings.addresses import parse_address
from proxy.settings.resolve import to_timeouts, to_topology

STARTED, RELOADED, RELOAD_REFUSED, DRAINING, STOPPED = 14, 1010, 1011, 1012, 1013
DEFAULT_SWITCH, DESCRIPTORS_LOW = 1015, 1016
RESTART_KEYS = ("name", "listen", "redirect_listen", "admin", "workers", "state_dir")
"""Keys of [server] that are read once."""

DRAIN_STEP_SECONDS = 0.05


class NeedsRestart(Exception):
    """A reload would change what only a restart can; `str()` names the keys."""


class Worker:
    """A serving process, or the serving part of one: the lab and the tests run it beside other things."""

    def __init__(self, loaded: Loaded, outlets: Outlets, choice: Choice | None = None) -> None:
        loop = asyncio.get_running_loop()
        self._loaded = loaded
        self._outlets = outlets
        self._generations = Generations()
        self._ticks = Ticks(loop.time())
        choice = choice or choose(loop)
        self._transports = choice.transports
        self.transport_sentence = choice.sentence
        """Which event loop and TLS engine are in use, for people."""
        settings = loaded.settings
        self.name = loaded.first_server
        self._plant = Plant(self.name, outlets, self._transports, self._ticks)
        limits = _limits_of(loaded)
        topology = self._number(loaded)
        self.holder = Holder(self._plant.equip(settings, topology, limits))
        self._plant.watch(settings, topology)
        self._seats = Seats(limits, outlets.emit, loop.time, self.name)
        self._networks = _networks(settings.server.trusted_proxies)
        plant = self._plant
        self._sweeps: list[Callable[[float], None]] = [
            self._sweep,
            plant.pools.sweep,
            plant.monitor.tick,
            plant.reception.tick,
        ]
        self._ticker = Ticker(self._ticks, self._sweeps)
        self.listeners: list[Listener] = []
        self.redirects: list[RedirectListener] = []
        self._admin = Admin(self)
        self.admin_port = 0
        """Port of the admin listener, once started."""
        self._serving = self._draining = False

    # ── start ────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Bind every address, then serve.

        Raises: CannotListen, with nothing left open.
        """
        server = self._loaded.settings.server
        install_exception_handler(asyncio.get_running_loop(), self._outlets.emit, self.name)
        self._ticker.start()
        try:
            greeting = self._greeting(self._loaded)
            for address in server.listen:
                sock = bind(address, "server.listen")
                self.listeners.append(Listener(sock, self._connect, self._seats, self._transports, greeting))
            https_port = self.listeners[0].address[1]
            for address in server.redirect_listen:
                sock = bind(address, "server.redirect_listen")
                self.redirects.append(RedirectListener(sock, https_port, self._seats, self._plant.pages))
            await self._start_admin(server.admin)
        except BaseException:
            await self.stop()
            raise
        for listener in [*self.listeners, *self.redirects]:
            listener.start()
        self._serving = True
        self._announce()

    def add_sweep(self, sweep: Callable[[float], None]) -> None:
        """Call `sweep` with every tick of the coarse clock."""
        self._sweeps.append(sweep)

    def is_ready(self) -> bool:
        """Tell whether new requests are welcome; backends and their trust do not count."""
        return self._serving and not self._draining

    def verdicts(self) -> list[dict[str, Any]]:
        """Give what is known of every server's trust, as plain values."""
        return [to_plain_standing(standing) for standing in self._plant.monitor.standings()]

    def admin_token(self) -> str:
        """Give the token of the admin API in force."""
        return self._loaded.admin_token

    def _announce(self) -> None:
        emit, settings = self._outlets.emit, self._loaded.settings
        listens = ", ".join(f"https://{host}:{port}" for host, port in (each.address for each in self.listeners))
        note = f"Listens on {listens}. {policy_sentence(self._loaded)} {self.transport_sentence}"
        emit(Event(id=STARTED, parameters=(self.name,), note=note))
        if self._loaded.is_default_switch:
            emit(Event(id=DEFAULT_SWITCH, parameters=(self.name,)))
        if self._seats.limits.connections < settings.limits.connections:
            emit(Event(id=DESCRIPTORS_LOW, parameters=(self.name, str(self._seats.limits.connections))))
        self._warn(self._loaded)

    def _warn(self, loaded: Loaded) -> None:
        """Say what works, but will hardly be meant."""
        for doubt in doubts_of(loaded):
            self._outlets.emit(doubt)

    def policies(self) -> list[tuple[str, str]]:
        """Give each site with its policy and where that was set, in words."""
        return policies_of(self._loaded)

    # ── reload ───────────────────────────────────────────────────────────────────────────────────

    def reload(self, loaded: Loaded) -> None:
        """Put new settings in force for new requests; those in flight finish under the old ones.

        Raises: NeedsRestart, OSError or ssl.SSLError; nothing has changed then.
        """
        before, after = self._loaded.settings.server, loaded.settings.server
        changed = [f"server.{key}" for key in RESTART_KEYS if getattr(before, key) != getattr(after, key)]
        if changed:
            raise NeedsRestart(f"{', '.join(changed)} changed, which takes a restart.")
        greeting = self._greeting(loaded)
        limits = _limits_of(loaded)
        topology = self._number(loaded)
        equipment = self._plant.equip(loaded.settings, topology, limits)
        # From here on nothing can fail and nothing waits.
        self._loaded = loaded
        self.holder.now = equipment
        self._seats.limits = limits
        self._networks = _networks(after.trusted_proxies)
        for listener in self.listeners:
            listener.greeting = greeting
        self._plant.pools.retire_unwanted()
        self._plant.watch(loaded.settings, topology)
        self._outlets.emit(Event(id=RELOADED, parameters=(self.name,), note=policy_sentence(loaded)))
        self._warn(loaded)

    def refuse_reload(self, sentence: str) -> None:
        """Say why a reload changed nothing."""
        self._outlets.emit(Event(id=RELOAD_REFUSED, parameters=(self.name,), note=sentence))

    # ── end ──────────────────────────────────────────────────────────────────────────────────────

    async def drain(self) -> bool:
        """Accept nothing new and let what is in flight finish; False when `timeouts.drain` cut something off."""
        self._draining = True
        self._outlets.emit(Event(id=DRAINING, parameters=(self.name,)))
        for listener in [*self.listeners, *self.redirects]:
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
        """End at once: cut what is in flight, close everything."""
        for listener in [*self.listeners, *self.redirects]:
            await listener.end()
        for connection in self._connections():
            connection.cut()
        await self._plant.monitor.close()
        await self._plant.pools.close()
        await self._plant.reception.close()
        await self._admin.stop()
        self._ticker.stop()
        await asyncio.sleep(0)  # aborted transports tell their protocols on the next turn of the loop
        if self._serving:
            self._serving = False
            self._outlets.emit(Event(id=STOPPED, parameters=(self.name,)))

    async def _start_admin(self, text: str) -> None:
        address = parse_address(text)
        try:
            self.admin_port = await self._admin.start(address.host, address.port)
        except OSError as fault:
            why = fault.strerror or "the address cannot be used"
            raise CannotListen(f"server.admin: cannot listen on {text}: {why}. Choose another port.") from fault

    # ── parts ────────────────────────────────────────────────────────────────────────────────────

    def _number(self, loaded: Loaded) -> Topology:
        """Give the topology with the numbers of its policies: a policy that changed gets a fresh one."""
        return to_topology(loaded.parsed, self._generations.number(loaded.topology))

    def _greeting(self, loaded: Loaded) -> Greeting:
        server = loaded.settings.server
        pairs = [(server.certificate, server.key), *((each.certificate, each.key) for each in server.certificates)]
        return Greeting(
            open_certificates(pairs, server.min_tls_version),
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


def _limits_of(loaded: Loaded) -> Limits:
    """Give the limits in force: the settings' with as many connections as there can be descriptors for."""
    fitting, _ = allowed_connections(loaded.settings.limits.connections)
    return limits_in_force(loaded.settings, fitting)


def _networks(texts: tuple[str, ...]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)

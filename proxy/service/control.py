"""What there is only one of, however many serve: settings in force, switch, watch over trust, start and end as events.

Serving is `worker`'s, and what the admin API tells is put together in `admin_state`.
"""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from proxy.events.record import Event
from proxy.health.chorus import Chorus
from proxy.health.standing import Turn
from proxy.model.sites import Server, Site, Topology, TrustPolicy
from proxy.service.build import Outlets, others_of, server_speller
from proxy.service.checking import checks_of, make_checks
from proxy.service.checkup import servers_of
from proxy.service.crew import CannotApply, Crew, InForce
from proxy.service.generations import Generations
from proxy.service.health_talk import events_of
from proxy.service.load import Loaded
from proxy.service.policy_talk import doubts_of, policy_sentence
from proxy.service.share import count_workers, limits_of_worker, share_of, share_upstreams
from proxy.service.switches import RUN_TIME, Switches
from proxy.service.transports import Choice, choose
from proxy.settings.problems import SettingsInvalid
from proxy.settings.resolve import default_switch, to_topology
from proxy.upstream.attempt import Attempts
from proxy.upstream.dial import Watch
from proxy.upstream.monitor import Habits, Monitor
from proxy.upstream.probe import Prober
from proxy.upstream.tls import TlsContexts

STARTED, RELOADED, RELOAD_REFUSED, DRAINING, STOPPED = 14, 1010, 1011, 1012, 1013
DEFAULT_SWITCH, DESCRIPTORS_LOW = 1015, 1016
RESTART_KEYS = ("name", "listen", "redirect_listen", "admin", "workers", "state_dir")
"""Keys of [server] that are read once."""

Load = Callable[[], Loaded]
"""Reads the settings anew; raises SettingsInvalid."""


@dataclass(frozen=True, slots=True)
class Reload:
    """How a reload went."""

    at: float
    """Seconds since 1970."""
    ok: bool
    sentence: str
    """What is in force now, or why nothing has changed."""
    files: tuple[str, ...] = ()
    """Files that a refused configuration names; one that is missing may come."""


@dataclass(frozen=True, slots=True)
class Turned:
    """What turning the switch has done."""

    before: Topology
    """With the policies until now."""
    after: Topology
    """With those from now on."""
    default_before: tuple[bool, str]
    """Whether untrusted servers are used where a site has no value of its own, and who said so."""
    default_after: tuple[bool, str]
    """The same from now on."""
    closed: int
    """Idle connections that were closed."""


class Control:
    """The one part of a proxy that knows everything. `crew` must be given before `start`."""

    def __init__(self, loaded: Loaded, load: Load, outlets: Outlets, choice: Choice | None = None) -> None:
        loop = asyncio.get_running_loop()
        self._load = load
        self.outlets = outlets
        self.name = loaded.first_server
        """Our own name, parameter 1 of events."""
        self.started_at = self.loaded_at = time.time()
        """Seconds since 1970."""
        self.last_reload: Reload | None = None
        self._generations = Generations()
        self._start = {site.name: site.policy for site in loaded.topology.sites}
        transports = (choice or choose(loop)).transports
        self._contexts = TlsContexts()
        attempts = Attempts(self._contexts, transports)
        self._prober = Prober(attempts, lambda: datetime.now(UTC))
        self.monitor = Monitor(self._prober.probe, outlets.emit, self._renew, self.name, random.random)
        watch = Watch(
            refused=self.monitor.note_refusal, trusted=self.monitor.note_success, handshake=outlets.watch.handshake
        )
        self._checks = make_checks(attempts, self._prober, loop.time, self.name, tell=self._note_check, watch=watch)
        self._chorus = Chorus()
        self.in_force = InForce(0, self._compose(loaded, Switches()), Switches())
        self.crew: Crew
        self._changing = asyncio.Lock()
        self.changed: Callable[[], None] = lambda: None
        """Called when other settings have been put in force."""
        self._is_draining = self._is_started = False
        self._watch()

    # ── start ────────────────────────────────────────────────────────────────────────────────────

    def announce(self, addresses: list[tuple[str, int]], transports: str, *, again: bool = False) -> None:
        """Say that everybody serves, where, and under which policies; nothing when others have said so before."""
        self._is_started = True
        if again:
            return
        loaded, emit = self.in_force.loaded, self.outlets.emit
        listens = ", ".join(f"https://{host}:{port}" for host, port in addresses)
        workers = count_workers(loaded.settings)
        crowd = f" {workers} workers." if workers > 1 else ""
        note = f"Listens on {listens}. {policy_sentence(loaded)} {transports}{crowd}"
        emit(Event(id=STARTED, parameters=(self.name,), note=note))
        if loaded.is_default_switch:
            emit(Event(id=DEFAULT_SWITCH, parameters=(self.name,)))
        fitting = limits_of_worker(loaded.settings).connections
        if fitting < share_of(loaded.settings.limits.connections, workers):
            emit(Event(id=DESCRIPTORS_LOW, parameters=(self.name, str(fitting * workers))))
        self._warn()

    def is_ready(self) -> bool:
        """Tell whether new requests are welcome; backends and their trust do not count."""
        return self._is_started and not self._is_draining and self.crew.are_serving()

    @property
    def is_draining(self) -> bool:
        """Whether the end has begun."""
        return self._is_draining

    def tick(self, now: float) -> None:
        """Look at the servers whose turn it is. Called a few times a second with the loop's time."""
        self.monitor.tick(now)
        self._checks.tick(now)

    # ── changes ──────────────────────────────────────────────────────────────────────────────────

    async def reload(self) -> Reload:
        """Read the settings anew and have everybody work with them; what is wrong changes nothing and is said."""
        async with self._changing:
            try:
                fresh = self._load()
                await self._put_in_force(fresh, self.in_force.switches)
            except SettingsInvalid as invalid:
                return self._refuse(" ".join(str(invalid).split("\n")), invalid.files)
            except CannotApply as fault:
                return self._refuse(str(fault))
            sentence = policy_sentence(self.in_force.loaded) + self._unturned(fresh)
            self.outlets.emit(Event(id=RELOADED, parameters=(self.name,), note=sentence))
            self._warn()
            self.loaded_at = time.time()
            self.last_reload = Reload(self.loaded_at, ok=True, sentence=sentence)
            return self.last_reload

    async def turn_switch(self, site: str | None, allow: bool | None) -> Turned:
        """Turn the switch of a site, or of all for None; `allow` None takes back what was turned at run time.

        It is in force on every worker on return. Raises: CannotApply.
        """
        async with self._changing:
            before = self.in_force
            switches = before.switches.turn(site, allow)
            closed = await self._put_in_force(before.loaded, switches)
            return Turned(
                before.loaded.topology,
                self.in_force.loaded.topology,
                default_of(before),
                default_of(self.in_force),
                closed,
            )

    def adopt(self, in_force: InForce) -> bool:
        """Take over what somebody works with who has been here for longer; False when ours is as new."""
        if in_force.revision <= self.in_force.revision:
            return False
        self.in_force = in_force
        self._generations.go_on_after(in_force.loaded.topology)
        self._follow()
        return True

    def _refuse(self, sentence: str, files: tuple[str, ...] = ()) -> Reload:
        self.outlets.emit(Event(id=RELOAD_REFUSED, parameters=(self.name,), note=sentence))
        self.last_reload = Reload(time.time(), ok=False, sentence=sentence, files=files)
        return self.last_reload

    async def _put_in_force(self, loaded: Loaded, switches: Switches) -> int:
        before, after = self.in_force.loaded.settings.server, loaded.settings.server
        changed = [f"server.{key}" for key in RESTART_KEYS if getattr(before, key) != getattr(after, key)]
        if changed:
            raise CannotApply(f"{', '.join(changed)} changed, which takes a restart.")
        wanted = InForce(self.in_force.revision + 1, self._compose(loaded, switches), switches)
        closed = await self.crew.apply(wanted)
        self.in_force = wanted
        self._contexts.forget()
        self._follow()
        return closed

    def _compose(self, loaded: Loaded, switches: Switches) -> Loaded:
        """Put the switches on, and number the policies: one that changed gets a fresh number."""
        topology = switches.put_on(to_topology(loaded.parsed, {}))
        if loaded.settings.server.switch_takes_restart:
            topology = _as_at_start(topology, self._start)
        numbers = self._generations.number(topology)
        sites = tuple(
            replace(site, policy=replace(site.policy, generation=numbers[site.name])) for site in topology.sites
        )
        shared = share_upstreams(replace(topology, sites=sites), count_workers(loaded.settings))
        return replace(loaded, topology=shared)

    def _unturned(self, fresh: Loaded) -> str:
        """Tell which switches would stand otherwise if they did not take a restart."""
        if not fresh.settings.server.switch_takes_restart:
            return ""
        now = {site.name: site.policy.allow_untrusted for site in self.in_force.loaded.topology.sites}
        names = [site.name for site in fresh.topology.sites if site.policy.allow_untrusted != now[site.name]]
        return f" The switch of {', '.join(names)} changed, which takes a restart." if names else ""

    def _follow(self) -> None:
        self._watch()
        self.changed()

    def _watch(self) -> None:
        loaded = self.in_force.loaded
        settings = loaded.settings
        self._prober.others = others_of(loaded.topology)
        self.monitor.name_of = server_speller(settings)
        warning = timedelta(days=settings.monitor.expiry_warning)
        self._checks.watch(checks_of(loaded.topology))
        self.monitor.watch(
            servers_of(loaded.topology), Habits(interval=settings.monitor.interval, expiry_warning=warning)
        )

    def hear(self, who: int, turn: Turn) -> None:
        """Take what a worker, by its number, found out about a server; it is told once, however many find it out."""
        news = self._chorus.hear(who, turn)
        self._tell([news] if news is not None else [])

    def forget(self, who: int) -> None:
        """Forget what a worker found out that has gone."""
        self._tell(self._chorus.forget(who))

    def _tell(self, turns: list[Turn]) -> None:
        for turn in turns:
            for event in events_of(turn, self.name, self.monitor.name_of):
                self.outlets.emit(event)

    def _note_check(self, server: Server, policy: TrustPolicy, ok: bool, why: str) -> None:
        self.crew.note_check(server, policy, ok=ok, why=why)

    def _renew(self, server: Server, policy: TrustPolicy, trusted: bool) -> None:
        self.crew.renew(server, policy, trusted=trusted)

    def _warn(self) -> None:
        """Say what works, but will hardly be meant."""
        for doubt in doubts_of(self.in_force.loaded):
            self.outlets.emit(doubt)

    # ── end ──────────────────────────────────────────────────────────────────────────────────────

    def drain(self) -> None:
        """Say that the end has begun: nobody is welcome any more."""
        if not self._is_draining:
            self._is_draining = True
            self.outlets.emit(Event(id=DRAINING, parameters=(self.name,)))

    async def close_monitor(self) -> None:
        """Look at no server any more."""
        await self._checks.close()
        await self.monitor.close()

    def close(self) -> None:
        """Say that this is the end; may be called twice."""
        if self._is_started:
            self._is_started = False
            self.outlets.emit(Event(id=STOPPED, parameters=(self.name,)))


def _as_at_start(topology: Topology, start: Mapping[str, TrustPolicy]) -> Topology:
    """Give the topology with the switches of the start, where there was such a site."""

    def back(site: Site) -> Site:
        first = start.get(site.name, site.policy)
        policy = replace(site.policy, allow_untrusted=first.allow_untrusted, source=first.source)
        return replace(site, policy=policy)

    return replace(topology, sites=tuple(map(back, topology.sites)))


def default_of(in_force: InForce) -> tuple[bool, str]:
    """Give the switch for sites that have none of their own, and who said so."""
    turned = in_force.switches.default
    return default_switch(in_force.loaded.parsed) if turned is None else (turned, RUN_TIME)

"""A proxy in one process: control and one worker in the same event loop, which is easiest to look into."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from proxy.model.sites import Server, TrustPolicy
from proxy.service.admin_state import ControlState
from proxy.service.build import Outlets
from proxy.service.control import Load
from proxy.service.crew import InForce, Report
from proxy.service.load import Loaded
from proxy.service.office import Furnishing, Office
from proxy.service.sockets import Sockets, bind_all
from proxy.service.transports import Choice, choose
from proxy.service.worker import Worker
from proxy.upstream.dial import Watch

THE_WORKER = 1
"""Its number."""


class Single:
    """Serves while it lives. As a `Crew` it is its only member."""

    def __init__(
        self,
        loaded: Loaded,
        load: Load,
        outlets: Outlets,
        furnishing: Furnishing | None = None,
        choice: Choice | None = None,
    ) -> None:
        """Bind every address and put everything together.

        Raises: CannotListen, OSError or ssl.SSLError; nothing stays open then.
        """
        choice = choice or choose(asyncio.get_running_loop())
        self.sockets: Sockets = bind_all(loaded.settings.server)
        try:
            self.office = Office(loaded, load, outlets, furnishing, choice)
            control = self.control = self.office.control
            control.crew = self
            self.worker = Worker(control.in_force.loaded, self._outlets(outlets), self.sockets, choice=choice)
        except BaseException:
            self.sockets.close()
            raise
        self.add_sweep(self.office.tick)

    def _outlets(self, outlets: Outlets) -> Outlets:
        monitor, office = self.control.monitor, self.office
        watch = Watch(refused=monitor.note_refusal, trusted=monitor.note_success, handshake=office.meter.note_handshake)
        return replace(outlets, emit=office.emit, watch=watch, turned=partial(self.control.hear, THE_WORKER))

    @property
    def state(self) -> ControlState:
        """What the admin listener tells."""
        return self.office.state

    @property
    def name(self) -> str:
        """Our own name."""
        return self.control.name

    @property
    def port(self) -> int:
        """Port of the first HTTPS listener."""
        return self.sockets.https_addresses[0][1]

    @property
    def redirect_ports(self) -> list[int]:
        """Ports that answer plain HTTP."""
        return [each.getsockname()[1] for each in self.sockets.redirect]

    @property
    def admin_port(self) -> int:
        """Port of the admin listener."""
        return self.sockets.admin_port

    async def start(self) -> None:
        """Serve. Raises: OSError or ssl.SSLError, with nothing left open."""
        try:
            await self.office.start(self.sockets.admin)
            await self.worker.start()
        except BaseException:
            await self.stop()
            raise
        self.control.announce(self.sockets.https_addresses, self.worker.transport_sentence)

    def add_sweep(self, sweep: Callable[[float], None]) -> None:
        """Call `sweep` with every tick of the coarse clock."""
        self.worker.add_sweep(sweep)

    async def drain(self) -> bool:
        """Accept nothing new and let what is in flight finish; False when `timeouts.drain` cut something off."""
        self.control.drain()
        return await self.worker.drain()

    async def stop(self) -> None:
        """End at once; may be called twice."""
        await self.worker.stop()
        await self.office.close()
        self.sockets.close()
        self.control.close()

    # ── as a crew ────────────────────────────────────────────────────────────────────────────────

    async def apply(self, in_force: InForce) -> int:
        """Have the worker work with this; see `Crew`."""
        return self.worker.apply(in_force.loaded)

    def renew(self, server: Server, policy: TrustPolicy, *, trusted: bool) -> None:
        """Have the worker use no connection again that was made while a server's trust stood otherwise."""
        self.worker.renew(server, policy, trusted=trusted)

    def note_check(self, server: Server, policy: TrustPolicy, *, ok: bool, why: str) -> None:
        """Tell the worker how a check of a server went."""
        self.worker.note_check(server, policy, ok=ok, why=why)

    def are_serving(self) -> bool:
        """Tell whether the worker takes requests."""
        return self.worker.is_serving

    async def reports(self) -> list[Report]:
        """Ask the worker how it is doing."""
        return [self.worker.report()]

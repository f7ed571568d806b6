"""Control with what belongs to it: numbers, files that are watched, the admin listener; beside a worker or apart."""

import asyncio
import socket
import time
from dataclasses import dataclass, field, replace
from typing import Any

from proxy.admin.app import Admin
from proxy.events.record import Event
from proxy.metrics.gauges import Certificates
from proxy.metrics.meter import Meter
from proxy.metrics.totals import Totals
from proxy.service.admin_state import ControlState, Holdings
from proxy.service.build import Outlets
from proxy.service.control import Control, Load, Reload
from proxy.service.load import Loaded
from proxy.service.outlets import Logs
from proxy.service.transports import Choice
from proxy.service.watching import Watching, files_of
from proxy.sinks.recent import Recent
from proxy.upstream.dial import Watch

DOUBTFUL = 1017
THIS_PROCESS = 0
"""Stands for this process among those that count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Furnishing:
    """What may be there besides."""

    logs: Logs | None = None
    """Where events go in the end, to be told of and turned."""
    meter: Meter = field(default_factory=Meter)
    """Counts events; in one process requests, too."""
    lab_ca: bytes = b""
    """The lab's authority as PEM."""


class Office:
    """What there is only one of. Its `control` must be given a crew before it starts."""

    def __init__(
        self,
        loaded: Loaded,
        load: Load,
        outlets: Outlets,
        furnishing: Furnishing | None = None,
        choice: Choice | None = None,
    ) -> None:
        furnishing = furnishing or Furnishing()
        logs = furnishing.logs
        self.meter = furnishing.meter
        """Counts events, and in one process everything."""
        self.totals = Totals()
        """Adds up what all processes counted."""
        self._certificates = Certificates()
        self._recent = logs.recent if logs is not None else Recent()
        self._write = outlets.emit
        self._logs = logs
        if logs is not None:
            logs.tell = self.emit
        self.control = Control(
            loaded, load, replace(outlets, emit=self.emit, watch=Watch(handshake=self.meter.note_handshake)), choice
        )
        self.control.changed = self._adopt
        self._watching = Watching(files_of(loaded), self._ask)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._arrange()
        self.state = ControlState(
            Holdings(
                control=self.control,
                totals=self.totals,
                certificates=self._certificates,
                recent=self._recent,
                emit=self.emit,
                count=self._count,
                reload=self.reload,
                logs=logs,
                lab_ca=furnishing.lab_ca,
            )
        )
        self._admin = Admin(self.state)

    def emit(self, event: Event) -> None:
        """Count, keep and write an event."""
        self.meter.note_event(event)
        if self._logs is None:
            self._recent.write(event, time.time())
        self._write(event)

    async def start(self, sock: socket.socket) -> None:
        """Answer the admin API on a socket that is bound."""
        await self._admin.start_on(sock)

    async def reload(self) -> Reload:
        """Read the settings anew."""
        self._watching.look()
        told = await self.control.reload()
        self._watching.add(told.files)
        return told

    def tick(self, now: float) -> None:
        """Look at servers and files whose turn it is. Called with every tick of the coarse clock."""
        self.control.tick(now)
        self._watching.tick(now)

    async def close(self) -> None:
        """Answer nobody any more, and look at nothing."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.control.close_monitor()
        await self._admin.stop()

    def _count(self) -> None:
        if self._logs is not None:
            self._logs.access.flush()
        self.totals.take(THIS_PROCESS, self.meter.snapshot())

    def _adopt(self) -> None:
        """Follow settings that have been put in force."""
        self._arrange()
        loaded = self.control.in_force.loaded
        self._watching.adopt(files_of(loaded))
        if self._logs is not None:
            try:
                self._logs.adopt(loaded.settings)
            except OSError as fault:
                us, note = self.control.name, f"{fault.strerror or fault}. Events go where they went before."
                self.emit(Event(id=DOUBTFUL, parameters=(us, "events"), note=note))

    def _arrange(self) -> None:
        topology = self.control.in_force.loaded.topology
        for each in (self.totals, self.meter, self._certificates):
            each.arrange(topology)

    def _ask(self) -> None:
        task = asyncio.get_running_loop().create_task(self.reload(), name="reload of changed files")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

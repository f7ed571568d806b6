"""Control as a process of its own, beside workers: events, admin API, watch over trust; it serves no browser."""

import asyncio
import gc
import signal
import socket
from collections.abc import Callable
from functools import partial

from proxy.events.record import Event
from proxy.model.clock import Ticks
from proxy.service.build import Outlets
from proxy.service.calls import Calls
from proxy.service.defects import install_exception_handler
from proxy.service.fleet import Fleet
from proxy.service.heritage import Heritage
from proxy.service.load import Loaded
from proxy.service.memory import tune_collector
from proxy.service.office import Furnishing, Office
from proxy.service.outlets import Logs
from proxy.service.register import Register
from proxy.service.share import count_workers
from proxy.service.ticker import Ticker

DOUBTFUL = 1017


class ControlProcess:
    """Takes workers, tells and asks them, ends after them."""

    def __init__(self, heritage: Heritage, meeting: socket.socket, *, is_first: bool) -> None:
        """`is_first`: no control process was there before."""
        self._heritage = heritage
        self._meeting = meeting
        self._is_first = is_first

    async def run(self) -> int:
        """Control until SIGTERM says that the end has come, and then until the last worker has gone.

        Raises: OSError for a log that cannot be opened.
        """
        heritage = self._heritage
        addresses = heritage.sockets.https_addresses
        for each in heritage.sockets.browser_side():
            each.close()
        loaded = heritage.loaded
        logs = Logs(loaded.settings, loaded.first_server, colour=heritage.colour)
        try:
            await logs.start()
            office = Office(
                loaded, heritage.load, Outlets(emit=logs.hub.emit, record_access=None), Furnishing(logs=logs)
            )
            register = make_register(office, loaded)
            fleet = Fleet(office.control, office.totals, register, logs.access.write)
            fleet.expected = count_workers(loaded.settings) if self._is_first else 1
            office.control.crew = fleet
            fleet.everybody = partial(office.control.announce, addresses, again=not self._is_first)
            code = await self._control(office, fleet, [logs.tick, register.tick], logs.reopen)
            register.keep()
            office.control.close()
            return code
        finally:
            gc.unfreeze()
            logs.close()

    async def _control(
        self, office: Office, fleet: Fleet, sweeps: list[Callable[[float], None]], reopen: Callable[[], None]
    ) -> int:
        loop = asyncio.get_running_loop()
        install_exception_handler(loop, office.emit, office.control.name)
        calls = Calls(ends=(signal.SIGTERM,))
        self._heritage.watch_lifeline(calls.ask_to_end)
        calls.on(signal.SIGHUP, lambda: calls.begin(office.reload()))
        calls.on(signal.SIGUSR1, reopen)
        ticker = Ticker(Ticks(loop.time()), [office.tick, *sweeps])
        try:
            await office.start(self._heritage.sockets.admin)
            await fleet.listen(self._meeting)
            ticker.start()
            tune_collector()

            async def drain() -> bool:
                office.control.drain()
                await fleet.until_empty()
                return True

            return await calls.until_ended(drain)
        finally:
            ticker.stop()
            await calls.close()
            await fleet.close()
            await office.close()


def make_register(office: Office, loaded: Loaded) -> Register:
    """Make what remembers sign-ins; a file that cannot be used is told as an event."""
    us = office.control.name

    def tell(sentence: str) -> None:
        office.emit(Event(id=DOUBTFUL, parameters=(us, "server.state_dir"), note=sentence))

    server, directory = loaded.settings.server, loaded.settings.directory
    return Register(server.state_dir if directory.provider != "none" else "", tell)

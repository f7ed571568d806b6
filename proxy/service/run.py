"""Runs a proxy in the foreground: signals, reload, drain, exit code; several processes are `supervisor`'s."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

from proxy.metrics.meter import Meter
from proxy.service.calls import Calls
from proxy.service.control import Load
from proxy.service.load import Loaded
from proxy.service.memory import tune_allocator, tune_collector
from proxy.service.office import Furnishing
from proxy.service.outlets import Logs
from proxy.service.share import count_workers
from proxy.service.single import Single
from proxy.service.supervisor import supervise
from proxy.service.transports import new_loop


def serve(loaded: Loaded, load: Load, *, colour: bool = True) -> int:
    """Serve until a signal ends it; 0, or 5 when `timeouts.drain` cut something off.

    SIGHUP reads the settings anew, SIGUSR1 opens the logs anew; SIGTERM and SIGINT drain, a second one ends at once.
    Raises: CannotListen, OSError for a log that cannot be opened.
    """
    tune_allocator()
    if count_workers(loaded.settings) > 1:
        return supervise(loaded, load, colour=colour)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(serve_in_loop(loaded, load, colour=colour))


Reload = Callable[[], Coroutine[Any, Any, object]]
"""Reads settings anew."""


async def serve_in_loop(
    loaded: Loaded,
    load: Load,
    *,
    colour: bool = True,
    tell: Callable[[Single], None] = lambda _proxy: None,
    beside: Sequence[Reload] = (),
    lab_ca: bytes = b"",
) -> int:
    """Do the same in one process, beside other things in the running loop.

    `tell` gets the proxy once it serves; SIGHUP is for those in `beside`, too; `lab_ca` is told at `/ca`.
    """
    async with housed(loaded, load, colour=colour, lab_ca=lab_ca) as (proxy, logs):
        calls = Calls()  # before anybody can read that it has started: a signal would kill it
        calls.on(signal.SIGHUP, lambda: calls.begin(*(reload() for reload in (proxy.office.reload, *beside))))
        calls.on(signal.SIGUSR1, logs.reopen)
        await proxy.start()
        try:
            tune_collector()
            tell(proxy)
            return await calls.until_ended(proxy.drain)
        finally:
            await calls.close()
            gc.unfreeze()


@asynccontextmanager
async def housed(
    loaded: Loaded, load: Load, *, colour: bool, lab_ca: bytes = b""
) -> AsyncIterator[tuple[Single, Logs]]:
    """Make a proxy with its logs, to be started by the caller; both end with the block.

    Raises: CannotListen, OSError or ssl.SSLError.
    """
    meter = Meter()
    logs = Logs(loaded.settings, loaded.first_server, colour=colour, count=meter.count)
    try:
        await logs.start()
        proxy = Single(loaded, load, logs.outlets, Furnishing(logs=logs, meter=meter, lab_ca=lab_ca))
        proxy.add_sweep(logs.tick)
        try:
            yield proxy, logs
        finally:
            await asyncio.shield(proxy.stop())
    finally:
        logs.close()

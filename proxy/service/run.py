"""Runs one worker in the foreground: signals, reload, drain, exit code; the worker itself is in `worker`."""

import asyncio
import gc
import signal
import ssl
from collections.abc import Callable

from proxy.front.listener import CannotListen
from proxy.service.load import Loaded
from proxy.service.memory import tune_allocator, tune_collector
from proxy.service.outlets import Logs
from proxy.service.transports import new_loop
from proxy.service.worker import NeedsRestart, Worker
from proxy.settings.problems import SettingsInvalid

OK, DRAIN_CUT = 0, 5
"""Exit codes."""

Load = Callable[[], Loaded]
"""Reads the settings anew; raises SettingsInvalid."""


def serve(loaded: Loaded, load: Load, *, colour: bool = True) -> int:
    """Serve until a signal ends it; 0, or 5 when `timeouts.drain` cut something off.

    SIGHUP reads the settings anew, SIGUSR1 opens the access log anew; SIGTERM and SIGINT drain, a second one ends at
    once.
    Raises: CannotListen, OSError for a log that cannot be opened.
    """
    tune_allocator()
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(serve_in_loop(loaded, load, colour=colour))


async def serve_in_loop(
    loaded: Loaded, load: Load, *, colour: bool = True, tell: Callable[[Worker], None] = lambda _worker: None
) -> int:
    """Do the same beside other things in the running loop; `tell` gets the worker once it serves."""
    logs = Logs(loaded.settings, loaded.first_server, colour=colour)
    try:
        worker = Worker(loaded, logs.outlets)
        worker.add_sweep(logs.tick)
        calls = _Calls(worker, load, logs)  # before anybody can read that it has started: a signal would kill it
        await worker.start()
        try:
            tune_collector()
            tell(worker)
            return await calls.until_ended()
        finally:
            await worker.stop()
    finally:
        gc.unfreeze()
        logs.close()


class _Calls:
    """What signals ask for."""

    def __init__(self, worker: Worker, load: Load, logs: Logs) -> None:
        self._worker = worker
        self._load = load
        self._end = asyncio.Event()
        self._now = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ask_to_end)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        loop.add_signal_handler(signal.SIGUSR1, logs.reopen)

    async def until_ended(self) -> int:
        """Wait for the end, drain, and give the exit code."""
        await self._end.wait()
        loop = asyncio.get_running_loop()
        drain = loop.create_task(self._worker.drain(), name="drain")
        hurry = loop.create_task(self._now.wait(), name="second signal")
        await asyncio.wait((drain, hurry), return_when=asyncio.FIRST_COMPLETED)
        finished = drain.done() and drain.result()
        for task in (drain, hurry):
            task.cancel()
        await asyncio.gather(drain, hurry, return_exceptions=True)
        return OK if finished else DRAIN_CUT

    def _ask_to_end(self) -> None:
        if self._end.is_set():
            self._now.set()
        self._end.set()

    def _reload(self) -> None:
        try:
            self._worker.reload(self._load())
        except SettingsInvalid as invalid:
            self._worker.refuse_reload(" ".join(str(invalid).split("\n")))
        except (NeedsRestart, CannotListen) as fault:
            self._worker.refuse_reload(str(fault))
        except (OSError, ssl.SSLError) as fault:
            self._worker.refuse_reload(f"A file could not be read: {fault.strerror or fault}.")

"""The real admin listener about a state that a test turns by hand, in a thread: commands block while they ask."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TypeVar

from aiohttp import web

from proxy.admin.app import make_app
from proxy.admin.following import FOLLOWERS
from tests.admin_double import DoubleState
from tests.loopback import until

T = TypeVar("T")


class RunningAdmin:
    """A listener that runs."""

    def __init__(self, state: DoubleState, loop: asyncio.AbstractEventLoop) -> None:
        self.state = state
        self.port = 0
        self._loop = loop
        self._runner: web.AppRunner | None = None

    @property
    def address(self) -> str:
        """Its address."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen, at the same port as before if there was one."""
        self._wait(self._start())

    def stop(self) -> None:
        """End, and every connection with it."""
        runner, self._runner = self._runner, None
        if runner is not None:
            self._wait(runner.cleanup())

    def restart(self, state: DoubleState) -> None:
        """Listen at the same port about another state, as a proxy does that was started anew."""
        self.stop()
        self.state = state
        self.start()

    @property
    def followers(self) -> int:
        """How many follow the events."""
        return 0 if self._runner is None else len(self._runner.app[FOLLOWERS])

    def until(self, condition: Callable[[], bool], complaint: str) -> None:
        """Wait until `condition` holds."""
        self._wait(until(condition, complaint))

    def cut(self) -> None:
        """Break the connections of all who follow, and listen on."""
        self.do(lambda: [each.cut() for each in list(self._runner.app[FOLLOWERS]._followers)])

    def do(self, work: Callable[[], T]) -> T:
        """Do something where the listener runs, and give what comes of it."""

        async def working() -> T:
            return work()

        return self._wait(working())

    async def _start(self) -> None:
        self._runner = web.AppRunner(make_app(self.state), access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    def _wait(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)


@contextmanager
def running_admin(state: DoubleState | None = None) -> Iterator[RunningAdmin]:
    """Run the listener on a free port until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="admin")
    thread.start()
    running = RunningAdmin(state or DoubleState(), loop)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        running.until(lambda: len(asyncio.all_tasks(loop)) <= 1, "something of the listener goes on")
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()

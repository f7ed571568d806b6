"""A few threads for a library that waits in them: a bounded number, and a bounded number that wait for one."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from proxy.accounts.provider import Busy, ProviderDown

Result = TypeVar("Result")


class Threads:
    """Runs functions off the loop."""

    def __init__(self, name: str, *, threads: int, waiting: int) -> None:
        """At most `threads` run at once, at most `waiting` wait."""
        self._free = threading.Semaphore(threads + waiting)
        self._is_closed = False
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def run(self, work: Callable[[], Result], seconds: float) -> Result:
        """Give what `work` returns, or raise what it raises; it should end by itself within `seconds`.

        One that does not keeps its thread, but nobody waits for it any longer. Raises: Busy when too many wait;
        ProviderDown when it takes too long, and when closed.
        """
        self._refuse_closed()
        if not self._free.acquire(blocking=False):
            raise Busy("Too many look-ups wait for the directory.")
        future = self._pool.submit(self._run, work)
        future.add_done_callback(lambda _: self._free.release())
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise ProviderDown(f"The directory did not answer within {seconds:g} seconds.") from None

    async def close(self) -> None:
        """End the threads; what has not begun raises ProviderDown."""
        self._is_closed = True
        await asyncio.to_thread(self._pool.shutdown)

    def _run(self, work: Callable[[], Result]) -> Result:
        self._refuse_closed()
        return work()

    def _refuse_closed(self) -> None:
        if self._is_closed:
            raise ProviderDown("The directory is no longer asked: the proxy is stopping.")

"""What signals ask of a process: to drain and end, and whatever its owner takes signals for."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

HURRY = signal.SIGUSR2
"""Ends at once."""

OK, DRAIN_CUT = 0, 5
"""Exit codes."""


class Calls:
    """The signals of the running loop: those in `ends` begin the end, a second one hurries, and so does HURRY.

    Two signals of one kind may become one on their way, two of different kinds do not.
    """

    def __init__(self, ends: tuple[signal.Signals, ...] = (signal.SIGTERM, signal.SIGINT)) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        self._now = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        for number in ends:
            self.on(number, self.ask_to_end)
        self.on(HURRY, self._hurry)

    def on(self, number: signal.Signals, answer: Callable[[], object]) -> None:
        """Call `answer` when the signal comes."""
        self._loop.add_signal_handler(number, answer)

    def begin(self, *works: Coroutine[Any, Any, object]) -> None:
        """Begin what a signal asked for."""
        for work in works:
            task = self._loop.create_task(work, name="asked for by a signal")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def ask_to_end(self) -> None:
        """Begin the end; the second time: hurry."""
        if self._end.is_set():
            self._now.set()
        self._end.set()

    def _hurry(self) -> None:
        self._end.set()
        self._now.set()

    async def unless_ended(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Wait for `work`, and give what it gives; None, and it is broken off, when the end begins before."""
        doing = self._loop.create_task(work, name="before the end")
        ending = self._loop.create_task(self._end.wait(), name="end")
        await asyncio.wait((doing, ending), return_when=asyncio.FIRST_COMPLETED)
        result = doing.result() if doing.done() else None
        for task in (doing, ending):
            task.cancel()
        await asyncio.gather(doing, ending, return_exceptions=True)
        return result

    async def until_ended(self, drain: Callable[[], Coroutine[Any, Any, bool]]) -> int:
        """Wait for the end, drain, and give the exit code."""
        await self._end.wait()
        draining = self._loop.create_task(drain(), name="drain")
        hurry = self._loop.create_task(self._now.wait(), name="second signal")
        await asyncio.wait((draining, hurry), return_when=asyncio.FIRST_COMPLETED)
        finished = draining.done() and draining.result()
        for task in (draining, hurry):
            task.cancel()
        await asyncio.gather(draining, hurry, return_exceptions=True)
        return OK if finished else DRAIN_CUT

    async def close(self) -> None:
        """Break off what signals asked for."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

"""Turns the coarse clock and enforces time limits, a few times a second; what a limit means is left to its owner."""

import asyncio
from collections.abc import Callable, Sequence

from proxy.model.clock import Ticks

INTERVAL_SECONDS = 0.25
"""Accuracy of every time limit in the data path; a walk over 10,000 connections takes a millisecond."""


class Ticker:
    """Moves `ticks` on and calls the sweeps with the time. One timer for the whole process."""

    def __init__(self, ticks: Ticks, sweeps: Sequence[Callable[[float], None]]) -> None:
        self._ticks = ticks
        self._sweeps = sweeps
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._due: list[asyncio.Handle] = []

    def start(self) -> None:
        """Begin to tick. Each sweep is a call of its own: a defect in one stops neither the clock nor the others."""
        self._ticks.now = now = self._loop.time()
        self._timer = self._loop.call_later(INTERVAL_SECONDS, self.start)
        self._due = [self._loop.call_soon(sweep, now) for sweep in self._sweeps]

    def stop(self) -> None:
        """Tick no more. Calling it again does nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for call in self._due:
            call.cancel()

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

    def start(self) -> None:
        """Begin to tick."""
        self._ticks.now = now = self._loop.time()
        self._timer = self._loop.call_later(INTERVAL_SECONDS, self._tick)
        for sweep in self._sweeps:
            sweep(now)

    def stop(self) -> None:
        """Tick no more. Calling it again does nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        try:
            self.start()
        except BaseException:
            # A defect in one sweep must not stop the clock: time limits are what protects everybody else.
            self._timer = self._loop.call_later(INTERVAL_SECONDS, self._tick)
            raise

"""Stamps events with the time and hands them to every sink; what a sink does with them is its own affair."""

from collections.abc import Callable, Sequence
from typing import Protocol

from proxy.events.record import Event


class Sink(Protocol):
    """A place events go to. None of its methods waits or raises."""

    def write(self, event: Event, at: float) -> None:
        """Take an event that happened at that time, in seconds since 1970."""
        ...

    def tick(self, now: float) -> None:
        """Write what waits for its time; called about every second."""
        ...

    def close(self, now: float) -> None:
        """Write all that waits. The sink is not used afterwards."""
        ...


class Hub:
    """The one place events are emitted to. `Hub.emit` is an `Emit`."""

    def __init__(self, sinks: Sequence[Sink], clock: Callable[[], float]) -> None:
        self._sinks = tuple(sinks)
        self._clock = clock

    def adopt(self, sinks: Sequence[Sink]) -> None:
        """Give events to these sinks from now on; those that are no longer among them are the caller's to close."""
        self._sinks = tuple(sinks)

    def emit(self, event: Event) -> None:
        """Stamp an event and give it to every sink. Never waits, never raises."""
        at = self._clock()
        for sink in self._sinks:
            sink.write(event, at)

    def tick(self) -> None:
        """Let every sink write what waits for its time. The caller owns the timer, about one second."""
        now = self._clock()
        for sink in self._sinks:
            sink.tick(now)

    def close(self) -> None:
        """Let every sink write all that waits."""
        now = self._clock()
        for sink in self._sinks:
            sink.close(now)

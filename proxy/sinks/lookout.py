"""Notices when a sink loses records or cannot be written, and when that is over; telling it is one event each.

The event that a sink works again is written to that sink, too: whoever reads it finds the gap and its size in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from proxy.events.record import Emit, Event

WORKS_AGAIN, CANNOT_WRITE = 1045, 1046


class Observed(Protocol):
    """What is looked at."""

    @property
    def name(self) -> str:
        """What the sink is called; no two have the same name."""
        ...

    @property
    def lost(self) -> int:
        """Records that it has lost so far."""
        ...

    @property
    def trouble(self) -> str:
        """Why it takes no records now, the end of a sentence; empty when it does."""
        ...


@dataclass(slots=True)
class _Standing:
    lost: int = 0
    """Losses that are told, or that were there when the trouble began."""
    is_in_trouble: bool = False


class Lookout:
    """Remembers how each sink was."""

    def __init__(self, first_server: str, emit: Emit) -> None:
        self._first_server = first_server
        self._emit = emit
        self._standings: dict[str, _Standing] = {}

    def look(self, sinks: Iterable[Observed]) -> None:
        """Tell what has changed since the last look; called about every second."""
        for sink in sinks:
            standing = self._standings.setdefault(sink.name, _Standing())
            trouble, lost = sink.trouble, sink.lost
            if trouble:
                self._begin(sink.name, standing, trouble)
            elif standing.is_in_trouble or lost > standing.lost:
                self._end(sink.name, standing, lost)

    def forget(self, names: Iterable[str]) -> None:
        """Forget sinks that are no more, so that new ones of their names begin anew."""
        for name in names:
            self._standings.pop(name, None)

    def _begin(self, name: str, standing: _Standing, trouble: str) -> None:
        if not standing.is_in_trouble:
            standing.is_in_trouble = True
            note = f"{trouble[:1].upper()}{trouble[1:]}."
            self._emit(Event(id=CANNOT_WRITE, parameters=(self._first_server, name), note=note))

    def _end(self, name: str, standing: _Standing, lost: int) -> None:
        missing, standing.lost, standing.is_in_trouble = lost - standing.lost, lost, False
        self._emit(Event(id=WORKS_AGAIN, parameters=(self._first_server, name, str(missing))))

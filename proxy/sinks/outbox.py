"""A sink that decides what is worth sending and hands it to a courier; carrying it is the courier's."""

from proxy.events.catalogue import CATALOGUE
from proxy.events.formats import LEVEL_WORDS, Tally
from proxy.events.record import Event
from proxy.events.throttle import PER_SECOND, RateBound, Throttle
from proxy.sinks.courier import Courier
from proxy.sinks.renderers import Letter

GRAVITY = {"debug": 0, "info": 1, "warning": 2, "error": 3}
"""Levels by how grave they are."""


class Outbox:
    """Every event for machines, at most so many per second; with a `period` repeats are held back as for people."""

    def __init__(
        self, courier: Courier, *, level: str = "info", period: float | None = None, per_second: int = PER_SECOND
    ) -> None:
        self._courier = courier
        self._least = GRAVITY[level]
        self._throttle = None if period is None else Throttle(period)
        self._bound = RateBound(per_second)
        self._number = 0

    @property
    def name(self) -> str:
        """What the place is called."""
        return self._courier.name

    @property
    def lost(self) -> int:
        """Records that could not be delivered."""
        return self._courier.lost

    @property
    def trouble(self) -> str:
        """Why records do not arrive now; empty when they do."""
        return self._courier.trouble

    @property
    def is_alive(self) -> bool:
        """Whether records are still on their way, or may be."""
        return self._courier.is_alive

    def start(self) -> None:
        """Begin to deliver."""
        self._courier.start()

    def write(self, event: Event, at: float) -> None:
        """Send the event, or hold it back and count it."""
        if GRAVITY[LEVEL_WORDS[CATALOGUE[event.id].level]] < self._least:
            return
        if self._throttle is not None:
            for told in self._throttle.admit(event, at):
                self._post(told.event, at, Tally(repeats=told.repeats, seconds=told.seconds))
        elif (left_out := self._bound.admit(event, at)) is not None:
            self._post(event, at, Tally(left_out=left_out))

    def tick(self, now: float) -> None:
        """Send the summaries that are due."""
        if self._throttle is not None:
            for told in self._throttle.due(now):
                self._post(told.event, now, Tally(repeats=told.repeats, seconds=told.seconds))
        for event, left_out in self._bound.due(now):
            self._post(event, now, Tally(left_out=left_out))

    def reopen(self) -> None:
        """Let the place begin anew."""
        self._courier.reopen()

    def close(self, now: float) -> None:
        """Send what is outstanding and let the courier end; `join` waits for it."""
        if self._throttle is not None:
            for told in self._throttle.close(now):
                self._post(told.event, now, Tally(repeats=told.repeats, seconds=told.seconds))
        for event, left_out in self._bound.close():
            self._post(event, now, Tally(left_out=left_out))
        self._courier.close()

    def join(self, seconds: float) -> None:
        """Wait so long for the courier, after `close`."""
        self._courier.join(seconds)

    def _post(self, event: Event, at: float, tally: Tally) -> None:
        self._number += 1
        self._courier.put(Letter(event, at, tally, self._number))

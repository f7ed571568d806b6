"""Decides which repeats of an event are written; writing is left to `sinks`. Time comes in as `now`, in seconds.

`Throttle` is for what people read: an event at once, then silence for the period, then how many there were.
`RateBound` is for what machines read: everything up to a number per second, then how many were left out.
Neither loses count: every occurrence is either written or is in the number of exactly one written record.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from proxy.events.record import Event

PERIOD = 900.0
"""Seconds of silence, as in Exchange: `events.throttle`."""

PER_SECOND = 100
"""Records per second and event number."""

_CAPACITY = 1024
"""Keys remembered; beyond it the oldest is told and forgotten."""

_Key = tuple[int, str, str, int]


class Told(NamedTuple):
    """Something to write now."""

    event: Event
    """The first occurrence, or the last suppressed one."""
    repeats: int = 0
    """Suppressed occurrences this one stands for; 0 means it is written for itself."""
    seconds: float = 0.0
    """The time within which they happened."""


@dataclass(slots=True)
class _Silence:
    since: float
    last: Event
    repeats: int = 0

    def told(self, now: float) -> list[Told]:
        return [Told(self.last, self.repeats, max(now - self.since, 0.0))] if self.repeats else []


def key_of(event: Event) -> _Key:
    """Tell what makes two occurrences the same: number, target, reason and generation of the trust policy."""
    target = event.server or "".join(event.parameters[1:2])
    return (event.id, target, event.reason, event.generation)


class Throttle:
    """First at once, then silence for a period, then a summary with the exact number."""

    def __init__(self, period: float = PERIOD, capacity: int = _CAPACITY) -> None:
        self._period = period
        self._capacity = max(capacity, 1)
        self._silences: dict[_Key, _Silence] = {}

    def admit(self, event: Event, now: float) -> list[Told]:
        """Take an occurrence; returns what is to be written now, summaries that are due first."""
        told = self.due(now)
        key = key_of(event)
        silence = self._silences.get(key)
        if silence is not None:
            silence.repeats += 1
            silence.last = event
            return told
        if len(self._silences) >= self._capacity:
            told += self._end(next(iter(self._silences)), now)
        self._silences[key] = _Silence(now, event)
        return [*told, Told(event)]

    def due(self, now: float) -> list[Told]:
        """Return the summaries of the periods that are over; the oldest stands first, so few are looked at."""
        told: list[Told] = []
        while self._silences:
            key, silence = next(iter(self._silences.items()))
            if silence.since + self._period > now:
                break
            told += self._end(key, now)
        return told

    def close(self, now: float) -> list[Told]:
        """Return every summary that is outstanding and forget everything."""
        return [told for key in list(self._silences) for told in self._end(key, now)]

    def _end(self, key: _Key, now: float) -> list[Told]:
        return self._silences.pop(key).told(now)


@dataclass(slots=True)
class _Second:
    number: int
    written: int = 0
    left_out: int = 0
    last: Event | None = None


class RateBound:
    """At most so many records per second and event number; what was left out stands in the next one."""

    def __init__(self, per_second: int = PER_SECOND) -> None:
        self._per_second = max(per_second, 1)
        self._seconds: dict[int, _Second] = {}

    def admit(self, event: Event, now: float) -> int | None:
        """Take an occurrence; returns None to leave it out, else how many were left out just before it."""
        second = self._seconds.setdefault(event.id, _Second(int(now)))
        if second.number != int(now):
            second.number, second.written = int(now), 0
        if second.written >= self._per_second:
            second.left_out += 1
            second.last = event
            return None
        second.written += 1
        left_out, second.left_out, second.last = second.left_out, 0, None
        return left_out

    def due(self, now: float) -> list[tuple[Event, int]]:
        """Return the last event left out in an earlier second, with the number of those before it."""
        return self._take(lambda second: second.number != int(now))

    def close(self) -> list[tuple[Event, int]]:
        """Return all that waits, whatever the time."""
        return self._take(lambda _: True)

    def _take(self, ready: Callable[[_Second], bool]) -> list[tuple[Event, int]]:
        taken: list[tuple[Event, int]] = []
        for second in self._seconds.values():
            if second.last is not None and ready(second):
                taken.append((second.last, second.left_out - 1))
                second.left_out, second.last = 0, None
        return taken

"""Counts what happened in one process: batches of access entries, handshakes, events; adding up is left to `totals`.

Tuned: an entry costs less than a microsecond (tests/bench). The counters of a way, a method and a status are found by
one lookup; the labels they belong to are worked out when a snapshot is taken, not for each request.
"""

from bisect import bisect_left
from collections.abc import Iterable

from proxy.events.access import AccessEntry, Way
from proxy.events.record import Event
from proxy.metrics.bounds import CODE_WORDS, METHOD_WORDS, OTHER
from proxy.metrics.names import (
    BUCKETS,
    DURATION,
    EVENTS,
    HANDSHAKES,
    REDIRECTS,
    REQUESTS,
    SIGN_INS,
    TRUST_FAILURES,
    UPSTREAM_DURATION,
    UPSTREAM_REQUESTS,
    Labels,
    Snapshot,
    empty_histogram,
)
from proxy.metrics.places import places_of
from proxy.model.reply import Deed
from proxy.model.sites import Server, Topology

NO_ANSWER = "none"
"""Stands for the status of a server that gave none."""
SIGN_IN_DEEDS = (Deed.SIGNED_IN, Deed.WRONG_PASSWORD, Deed.STOPPED, Deed.UNUSABLE_FORM)
"""What can come of a form; their words are labels."""

_NONE = Deed.NONE  # up to Python 3.11 a member is looked up in a slow way
_Key = tuple[Way, str, str]


class _Cell:
    """The counters of one way, method and status; the histograms are shared with others of the site and server."""

    __slots__ = ("answered", "durations", "unanswered", "waits")

    def __init__(self, durations: list[float], waits: list[float]) -> None:
        self.answered = 0
        self.unanswered = 0
        self.durations = durations
        self.waits = waits


class Meter:
    """The counters of one process. They only ever grow, except for sites and servers that leave the settings."""

    def __init__(self) -> None:
        self._cells: dict[_Key, _Cell] = {}
        self._durations: dict[Labels, list[float]] = {}
        self._waits: dict[Labels, list[float]] = {}
        self._redirects: dict[Labels, float] = {}
        self._sign_ins: dict[Labels, float] = {}
        self._handshakes: dict[Labels, float] = {}
        self._failures: dict[Labels, float] = {}
        self._events: dict[int, int] = {}

    # ── what happened ────────────────────────────────────────────────────────────────────────────

    def count(self, entries: Iterable[AccessEntry]) -> None:
        """Count a batch of answered requests."""
        cells = self._cells
        for entry in entries:
            way, seconds, wait = entry.way, entry.seconds, entry.answer_seconds
            key = (way, METHOD_WORDS.get(entry.method, OTHER), CODE_WORDS.get(entry.status, OTHER))
            cell = cells.get(key)
            if cell is None:
                cell = self._cell(key)
            durations = cell.durations
            durations[bisect_left(BUCKETS, seconds)] += 1
            durations[-1] += seconds
            if wait:
                cell.answered += 1
                waits = cell.waits
                waits[bisect_left(BUCKETS, wait)] += 1
                waits[-1] += wait
            else:
                cell.unanswered += 1
            if entry.deed is not _NONE:
                self._note_deed(entry.deed, way.site)

    def note_handshake(self, server: Server, outcome: str, reason: str) -> None:
        """Count a handshake with a server; `reason` is why its verification failed, empty when none did."""
        _add(self._handshakes, (server.site, server.authority, outcome))
        if reason:
            _add(self._failures, (server.site, server.authority, reason))

    def note_event(self, event: Event) -> None:
        """Count an event. Where several processes emit to one, that one counts."""
        self._events[event.id] = self._events.get(event.id, 0) + 1

    def arrange(self, topology: Topology) -> None:
        """Forget the sites and servers that are no longer in the settings, so that reloads pile nothing up."""
        places = places_of(topology)
        for key in [key for key in self._cells if not places.hold(key[0].site, key[0].server)]:
            del self._cells[key]
        places.prune(self._durations, DURATION)
        places.prune(self._waits, UPSTREAM_DURATION)
        places.prune(self._redirects, REDIRECTS)
        places.prune(self._handshakes, HANDSHAKES)
        places.prune(self._failures, TRUST_FAILURES)

    # ── what is told ─────────────────────────────────────────────────────────────────────────────

    def snapshot(self) -> Snapshot:
        """Give all that has been counted so far, as values of its own."""
        requests: dict[Labels, float] = {}
        upstream: dict[Labels, float] = {}
        for (way, method, code), cell in self._cells.items():
            _add(requests, (way.site, method, code), cell.answered + cell.unanswered)
            if way.server:
                _add(upstream, (way.site, way.server, code), cell.answered)
                _add(upstream, (way.site, way.server, NO_ANSWER), cell.unanswered)
        return {
            REQUESTS: {**requests},
            DURATION: {labels: [*held] for labels, held in self._durations.items()},
            REDIRECTS: {**self._redirects},
            SIGN_INS: {**self._sign_ins},
            UPSTREAM_REQUESTS: {**upstream},
            UPSTREAM_DURATION: {labels: [*held] for labels, held in self._waits.items()},
            HANDSHAKES: {**self._handshakes},
            TRUST_FAILURES: {**self._failures},
            EVENTS: {(str(number),): count for number, count in self._events.items()},
        }

    def _cell(self, key: _Key) -> _Cell:
        way = key[0]
        durations = self._durations.setdefault((way.site,), empty_histogram())
        place = (way.site, way.server)
        waits = self._waits.setdefault(place, empty_histogram()) if way.server else empty_histogram()
        cell = self._cells[key] = _Cell(durations, waits)
        return cell

    def _note_deed(self, deed: Deed, site: str) -> None:
        if deed in SIGN_IN_DEEDS:
            _add(self._sign_ins, (deed.value,))
        else:
            _add(self._redirects, (site,))


def _add(counters: dict[Labels, float], labels: Labels, number: float = 1) -> None:
    if number:
        counters[labels] = counters.get(labels, 0) + number

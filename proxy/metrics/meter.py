"""Counts what happened in one process: batches of access entries, handshakes, events; adding up is left to `totals`.

Tuned: an entry costs a quarter of a microsecond in a large batch (tests/bench). The counters of a way, a method and a
status are found once for a batch; the labels they belong to are worked out when a snapshot is taken.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import filterfalse
from operator import itemgetter

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

_AT = AccessEntry._fields.index
_WAY, _WAIT = itemgetter(_AT("way")), itemgetter(_AT("answer_seconds"))
_SECONDS, _DEED = itemgetter(_AT("seconds")), itemgetter(_AT("deed"))
_KIND = itemgetter(_AT("method"), _AT("status"))
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

    def count(self, entries: Sequence[AccessEntry]) -> None:
        """Count a batch of answered requests.

        Tuned: entries are grouped and added up by what is written in C; one by one they took four times as long.
        """
        groups: defaultdict[Way, list[AccessEntry]] = defaultdict(list)
        for way, entry in zip(map(_WAY, entries), entries, strict=True):
            groups[way].append(entry)
        for way, group in groups.items():
            self._count_at(way, group)

    def _count_at(self, way: Way, group: list[AccessEntry]) -> None:
        waits = [*filter(None, map(_WAIT, group))]
        silent = Counter(map(_KIND, filterfalse(_WAIT, group))) if len(waits) < len(group) else Counter()
        cell = None
        for kind, number in Counter(map(_KIND, group)).items():
            cell = self._cell_of(way, *kind)
            unanswered = silent[kind]
            cell.unanswered += unanswered
            cell.answered += number - unanswered
        assert cell is not None
        _spread(cell.durations, [*map(_SECONDS, group)])
        _spread(cell.waits, waits)
        for deed in map(_DEED, group):
            if deed is not _NONE:
                self._note_deed(deed, way.site)

    def _cell_of(self, way: Way, method: bytes, status: int) -> "_Cell":
        key = (way, METHOD_WORDS.get(method, OTHER), CODE_WORDS.get(status, OTHER))
        return self._cells.get(key) or self._cell(key)

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


def _spread(held: list[float], values: list[float]) -> None:
    """Add values to a histogram. A bound belongs to its bucket; the fastest come first, so few bounds are looked at."""
    values.sort()
    held[-1] += sum(values)
    before = 0
    for bucket, bound in enumerate(BUCKETS):
        if before == len(values):
            return
        upto = bisect_right(values, bound)
        held[bucket] += upto - before
        before = upto
    held[len(BUCKETS)] += len(values) - before


def _add(counters: dict[Labels, float], labels: Labels, number: float = 1) -> None:
    if number:
        counters[labels] = counters.get(labels, 0) + number

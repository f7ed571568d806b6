"""Adds up what several processes counted, those that have ended too, and puts zeros where nothing was counted yet.

A counter that appears with its first increment hides that increment from `rate()` and `increase()`; so every site,
server, reason, outcome and event is there from the start.
"""

from collections.abc import Hashable, Iterable
from typing import NamedTuple

from proxy.events.catalogue import CATALOGUE
from proxy.metrics.meter import SIGN_IN_DEEDS
from proxy.metrics.names import (
    DURATION,
    EVENTS,
    HANDSHAKES,
    REDIRECTS,
    REQUESTS,
    SIGN_INS,
    TRUST_FAILURES,
    UPSTREAM_DURATION,
    Labels,
    Snapshot,
    Value,
    empty_histogram,
)
from proxy.metrics.places import Places, places_of
from proxy.model.sites import Topology
from proxy.model.verdict import Reason

OUTCOMES = ("trusted", "allowed_untrusted", "refused", "error")
"""How a handshake with a server can end."""
SERVER_FAULT = "5"
"""First digit of the statuses that count as errors."""


class Traffic(NamedTuple):
    """What a site has had to do since the start."""

    requests: int = 0
    """Requests answered."""
    errors: int = 0
    """Those answered with 500 to 599."""
    seconds: float = 0.0
    """Their durations, added up."""


class Totals:
    """What all processes have counted. Sums never fall while a worker is replaced."""

    def __init__(self) -> None:
        self._zeros: Snapshot = {}
        self._ended: Snapshot = {}
        self._latest: dict[Hashable, Snapshot] = {}

    def arrange(self, topology: Topology) -> None:
        """Put everything of these sites there at 0, and forget what ended processes counted for others."""
        places = places_of(topology)
        self._zeros = zeros_of(places)
        for name, series in self._ended.items():
            places.prune(series, name)

    def take(self, process: Hashable, snapshot: Snapshot) -> None:
        """Take all that a process has counted so far, in place of what it told before."""
        self._latest[process] = snapshot

    def retire(self, process: Hashable) -> None:
        """Keep what a process told last: it has ended."""
        self._ended = merge((self._ended, self._latest.pop(process, {})))

    def merged(self) -> Snapshot:
        """Add everything up."""
        return merge((self._zeros, self._ended, *self._latest.values()))


def merge(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Add snapshots up; those given are left as they are."""
    merged: Snapshot = {}
    for snapshot in snapshots:
        for name, series in snapshot.items():
            sums = merged.setdefault(name, {})
            for labels, value in series.items():
                sums[labels] = _sum(sums.get(labels), value)
    return merged


def zeros_of(places: Places) -> Snapshot:
    """Give a zero for everything that can be counted and whose labels are known before."""
    sites: list[Labels] = [(site,) for site in sorted(places.sites) if site]
    servers = sorted(places.servers)
    return {
        REQUESTS: {(*site, "GET", "200"): 0 for site in sites},
        DURATION: {site: empty_histogram() for site in sites},
        REDIRECTS: dict.fromkeys(sites, 0),
        SIGN_INS: {(deed.value,): 0 for deed in SIGN_IN_DEEDS},
        UPSTREAM_DURATION: {server: empty_histogram() for server in servers},
        HANDSHAKES: {(*server, outcome): 0 for server in servers for outcome in OUTCOMES},
        TRUST_FAILURES: {(*server, reason.value): 0 for server in servers for reason in Reason},
        EVENTS: {(str(number),): 0 for number in CATALOGUE},
    }


def traffic_of(merged: Snapshot) -> dict[str, Traffic]:
    """Give each site's traffic; the one without a name is that of requests that came to no site."""
    traffic: dict[str, Traffic] = {}
    for (site, _, code), value in merged.get(REQUESTS, {}).items():
        count = _as_count(value)
        before = traffic.get(site, Traffic())
        errors = count if code.startswith(SERVER_FAULT) else 0
        traffic[site] = before._replace(requests=before.requests + count, errors=before.errors + errors)
    for (site,), value in merged.get(DURATION, {}).items():
        if isinstance(value, list):
            traffic[site] = traffic.get(site, Traffic())._replace(seconds=value[-1])
    return traffic


def _sum(before: Value | None, value: Value) -> Value:
    if isinstance(value, list):
        return [one + other for one, other in zip(before, value, strict=True)] if isinstance(before, list) else [*value]
    return value + before if isinstance(before, float | int) else value


def _as_count(value: Value) -> int:
    return int(value) if not isinstance(value, list) else 0

"""What several processes counted is added up, and nothing is lost when one ends."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.events.access import AccessEntry, Way
from proxy.events.catalogue import CATALOGUE
from proxy.events.record import Event
from proxy.metrics.meter import SIGN_IN_DEEDS, Meter
from proxy.metrics.names import (
    DURATION,
    EVENTS,
    HANDSHAKES,
    METRICS,
    REDIRECTS,
    REQUESTS,
    SIGN_INS,
    TRUST_FAILURES,
    UPSTREAM_DURATION,
    Kind,
)
from proxy.metrics.totals import OUTCOMES, Totals, Traffic, merge, traffic_of
from proxy.model.sites import Topology
from proxy.model.verdict import Reason
from proxy.upstream import dial
from tests.fakes import make_site

HERE = ("Branch", "cas02.branch.test")
ENTRY = AccessEntry(0.0, b"", b"", b"GET", b"/owa/", 200, 2, 0, 0.03, answer_seconds=0.02, way=Way(*HERE))
TOPOLOGY = Topology(first_server="CAS01", sites=(make_site(), replace(make_site(), name="Remote", servers=())))


def worker(requests: int):
    """Give what a worker tells after so many requests and as many events."""
    meter = Meter()
    meter.count([ENTRY] * requests)
    for _ in range(requests):
        meter.note_event(Event(id=43))
    return meter.snapshot()


def test_everything_is_there_from_the_start():
    """Every site, server, outcome, reason and event at 0: the first increment is seen by `increase()`."""
    totals = Totals()
    totals.arrange(TOPOLOGY)
    merged = totals.merged()

    assert merged[TRUST_FAILURES] == {(*HERE, reason.value): 0 for reason in Reason}
    assert merged[HANDSHAKES] == {(*HERE, outcome): 0 for outcome in OUTCOMES}
    assert merged[EVENTS] == {(str(number),): 0 for number in CATALOGUE}
    assert merged[REDIRECTS] == {("Branch",): 0, ("Remote",): 0}
    assert merged[SIGN_INS] == {(deed.value,): 0 for deed in SIGN_IN_DEEDS}
    assert (merged[DURATION].keys(), merged[UPSTREAM_DURATION].keys()) == ({("Branch",), ("Remote",)}, {HERE})
    assert all(METRICS[name].kind is not Kind.GAUGE for name in merged)


def test_outcomes_are_those_of_the_dialer():
    """Two rooms that must not know each other use the same words."""
    assert OUTCOMES == (dial.TRUSTED, dial.ALLOWED, dial.REFUSED, dial.FAILED)


def test_workers_are_added_up():
    """Each by what it told last; telling again replaces, it does not add."""
    totals = Totals()
    totals.arrange(TOPOLOGY)
    for number, requests in ((1, 2), (2, 3), (1, 5)):
        totals.take(number, worker(requests))
    merged = totals.merged()

    assert merged[REQUESTS]["Branch", "GET", "200"] == 8
    assert merged[EVENTS]["43",] == 8
    assert sum(merged[DURATION]["Branch",][:-1]) == 8
    assert merged[DURATION]["Branch",][-1] == pytest.approx(0.24)


def test_sums_do_not_fall_when_a_worker_is_replaced():
    """What it counted stays; its successor, of the same number, begins at nothing."""
    totals = Totals()
    totals.arrange(TOPOLOGY)
    for requests in (5, 2, 1):
        totals.take(1, worker(requests))
        totals.retire(1)
    totals.take(1, worker(1))
    totals.retire("never seen")

    assert totals.merged()[REQUESTS]["Branch", "GET", "200"] == 9
    assert totals.merged() == totals.merged(), "asking changes nothing"


def test_what_ended_processes_counted_for_others_is_forgotten():
    """A site that has left the settings does not stay for ever."""
    totals = Totals()
    totals.take(1, worker(3))
    totals.retire(1)
    totals.arrange(Topology(first_server="CAS01", sites=(replace(make_site(), name="Other", servers=()),)))

    assert ("Branch", "GET", "200") not in totals.merged()[REQUESTS]
    assert totals.merged()[EVENTS]["43",] == 3


def test_what_is_added_up_is_left_as_it_was():
    """Histograms are lists; the sums have lists of their own."""
    one, other = worker(1), worker(2)
    merged = merge((one, other))
    merge((merged, merged))

    assert (one, other) == (worker(1), worker(2))
    assert merged[REQUESTS]["Branch", "GET", "200"] == 3


@given(st.lists(st.integers(0, 5), max_size=6))
def test_the_order_makes_no_difference(requests):
    """Nor does grouping."""
    parts = [worker(number) for number in requests]
    half = len(parts) // 2

    assert merge(parts).get(EVENTS) == merge(reversed(parts)).get(EVENTS)
    assert merge((merge(parts[:half]), merge(parts[half:]))).get(REQUESTS) == merge(parts).get(REQUESTS)


def test_traffic_is_told_by_site():
    """Requests, answers with 5xx, and seconds."""
    meter = Meter()
    meter.count([ENTRY, ENTRY._replace(status=502), ENTRY._replace(status=404), ENTRY._replace(way=Way(""))])
    totals = Totals()
    totals.arrange(TOPOLOGY)
    totals.take(1, meter.snapshot())
    traffic = traffic_of(totals.merged())

    assert traffic["Branch"] == Traffic(3, 1, pytest.approx(0.09))
    assert (traffic["Remote"], traffic[""]) == (Traffic(), Traffic(1, 0, pytest.approx(0.03)))
    assert traffic_of({}) == {}

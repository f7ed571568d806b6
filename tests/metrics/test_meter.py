"""Batches, handshakes and events are counted under few labels."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.events.access import NOWHERE, AccessEntry, Way
from proxy.events.record import Event
from proxy.metrics.meter import SIGN_IN_DEEDS, Meter
from proxy.metrics.names import (
    BUCKETS,
    DURATION,
    EVENTS,
    HANDSHAKES,
    METRICS,
    REDIRECTS,
    REQUESTS,
    SIGN_INS,
    TRUST_FAILURES,
    UPSTREAM_DURATION,
    UPSTREAM_REQUESTS,
)
from proxy.model.reply import Deed
from proxy.model.sites import Topology
from tests.fakes import make_server, make_site

HERE = ("Branch", "cas02.branch.test")
WAY = Way(*HERE, "enforce", "sites.Branch.trust")
ENTRY = AccessEntry(0.0, b"192.0.2.7", b"id", b"GET", b"/owa/", 200, 2, 0, 0.03, answer_seconds=0.02, way=WAY)


def counted(*entries: AccessEntry):
    """Count one batch."""
    meter = Meter()
    meter.count(entries)
    return meter.snapshot()


def test_a_request_is_counted_at_its_site_and_server():
    """Once each, with the time it took and the time the server took."""
    snapshot = counted(ENTRY, ENTRY._replace(method=b"POST", status=302), ENTRY)

    assert snapshot[REQUESTS] == {("Branch", "GET", "200"): 2, ("Branch", "POST", "302"): 1}
    assert snapshot[UPSTREAM_REQUESTS] == {(*HERE, "200"): 2, (*HERE, "302"): 1}
    assert snapshot[DURATION]["Branch",][BUCKETS.index(0.05)] == 3
    assert snapshot[DURATION]["Branch",][-1] == pytest.approx(0.09)
    assert snapshot[UPSTREAM_DURATION][HERE][BUCKETS.index(0.025)] == 3
    assert snapshot[UPSTREAM_DURATION][HERE][-1] == pytest.approx(0.06)


def test_a_server_without_an_answer_is_counted_apart():
    """What we answered in its place is no answer of the server's, and no wait."""
    snapshot = counted(ENTRY._replace(status=502, answer_seconds=0.0, error="tls_certificate_error"))

    assert snapshot[REQUESTS] == {("Branch", "GET", "502"): 1}
    assert snapshot[UPSTREAM_REQUESTS] == {(*HERE, "none"): 1}
    assert sum(snapshot[UPSTREAM_DURATION][HERE]) == 0


def test_a_request_that_came_to_no_site_has_no_server():
    """A head that could not be read, for instance."""
    snapshot = counted(ENTRY._replace(method=b"", status=400, way=NOWHERE, answer_seconds=0.0))

    assert snapshot[REQUESTS] == {("", "other", "400"): 1}
    assert (snapshot[UPSTREAM_REQUESTS], snapshot[UPSTREAM_DURATION]) == ({}, {})


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [(0.0, 0), (BUCKETS[0], 0), (0.00101, 1), (BUCKETS[-1], len(BUCKETS) - 1), (1e6, len(BUCKETS))],
)
def test_a_bound_belongs_to_its_bucket(seconds, bucket):
    """`le` means at most; what is beyond every bound has the last bucket."""
    held = counted(ENTRY._replace(seconds=seconds))[DURATION]["Branch",]

    assert [number for number, count in enumerate(held[:-1]) if count] == [bucket]


def test_policies_of_one_server_are_added_up():
    """Labels do not have the policy: a change of the switch is no new series."""
    snapshot = counted(ENTRY, ENTRY._replace(way=WAY._replace(policy="allow")))

    assert snapshot[REQUESTS] == {("Branch", "GET", "200"): 2}
    assert snapshot[UPSTREAM_REQUESTS] == {(*HERE, "200"): 2}
    assert sum(snapshot[DURATION]["Branch",][:-1]) == 2


@pytest.mark.parametrize("deed", SIGN_IN_DEEDS)
def test_sign_ins_are_counted_by_what_came_of_them(deed):
    """The deed's word is the label."""
    snapshot = counted(ENTRY._replace(way=NOWHERE, answer_seconds=0.0, deed=deed))

    assert (snapshot[SIGN_INS], snapshot[REDIRECTS]) == ({(deed.value,): 1}, {})


def test_redirects_are_counted_by_site():
    """Under the site the user was sent to."""
    snapshot = counted(ENTRY._replace(way=Way("Remote"), answer_seconds=0.0, deed=Deed.REDIRECTED))

    assert (snapshot[REDIRECTS], snapshot[SIGN_INS]) == ({("Remote",): 1}, {})


def test_every_deed_is_counted_somewhere():
    """A deed that is added must be given its metric."""
    assert {*Deed} == {Deed.NONE, Deed.REDIRECTED, *SIGN_IN_DEEDS}


def test_handshakes_are_counted_by_outcome_and_failures_by_reason():
    """A handshake whose verification did not fail, or was not tried, has no reason."""
    meter, server = Meter(), make_server()
    for told in (("trusted", ""), ("refused", "expired"), ("allowed_untrusted", "expired"), ("allowed_untrusted", "")):
        meter.note_handshake(server, *told)
    snapshot = meter.snapshot()

    assert snapshot[HANDSHAKES] == {(*HERE, "trusted"): 1, (*HERE, "refused"): 1, (*HERE, "allowed_untrusted"): 2}
    assert snapshot[TRUST_FAILURES] == {(*HERE, "expired"): 2}


def test_events_are_counted_by_number():
    """Whatever else they say."""
    meter = Meter()
    for number in (43, 43, 1043):
        meter.note_event(Event(id=number))

    assert meter.snapshot()[EVENTS] == {("43",): 2, ("1043",): 1}


def test_a_snapshot_is_nobody_elses_and_travels():
    """Counting goes on without changing it, and it can be sent to another process."""
    meter = Meter()
    meter.count([ENTRY])
    snapshot = meter.snapshot()
    kept = pickle.loads(pickle.dumps(snapshot))
    meter.count([ENTRY._replace(deed=Deed.REDIRECTED)] * 5)
    meter.note_event(Event(id=43))
    meter.note_handshake(make_server(), "refused", "expired")

    assert snapshot == kept
    assert meter.snapshot() != kept


def test_a_snapshot_is_small_and_every_row_has_its_labels():
    """What never happened is left out; names and numbers of labels are the table's."""
    assert len(pickle.dumps(Meter().snapshot())) < 1000
    for name, series in counted(ENTRY).items():
        assert all(len(labels) == len(METRICS[name].labels) for labels in series)


def test_sites_and_servers_that_leave_are_forgotten():
    """Reloads with ever new names pile nothing up; what stays goes on where it was."""
    meter = Meter()
    for number in range(50):
        way = Way(f"Site {number}", f"cas{number}.test")
        meter.count([ENTRY._replace(way=way, deed=Deed.REDIRECTED), ENTRY])
        meter.note_handshake(make_server(site=way.site, host=way.server), "refused", "expired")
        meter.arrange(Topology(first_server="CAS01", sites=(make_site(),)))
    meter.count([ENTRY])
    snapshot = meter.snapshot()

    assert snapshot[REQUESTS] == {("Branch", "GET", "200"): 51}
    assert sum(snapshot[DURATION]["Branch",][:-1]) == 51
    assert {labels[0] for series in snapshot.values() for labels in series if len(labels) > 1} == {"Branch"}


@given(st.lists(st.tuples(st.binary(max_size=40), st.integers(100, 999)), max_size=50))
def test_what_is_sent_makes_no_labels_of_its_own(requests):
    """Any method and any status: the sums are right, and the series are those of the fixed words."""
    snapshot = counted(*(ENTRY._replace(method=method, status=status) for method, status in requests))

    assert sum(snapshot[REQUESTS].values()) == len(requests)
    for _, method, code in snapshot[REQUESTS]:
        assert method == "other" or method.isupper()
        assert code == "other" or len(code) == 3

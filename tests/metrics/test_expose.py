"""Numbers become Prometheus' text format, whatever stands in a label."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.events.access import AccessEntry, Way
from proxy.metrics.expose import expose
from proxy.metrics.gauges import Certificates, Moment, gauges_of
from proxy.metrics.meter import Meter
from proxy.metrics.names import BUCKETS, EVENTS, IN_FLIGHT, METRICS, POLICY, REQUESTS
from proxy.metrics.totals import Totals
from proxy.model.sites import Topology
from tests.exposition import read_samples
from tests.fakes import make_site

TOPOLOGY = Topology(first_server="CAS01", sites=(make_site(),))
MOMENT = Moment(version="1.2.3", topology=TOPOLOGY)
WAY = Way("Branch", "cas02.branch.test")
ENTRY = AccessEntry(0.0, b"", b"", b"GET", b"/", 200, 2, 0, 0.03, answer_seconds=0.02, way=WAY)


def everything() -> bytes:
    """Expose a proxy that has answered one request."""
    meter, totals = Meter(), Totals()
    meter.count([ENTRY])
    totals.arrange(TOPOLOGY)
    totals.take(1, meter.snapshot())
    return expose(totals.merged(), gauges_of(MOMENT, Certificates()))


def test_each_family_has_its_help_and_type_once():
    """In the order of the table; what has no value yet is left out."""
    lines = everything().decode().splitlines()
    typed = [line.split()[2:] for line in lines if line.startswith("# TYPE")]

    assert typed == [[name, metric.kind.value] for name, metric in METRICS.items() if [name] in [t[:1] for t in typed]]
    for name, _ in typed:
        assert f"# HELP {name} {METRICS[name].words}" in lines
    assert len(typed) > 12


def test_values_are_those_that_were_counted():
    """Counters, zeros, gauges, and histograms with buckets that hold the ones below."""
    read = read_samples(everything())

    assert read["casproxy_requests_total", "code=200", "method=GET", "site=Branch"] == 1
    assert read["casproxy_events_total", "event_id=43"] == 0
    assert read["casproxy_requests_in_flight",] == 0
    buckets = [read["casproxy_request_duration_seconds_bucket", f"le={le}", "site=Branch"] for le in (*BUCKETS, "+Inf")]
    assert buckets == [0.0] * BUCKETS.index(0.05) + [1.0] * (len(BUCKETS) + 1 - BUCKETS.index(0.05))
    assert read["casproxy_request_duration_seconds_count", "site=Branch"] == 1
    assert read["casproxy_request_duration_seconds_sum", "site=Branch"] == pytest.approx(0.03)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_no_label_breaks_out(hostile):
    """Quotes, backslashes, line ends and braces are escaped: one series stays one line."""
    text = expose({REQUESTS: {(hostile, "GET", "200"): 7.0}}, {POLICY: {("a", "allow", hostile): 1.0}})

    assert len(text.decode().split("\n")) == 7
    assert b"\r\n" not in text.replace(hostile.encode(), b"")


@pytest.mark.parametrize("hostile", ['"', "\\", "\n", '"} 1\ncasproxy_evil 1', 'a\\"', '{x="y"}', "ä€😀"])
def test_a_label_is_read_back_as_it_was(hostile):
    """By the library's own parser."""
    text = expose({REQUESTS: {(hostile, "GET", "200"): 7.0}}, {})

    assert read_samples(text) == {("casproxy_requests_total", "code=200", "method=GET", f"site={hostile}"): 7}


def test_a_name_that_nobody_knows_is_a_defect():
    """The table is the place to add one."""
    with pytest.raises(KeyError, match="casproxy_new"):
        expose({"casproxy_new": {(): 1.0}}, {})


def test_a_name_that_comes_twice_is_a_defect():
    """One of the two would be lost."""
    with pytest.raises(ValueError, match=IN_FLIGHT):
        expose({IN_FLIGHT: {(): 1.0}}, {IN_FLIGHT: {(): 1.0}})


def test_nothing_is_nothing():
    """A family without a value does not show."""
    assert expose({EVENTS: {}}, {}) == b""


@pytest.mark.needs_promtool
def test_prometheus_finds_nothing_to_mend():
    """Its own tool reads the format and knows the rules for names."""
    done = subprocess.run(["promtool", "check", "metrics"], input=everything(), capture_output=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")

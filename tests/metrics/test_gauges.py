"""Values of the moment."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from proxy.metrics.gauges import POSITIONS, Certificates, Moment, gauges_of
from proxy.metrics.names import (
    BUILD,
    CONFIG_HASH,
    HEALTHY,
    IN_FLIGHT,
    LOST,
    METRICS,
    NOT_AFTER,
    POLICY,
    RELOAD_OK,
    RELOADED_AT,
    TRUSTED,
)
from proxy.model.sites import Topology, TrustPolicy
from proxy.model.verdict import CertificateFacts, Verdict
from tests.fakes import make_server, make_site

HERE = ("Branch", "cas02.branch.test")
THERE = ("Branch", "cas03.branch.test")
END = datetime(2027, 1, 1, tzinfo=UTC)
TOPOLOGY = Topology(first_server="CAS01", sites=(make_site(servers=2),))


def facts(days: float | None) -> CertificateFacts:
    """Make a certificate that ends so many days after `END`; None: it could not be read."""
    end = END + timedelta(days=days) if days is not None else None
    return CertificateFacts(size=1, sha256="0" * 64, not_after=end)


def verdict(*days: float | None, trusted: bool = True) -> Verdict:
    """Make a verdict on a chain."""
    return Verdict(trusted=trusted, name=HERE[1], presented=tuple(map(facts, days)), at=END)


def told(*standings):
    """Tell after one look."""
    certificates = Certificates()
    certificates.look(standings)
    return certificates.gauges()


def test_each_certificate_of_a_chain_is_told():
    """By its position, in seconds since 1970."""
    gauges = told((make_server(), verdict(0, 10)))

    assert gauges[TRUSTED] == {HERE: 1}
    assert gauges[NOT_AFTER] == {(*HERE, "0"): END.timestamp(), (*HERE, "1"): END.timestamp() + 864_000}


def test_a_server_that_was_not_looked_at_is_not_told():
    """Neither trusted nor untrusted."""
    assert told((make_server(), None)) == {TRUSTED: {}, NOT_AFTER: {}}


def test_the_end_is_kept_when_trust_fails():
    """Also when the look brought no chain: an alarm over an expiry must not go out by the expiry."""
    certificates = Certificates()
    certificates.look([(make_server(), verdict(0, 10))])
    certificates.look([(make_server(), verdict(trusted=False))])
    certificates.look([(make_server(), None)])

    assert certificates.gauges()[TRUSTED] == {HERE: 0}
    assert len(certificates.gauges()[NOT_AFTER]) == 2


def test_another_chain_takes_the_place_of_the_former():
    """A position that is no longer presented goes."""
    certificates = Certificates()
    certificates.look([(make_server(), verdict(0, 10, 20))])
    certificates.look([(make_server(), verdict(5))])

    assert certificates.gauges()[NOT_AFTER] == {(*HERE, "0"): END.timestamp() + 432_000}


def test_hostile_chains_are_bounded():
    """A hundred certificates, and some that cannot be read."""
    ends = told((make_server(), verdict(None, *range(100))))[NOT_AFTER]

    assert [labels[2] for labels in ends] == [str(position) for position in range(1, POSITIONS)]


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_at_one_address_the_worse_counts(turned):
    """Two InternalURLs of a server differ in their path only; a label cannot stand twice."""
    pair = [(make_server(), verdict(0)), (make_server(tls_name="x"), verdict(-3, trusted=False))]
    gauges = told(*reversed(pair) if turned else pair)

    assert (gauges[TRUSTED], gauges[NOT_AFTER]) == ({HERE: 0}, {(*HERE, "0"): END.timestamp() - 259_200})


def test_servers_that_leave_are_forgotten():
    """A reload that takes one away ends its alarms."""
    certificates = Certificates()
    certificates.look([(make_server(), verdict(0)), (make_server(9), verdict(0))])
    certificates.arrange(TOPOLOGY)

    assert (certificates.gauges()[TRUSTED], len(certificates.gauges()[NOT_AFTER])) == ({HERE: 1}, 1)


def test_the_moment_is_told():
    """Each value under its name, with as many labels as the table says."""
    policy = TrustPolicy(allow_untrusted=False, source="sites.Branch.trust")
    moment = Moment(
        version="1.2.3",
        topology=replace(TOPOLOGY, sites=(make_site(servers=2, policy=policy),)),
        reload_ok=False,
        reloaded_at=1000.5,
        config_hash="ab",
        in_flight=7,
        healthy={THERE: False},
        lost={"syslog": 3},
    )
    gauges = gauges_of(moment, Certificates())

    assert [labels[0] for labels in gauges[BUILD]] == ["1.2.3"]
    assert (gauges[RELOAD_OK], gauges[RELOADED_AT], gauges[CONFIG_HASH]) == ({(): 0}, {(): 1000.5}, {("ab",): 1})
    assert (gauges[IN_FLIGHT], gauges[LOST]) == ({(): 7}, {("syslog",): 3})
    assert gauges[HEALTHY] == {HERE: 1, THERE: 0}
    assert gauges[POLICY] == {("Branch", "enforce", "sites.Branch.trust"): 1}
    for name, series in gauges.items():
        assert all(len(labels) == len(METRICS[name].labels) for labels in series)

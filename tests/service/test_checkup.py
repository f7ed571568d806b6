"""Looks at many servers for a command: all of them, in order, counted."""

import asyncio
from dataclasses import replace

from proxy.model.limits import Timeouts
from proxy.model.sites import Site, Topology, TrustPolicy
from proxy.service.checkup import check_all, servers_of, survey
from proxy.upstream.monitor import Watched
from tests.fakes import make_server
from tests.threaded_lab import running_lab


def test_the_servers_of_all_sites_are_listed():
    """In the order of the settings, each with its site's policy and times."""
    policy, timeouts = TrustPolicy(generation=3), Timeouts(connect=1.0)
    sites = (
        Site(name="A", servers=(make_server(2), make_server(3)), policy=policy, timeouts=timeouts),
        Site(name="B", servers=(make_server(4),)),
    )

    assert servers_of(Topology(first_server="CAS01", sites=sites)) == [
        Watched(make_server(2), policy, timeouts),
        Watched(make_server(3), policy, timeouts),
        Watched(make_server(4), TrustPolicy(), Timeouts()),
    ]


def test_real_servers_are_looked_at_under_0(tmp_path):
    """Whatever the switch says; progress ends with all of them, and one server can be surveyed in every way."""
    with running_lab(tmp_path, {"Plant": "good"}) as lab:
        watched = [at(lab, site) for site in ("HQ", "Branch", "Plant")]
        told: list[tuple[int, int]] = []
        found = asyncio.run(check_all(watched, lambda *step: told.append(step)))
        full = asyncio.run(survey(watched[1]))

    assert [each.is_trusted for each in found] == [True, False, True]
    assert [each.watched for each in found] == watched
    assert told == [(number, 3) for number in range(4)]
    assert (full.versions, full.enforce.verdict.reason, len(full.chain)) == (("1.2", "1.3"), "self_signed", 1)


def at(lab, site: str) -> Watched:
    """Describe a server of the lab under switch 1."""
    host = lab.server(site)[0]
    server = replace(
        make_server(2), host=host, tls_name=host, connect_host="127.0.0.1", connect_port=lab.places.backends[site]
    )
    return Watched(server, TrustPolicy(ca_files=(str(lab.places.authority),)), Timeouts())


def test_nobody_to_look_at_is_no_fault():
    """An empty list gives an empty answer."""
    assert asyncio.run(check_all([], lambda _done, _all: None)) == []

"""Values of the proxy as what the admin API tells."""

import pytest

from proxy.admin.answers import Health, Pool
from proxy.metrics.totals import Traffic
from proxy.model.sites import Server, Site, Topology, TrustPolicy
from proxy.service import admin_answers
from proxy.service.control import Turned
from proxy.service.crew import Report, ServerState, Upstream
from proxy.service.switches import RUN_TIME
from proxy.upstream.pool import PoolState
from tests.fakes import make_server
from tests.stage import OK, answering, stage

BRANCH = make_server(2)
"""The first server of a site."""


def report(number: int, state: str = "up", **more: object) -> Report:
    """Make a worker's report about one server."""
    return Report(
        number=number,
        pid=100 + number,
        started_at=0.0,
        connections=10 * number,
        in_flight=number,
        transports="asyncio",
        upstreams=(Upstream("Branch", BRANCH.authority, PoolState(3, 2, 1)),),
        health=(ServerState("Branch", BRANCH.authority, state, 5.0, f"{state} {number}"),),
        **more,
    )


def topology(**policy: object) -> Topology:
    """Make a topology of one site."""
    return Topology(first_server="CAS01", sites=(Site(name="Branch", servers=(BRANCH,), policy=TrustPolicy(**policy)),))


def test_moments_are_in_utc():
    """To the second."""
    assert admin_answers.time_of(1_790_000_000.9) == "2026-09-21T14:13:20Z"


def test_connections_are_added_up_over_workers():
    """Those of browsers stand by worker, those of servers by server."""
    told = admin_answers.connections_of([report(1), report(2)])

    assert [(each.number, each.pid, each.connections, each.in_flight) for each in told.workers] == [
        (1, 101, 10, 1),
        (2, 102, 20, 2),
    ]
    assert [(each.site, each.open, each.idle, each.waiting) for each in told.upstream] == [("Branch", 6, 4, 2)]


@pytest.mark.parametrize(
    ("states", "told"),
    [
        (("up", "up"), "up 1"),
        (("up", "down"), "down 2"),
        (("half_open", "up"), "half_open 1"),
        (("unchecked", "up"), "up 2"),
    ],
)
def test_the_gravest_state_is_told(states, told):
    """A server that one of ten workers cannot reach is worth a look."""
    reports = [report(number, state) for number, state in enumerate(states, start=1)]
    found = admin_answers.health_of(reports, 1_790_000_005.0)

    assert found == {
        ("Branch", BRANCH.authority): Health(state=told.split()[0], since="2026-09-21T14:13:20Z", why=told)
    }


def test_a_server_that_nobody_reports_is_told_all_the_same():
    """It is in the settings: nothing is known of it yet."""
    (server,) = admin_answers.servers_of(topology(), [], 0.0).servers

    assert (server.site, server.server, server.dialled) == ("Branch", BRANCH.authority, BRANCH.dialled)
    assert (server.health, server.connections) == (Health(state="unchecked"), Pool())


@pytest.mark.parametrize(
    ("own", "external_url", "told"),
    [(False, "https://x.test/owa", "manual"), (True, "https://x.test/owa", ""), (False, "", "")],
)
def test_a_site_is_redirected_to_or_not(own, external_url, told):
    """Nobody is sent away from the site that the proxy stands in."""
    site = Site(name="HQ", servers=(), own=own, external_url=external_url)
    (said,) = admin_answers.sites_of(Topology(first_server="CAS01", sites=(site,)), {}).sites

    assert said.redirect == told


def test_a_site_has_its_traffic_and_its_policy():
    """A switch that was turned at run time is told as such."""
    traffic = {"Branch": Traffic(requests=5, errors=1, seconds=2.5)}
    (said,) = admin_answers.sites_of(topology(allow_untrusted=False, source=RUN_TIME), traffic).sites

    assert (said.traffic.requests, said.traffic.errors, said.traffic.seconds) == (5, 1, 2.5)
    assert (said.policy.name, said.policy.allow_internal_untrusted_certs, said.policy.run_time) == ("enforce", 0, True)


@pytest.mark.parametrize(
    ("wanted", "changes"),
    [
        ("Branch", [("Branch", 1, 0, "trust", RUN_TIME)]),
        (None, [(None, 1, 0, "trust", RUN_TIME), ("Branch", 1, 0, "trust", RUN_TIME)]),
    ],
)
def test_turning_tells_what_stands_otherwise(wanted, changes):
    """The default counts when all were meant."""
    default = ((True, "trust"), (False, RUN_TIME) if wanted is None else (True, "trust"))
    turned = Turned(topology(source="trust"), topology(allow_untrusted=False, source=RUN_TIME), *default, closed=3)
    told = admin_answers.changes_of(turned, wanted)

    assert [
        (each.site, each.before, each.after, each.source_before, each.source_after) for each in told.changes
    ] == changes
    assert told.connections_closed == 3


def test_turning_to_where_it_stands_changes_nothing():
    """The list is empty."""
    turned = Turned(topology(), topology(), (True, "default"), (True, "default"), closed=0)

    assert admin_answers.changes_of(turned, None).changes == ()


async def test_settings_are_told_with_what_was_turned():
    """Everywhere the switch stands, with `run time` as its origin; secrets are not told."""
    lines = 'admin_token = "geheim"\n'
    async with stage({"HQ": answering(OK), "Branch": answering(OK)}, server_settings=lines) as running:
        control = running.proxy.control
        await control.turn_switch("Branch", False)
        state = running.proxy.state
        config = {each.key: (each.value, each.origin) for each in state.config().keys}
        policies = {each.site: each for each in state.policies().policies}
        trust = state.trust()

    assert config["sites.Branch.trust.allow_internal_untrusted_certs"] == (0, RUN_TIME)
    assert config["sites.HQ.trust.allow_internal_untrusted_certs"] == (1, "default")
    assert "geheim" not in str(config)
    assert policies["Branch"].keys["allow_internal_untrusted_certs"].origin == RUN_TIME
    assert [(each.site, each.run_time) for each in trust.sites] == [("HQ", False), ("Branch", True)]
    assert (trust.default.allow_internal_untrusted_certs, trust.default.source) == (1, "default")


def test_a_server_is_told_with_its_brackets():
    """Whatever is dialled can be typed."""
    server = Server(
        site="HQ", url="https://[::1]/owa", host="::1", port=443, connect_host="::1", connect_port=8443, tls_name="::1"
    )

    assert (server.authority, server.dialled) == ("[::1]", "[::1]:8443")

"""A request goes where the table says, or nowhere."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import ClientFault
from proxy.model.limits import Limits, Timeouts
from proxy.model.sites import PathLimits, Site, Topology
from proxy.routing.decide import Router
from proxy.routing.path import decode_once

POLL = PathLimits(prefix="/owa/poll", timeouts=Timeouts(response_head=900.0), limits=Limits(body_bytes=1))
SLOW = PathLimits(prefix="/owa", timeouts=Timeouts(response_head=300.0), limits=Limits(body_bytes=2))
HQ = Site(name="HQ", servers=(), hosts=("hq.example", "mail.example"), routes=(SLOW, POLL))
BRANCH = Site(name="Branch", servers=(), hosts=("branch.example",), paths=("/branch", "/shared/deep"))
ECP = Site(name="ECP", servers=(), paths=("/ecp/", "/shared"))
PLAIN = Site(name="Plain", servers=(), hosts=("plain.example",))
REST = Site(name="Rest", servers=(), default=True)
SITES = (HQ, BRANCH, ECP, PLAIN)


def router(*sites: Site) -> Router:
    """Build a router for these sites."""
    return Router(Topology(first_server="cas01.example", sites=sites))


@pytest.mark.parametrize(
    ("name", "target", "site", "because"),
    [
        ("hq.example", b"/owa/", "HQ", "host hq.example"),
        ("mail.example", b"/", "HQ", "host mail.example"),
        ("mail.example.", b"/", "HQ", "host mail.example"),
        ("branch.example", b"*", "Branch", "host branch.example"),
        ("hq.example", b"/branch", "Branch", "path /branch"),
        ("hq.example", b"/branch/owa", "Branch", "path /branch"),
        ("hq.example", b"/BRANCH/owa", "Branch", "path /branch"),
        ("hq.example", b"/branch?x", "Branch", "path /branch"),
        ("hq.example", b"/branches", "HQ", "host hq.example"),
        ("hq.example", b"/x/branch", "HQ", "host hq.example"),
        ("hq.example", b"/?/branch", "HQ", "host hq.example"),
        ("hq.example", b"/ecp", "ECP", "path /ecp/"),
        ("unknown.example", b"/ecp/x", "ECP", "path /ecp/"),
        ("hq.example", b"/shared/x", "ECP", "path /shared"),
        ("hq.example", b"/shared/deep/x", "Branch", "path /shared/deep"),
        ("hq.example", b"/shared/deeper", "ECP", "path /shared"),
    ],
)
def test_paths_win_over_hosts_and_the_longest_over_shorter(name, target, site, because):
    """Compared without case and at segment ends; the query decides nothing."""
    decision = router(*SITES).decide(name, target)

    assert (decision.site.name, decision.because) == (site, because)


@pytest.mark.parametrize("name", ["unknown.example", "hq.example.evil", "xhq.example", ""])
def test_a_name_nobody_claims_is_misdirected(name):
    """421, and the connection may be used for another name."""
    with pytest.raises(ClientFault) as caught:
        router(*SITES).decide(name, b"/owa/")

    assert (caught.value.status, caught.value.closes) == (421, False)


def test_the_default_site_takes_the_names_nobody_claims():
    """And only those."""
    table = router(*SITES, REST)

    assert table.decide("unknown.example", b"/")[3] == "default site"
    assert table.decide("hq.example", b"/").site is HQ


@pytest.mark.parametrize(
    ("target", "seconds", "size"),
    [(b"/owa/poll/1", 900.0, 1), (b"/OWA/poll", 900.0, 1), (b"/owa/polls", 300.0, 2), (b"/owa", 300.0, 2)],
)
def test_a_route_has_limits_of_its_own(target, seconds, size):
    """The longest prefix counts, whatever the order in the table."""
    for routes in ((SLOW, POLL), (POLL, SLOW)):
        decision = router(replace(HQ, routes=routes)).decide("hq.example", target)
        assert (decision.timeouts.response_head, decision.limits.body_bytes) == (seconds, size)


def test_without_a_route_the_sites_limits_hold():
    """`/owax` is not below `/owa`."""
    decision = router(*SITES).decide("hq.example", b"/owax")

    assert (decision.timeouts, decision.limits) == (HQ.timeouts, HQ.limits)


@pytest.mark.parametrize(
    "target",
    [
        b"/branch/..%2fecp", b"/branch/%2e%2e/owa", b"/branch\\..\\ecp", b"/%62ranch", b"/%u0062ranch/x", b"//branch",
        b"/x/../branch", b"/./ecp", b"/shared/%64eep", b"/owa/%70oll", b"/owa/poll/..;/x", b"/%c0%ae/x", b"/owa%00",
        b"/branch/../x", b"/owa/poll/..",
    ],
)  # fmt: skip
def test_a_path_that_means_another_site_or_route_is_refused(target):
    """400: the backend would decode it and leave what the route allows."""
    with pytest.raises(ClientFault) as caught:
        router(*SITES).decide("hq.example", target)

    assert caught.value.status == 400


@pytest.mark.parametrize(
    "target", [b"/branch/a%20b", b"/branch/%2e/x", b"/branch/a;b", b"/branch//x", b"/branch/%252e"]
)
def test_a_strange_path_that_stays_where_it_is_passes(target):
    """Mail folders have strange names; only leaving the route is refused."""
    assert router(*SITES).decide("hq.example", target).site is BRANCH


PIECES = [b"/", b"//", b"owa", b"OWA", b"branch", b"ecp", b"shared", b"deep", b"poll", b"..", b".", b"%2e", b"%2f",
          b"\\", b"%5c", b"%62", b";", b"?", b"%u002f", b"%25", b"x", b"*"]  # fmt: skip
VISIBLE = [bytes([octet]) for octet in range(0x21, 0x7F)]
"""What reaches the router: everything else was refused with the head."""
TARGETS = st.lists(st.sampled_from(PIECES) | st.sampled_from(VISIBLE), max_size=10).map(lambda p: b"/" + b"".join(p))
NAMES = st.sampled_from(["hq.example", "branch.example", "plain.example", "plain.example.", "else.example"])


@given(NAMES, TARGETS)
def test_no_site_is_given_whose_rule_the_decoded_path_does_not_satisfy(name, target):
    """What the backend will see belongs to the path rule, or to no path rule when the host chose."""
    try:
        decision = router(*SITES, REST).decide(name, target)
    except ClientFault:
        return
    path = decode_once(target) + "/"
    rules = {
        prefix.rstrip("/") + "/" for site in SITES for prefix in site.paths if path.startswith(prefix.rstrip("/") + "/")
    }
    if decision.because.startswith("path "):
        assert decision.because[5:].rstrip("/") + "/" == max(rules, key=len)
    else:
        assert not rules


@given(NAMES, TARGETS)
def test_the_fast_path_gives_what_the_slow_one_gives(name, target):
    """A table without path rules decides as the same table with a rule that never matches."""
    never = Site(name="Never", servers=(), paths=("/never/matches",))

    def outcome(table):
        try:
            return table.decide(name, target)
        except ClientFault as fault:
            return fault.status, str(fault)

    assert outcome(router(HQ, PLAIN)) == outcome(router(HQ, PLAIN, never))


# ── the site of a mailbox ────────────────────────────────────────────────────────────────────────


def test_a_mailbox_chooses_a_site_whatever_host_and_path_say():
    """With the limits of the site, or of its route for the path; a site that is gone is 421."""
    slow = PathLimits(prefix="/owa/ev.owa", timeouts=Timeouts(response_head=600.0), limits=Limits())
    sites = (Site(name="HQ", servers=(), default=True), Site(name="Branch", servers=(), routes=(slow,)))
    router = Router(Topology(first_server="CAS01", sites=sites))
    plain, route = (router.decide_in("Branch", target) for target in (b"/owa/", b"/OWA/ev.owa?oeh=1"))

    assert (plain.site.name, plain.because) == ("Branch", "mailbox in Branch")
    assert (plain.timeouts.response_head, route.timeouts.response_head) == (120.0, 600.0)
    with pytest.raises(ClientFault) as caught:
        router.decide_in("Gone", b"/owa/")
    assert caught.value.status == 421


def test_a_path_that_means_another_route_once_decoded_is_refused_there_too():
    """The backend will decode it."""
    slow = PathLimits(prefix="/owa/ev.owa", timeouts=Timeouts(), limits=Limits())
    router = Router(Topology(first_server="CAS01", sites=(Site(name="Branch", servers=(), routes=(slow,)),)))

    with pytest.raises(ClientFault):
        router.decide_in("Branch", b"/owa/ev%2Eowa")
    assert router.decide_in("Branch", b"/owa/a%20b").site.name == "Branch"

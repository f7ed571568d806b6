"""A user is proxied, redirected or refused by the first rule with an answer, and the log tells the whole way there."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import ClientFault
from proxy.model.accounts import Account, Mailbox
from proxy.model.sites import Site, Topology
from proxy.routing import rules
from proxy.routing.link import read_link
from proxy.routing.rules import ECP_TWIN, RULES, Chooser, Kind, Step, decide_mailbox, first_answer, to_plain
from proxy.routing.visit import read_visit
from tests.fakes import make_server

GOOD, PLAIN, WRONG = (
    make_server(number, url=url)
    for number, url in ((2, "https://cas02.test/owa"), (3, "http://cas03.test/owa"), (4, "https://cas04.test/x?y"))
)
ELSEWHERE = "https://branch.example:8443/owa"


def site(name: str, *servers: object, **changes: object) -> Site:
    """Make a site with these servers."""
    return Site(name=name, servers=servers, **changes)


SITES = (
    site("HQ", GOOD, own=True, legacy_url="https://legacy.example/exchange"),
    site("Branch", GOOD, external_url=ELSEWHERE),
    site("Silent", external_url=ELSEWHERE, redirect="silent"),
    site("Depot", PLAIN, GOOD, legacy_url="http://legacy.example"),
    site("Broken", PLAIN, WRONG),
    site("Empty", legacy_url="https://legacy.example?x"),
    site("Odd", GOOD, external_url="http://odd.example/owa"),
    site("OddEmpty", external_url="https://odd.example/owa?x"),
)
TOPOLOGY = Topology(first_server="cas01.example", sites=SITES)
NAMES = tuple(rule.name for rule in RULES)
HTTP, OWA, QUERY = "InternalURL is https", "InternalURL ends in /owa", "InternalURL has no query"
FITS = [("candidate", GOOD.url)]
ONE_BAD = [(HTTP, PLAIN.url), *FITS]
ALL_BAD = [(HTTP, PLAIN.url), (OWA, WRONG.url), (QUERY, WRONG.url)]
HOST = "mail.example"


def account(where: str | None, version: str = "14.3") -> Account:
    """Make Alice, whose mailbox is in a site, or who has none."""
    return Account(name="LAB\\alice", mailbox=None if where is None else Mailbox(site=where, version=version))


@pytest.mark.parametrize(
    ("where", "target", "answer", "rule", "candidates"),
    [
        ("HQ", b"/rpc/rpcproxy.dll", (Kind.REFUSE, None, "", 0, 501), "supported", []),
        (None, b"/", (Kind.REDIRECT, None, "/owa/", 0, 302), "front door", []),
        ("Branch", b"/exchange/alice", (Kind.REDIRECT, None, "/owa/", 0, 302), "front door", []),
        ("Branch", b"/autodiscover/x.xml", (Kind.PROXY, "HQ", "", 0, 0), "autodiscover", FITS),
        (None, b"/owa/", (Kind.REFUSE, None, "", 0, 404), "mailbox", []),
        ("Nowhere", b"/owa/", (Kind.REFUSE, None, "", 41, 503), "site", []),
        ("", b"/owa/", (Kind.REFUSE, None, "", 41, 503), "site", []),
        ("HQ", b"/owa/x", (Kind.PROXY, "HQ", "", 0, 0), "own site", FITS),
        ("hq", b"/ews/x", (Kind.PROXY, "HQ", "", 0, 0), "own site", FITS),
        ("Branch", b"/owa", (Kind.REDIRECT_MANUAL, "Branch", f"{ELSEWHERE}/", 0, 200), "redirect", []),
        ("Branch", b"/owa/x?y", (Kind.REDIRECT_MANUAL, "Branch", f"{ELSEWHERE}/x", 0, 200), "redirect", []),
        ("Silent", b"/ecp/x", (Kind.REDIRECT_SILENT, "Silent", f"{ELSEWHERE[:-3]}ecp/x", 0, 302), "redirect", []),
        ("Branch", b"/microsoft-server-activesync",
         (Kind.ACTIVESYNC_451, "Branch", f"{ELSEWHERE[:-4]}/Microsoft-Server-ActiveSync", 0, 451), "activesync", []),
        ("Branch", b"/ews/x", (Kind.PROXY, "Branch", "", 0, 0), "proxy", FITS),
        ("Branch", b"/oab/x", (Kind.PROXY, "Branch", "", 0, 0), "proxy", FITS),
        ("Branch", b"/favicon.ico", (Kind.PROXY, "Branch", "", 0, 0), "proxy", FITS),
        ("Silent", b"/ews/x", (Kind.REFUSE, "Silent", "", 41, 503), "proxy", []),
        ("Depot", b"/owa/", (Kind.PROXY, "Depot", "", 0, 0), "proxy", ONE_BAD),
        ("Depot", b"/microsoft-server-activesync", (Kind.PROXY, "Depot", "", 0, 0), "proxy", ONE_BAD),
        ("Odd", b"/owa/", (Kind.PROXY, "Odd", "", 0, 0), "proxy", FITS),
        ("Broken", b"/owa/", (Kind.REFUSE, "Broken", "", 41, 503), "proxy", ALL_BAD),
        ("Empty", b"/owa/", (Kind.REFUSE, "Empty", "", 81, 503), "proxy", []),
        ("OddEmpty", b"/ecp/", (Kind.REFUSE, "OddEmpty", "", 81, 503), "proxy", []),
        ("Empty", b"/ews/", (Kind.REFUSE, "Empty", "", 41, 503), "proxy", []),
    ],
)  # fmt: skip
def test_the_first_rule_with_an_answer_wins(where, target, answer, rule, candidates):
    """And the log has each rule tried before, each server with each rule it failed, and the answer last."""
    outcome = decide_mailbox(account(where), read_visit(b"GET", HOST.encode(), target), TOPOLOGY)

    place = outcome.site.name if outcome.site else None
    assert (outcome.kind, place, outcome.location, outcome.event, outcome.status) == answer
    assert_logged(outcome, rule, candidates)


LEGACY = "https://legacy.example"


@pytest.mark.parametrize(
    ("version", "where", "target", "answer"),
    [
        ("6.5", "HQ", b"/owa/x", (Kind.LEGACY_REDIRECT, f"{LEGACY}/exchange", 0, 302)),
        ("8", "HQ", b"/ecp/x", (Kind.LEGACY_REDIRECT, f"{LEGACY}/exchange", 0, 302)),
        ("8.3", "HQ", b"/microsoft-server-activesync",
         (Kind.ACTIVESYNC_451, f"{LEGACY}/Microsoft-Server-ActiveSync", 0, 451)),
        ("8.3", "HQ", b"/ews/x", (Kind.REFUSE, "", 41, 503)),
        ("8.3", "HQ", b"/x", (Kind.REFUSE, "", 41, 503)),
        ("6", "Branch", b"/owa/", (Kind.REFUSE, "", 90, 503)),
        ("8", "Empty", b"/owa/", (Kind.REFUSE, "", 90, 503)),
        ("6", "Depot", b"/owa/", (Kind.REFUSE, "", 91, 503)),
        ("8", "Depot", b"/owa/", (Kind.REFUSE, "", 92, 503)),
    ],
)  # fmt: skip
def test_older_mailboxes_are_sent_to_the_legacy_address(version, where, target, answer):
    """Even those of our own site, only to https, and only what can be told another address."""
    outcome = decide_mailbox(account(where, version), read_visit(b"GET", HOST.encode(), target), TOPOLOGY)

    assert (outcome.kind, outcome.location, outcome.event, outcome.status) == answer
    assert outcome.site is not None
    assert outcome.site.name == where
    assert_logged(outcome, "legacy version", [])


@pytest.mark.parametrize("version", ["14", "14.3", "15", "80", "", "x", "64.8"])
def test_other_versions_are_no_older_ones(version):
    """Only 6 and 8 are; an unknown one is served."""
    outcome = decide_mailbox(account("HQ", version), read_visit(b"GET", HOST.encode(), b"/owa/"), TOPOLOGY)

    assert outcome.kind is Kind.PROXY


@pytest.mark.parametrize(
    ("where", "version", "target", "host", "rule"),
    [
        ("Branch", "14", b"/owa/", b"Branch.Example:8443", "loop"),
        ("Silent", "14", b"/ecp/", b"branch.example.:8443", "loop"),
        ("Branch", "14", b"/microsoft-server-activesync", b"branch.example:8443", "loop"),
        ("HQ", "8", b"/owa/", b"LEGACY.example:443", "legacy version"),
    ],
)
def test_nobody_is_sent_to_the_host_they_are_using(where, version, target, host, rule):
    """A stale DNS record would lead them round and round; the page says so instead."""
    outcome = decide_mailbox(account(where, version), read_visit(b"GET", host, target), TOPOLOGY)

    assert (outcome.kind, outcome.location, outcome.event, outcome.status) == (Kind.REFUSE, "", 0, 502)
    assert "stale DNS" in outcome.because
    assert_logged(outcome, rule, [])


def test_another_port_of_the_same_name_is_no_loop():
    """Two sites may differ by port alone; and what is proxied cannot loop."""
    visit = read_visit(b"GET", b"branch.example", b"/owa/")
    proxied = read_visit(b"GET", b"branch.example:8443", b"/ews/")

    assert decide_mailbox(account("Branch"), visit, TOPOLOGY).kind is Kind.REDIRECT_MANUAL
    assert decide_mailbox(account("Branch"), proxied, TOPOLOGY).kind is Kind.PROXY


@pytest.mark.parametrize(
    ("sites", "target"),
    [
        ((site("HQ", PLAIN, own=True),), b"/owa/"),
        ((site("HQ", own=True),), b"/autodiscover/"),
        ((site("HQ", GOOD),), b"/autodiscover/"),
    ],
)
def test_an_own_site_that_cannot_serve_is_event_80(sites, target):
    """Whether none of its servers fits, it has none, or no site is marked as our own."""
    topology = Topology(first_server="cas01.example", sites=sites)
    outcome = decide_mailbox(account("HQ"), read_visit(b"GET", b"mail.example", target), topology)

    assert (outcome.kind, outcome.event, outcome.status) == (Kind.REFUSE, 80, 503)


def test_without_a_rule_that_answers_the_request_is_refused():
    """Whatever becomes of the table, nothing passes by default."""
    case = rules.Case(None, read_visit(b"GET", b"", b"/owa"), rules.NOWHERE, rules.NOWHERE)
    outcome = first_answer(RULES[:1], case)

    assert (outcome.kind, outcome.event, len(outcome.log)) == (Kind.REFUSE, 41, 1)


def test_the_same_question_gets_the_same_object():
    """One lookup per request; another host, protocol or mailbox is another question."""
    chooser = Chooser(TOPOLOGY)
    first = chooser.decide(account("HQ"), read_visit(b"GET", b"mail.example", b"/owa/a"))

    assert chooser.decide(account("HQ"), read_visit(b"POST", b"mail.example:443", b"/OWA/b")) is first
    assert chooser.decide(account("HQ"), read_visit(b"GET", b"mail.example", b"/ecp/")) is not first
    assert chooser.decide(account("HQ"), read_visit(b"GET", b"mail.example:1", b"/owa/")) is not first
    assert chooser.decide(account("Branch"), read_visit(b"GET", b"mail.example", b"/owa/")) is not first


def test_a_remembered_redirect_keeps_the_path_of_each_request():
    """What is remembered is the address of the site alone."""
    chooser = Chooser(TOPOLOGY)
    visits = (read_visit(b"GET", b"mail.example", target) for target in (b"/owa/a", b"/owa/b", b"/owa"))

    assert [chooser.decide(account("Branch"), visit).location for visit in visits] == [
        f"{ELSEWHERE}/a", f"{ELSEWHERE}/b", f"{ELSEWHERE}/"
    ]  # fmt: skip


def test_strange_hosts_fill_no_memory(monkeypatch):
    """The table starts anew when it is full, and decides as before."""
    monkeypatch.setattr(rules, "MAX_KNOWN", 10)
    chooser = Chooser(TOPOLOGY)

    for number in range(100):
        visit = read_visit(b"GET", b"host%d.example" % number, b"/owa/")
        assert chooser.decide(account("HQ"), visit).kind is Kind.PROXY
        assert len(chooser._known) <= 10


def test_the_control_panel_has_its_own_numbers():
    """As Exchange 2010 does."""
    assert ECP_TWIN == {41: 22, 43: 26, 71: 27, 42: 28, 40: 29}


def assert_logged(outcome, rule, candidates):
    """Hold the log to the rules tried in their order, then the candidates, then the answer."""
    tried = NAMES[: NAMES.index(rule)]
    assert [step.rule for step in outcome.log[: len(tried)]] == list(tried)
    assert [(step.rule, step.candidate) for step in outcome.log[len(tried) : -1]] == candidates
    assert outcome.log[-1] == Step(rule, "", outcome.because)
    assert all(step.verdict.endswith(".") for step in outcome.log)
    assert bool(outcome.public) is (outcome.kind is Kind.REFUSE)


PIECES = [b"/", b"owa", b"ECP", b"ews", b"oab", b"rpc", b"public", b"autodiscover", b"microsoft-server-activesync",
          b"..", b"%2e", b"\\", b"@evil.test", b"//evil.test", b"?", b"%0d%0a", b"%25", b":", b"auth"]  # fmt: skip
PATHS = st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=8).map(lambda each: b"/" + b"".join(each))
HOSTS = st.sampled_from([b"mail.example", b"branch.example:8443", b"legacy.example"]) | st.binary(max_size=20)
PLACES = st.none() | st.sampled_from([each.name for each in SITES]) | st.text(max_size=5)
VERSIONS = st.sampled_from(["14", "8.1", "6"]) | st.text(max_size=4)
URLS = st.sampled_from(["", ELSEWHERE, LEGACY]) | st.text(max_size=30) | st.text(max_size=20).map("https://".__add__)


@given(st.sampled_from([b"GET", b"POST"]), HOSTS, PATHS, st.builds(account, PLACES, VERSIONS), URLS)
def test_whatever_is_asked_addresses_and_sites_are_ours(method, host, target, user, url):
    """No exception but a refusal; no address of another origin than the settings', no site the topology lacks."""
    sites = tuple(replace(each, external_url=url, legacy_url=url) for each in SITES[:2]) + SITES[2:]
    topology = Topology(first_server="cas01.example", sites=sites)
    try:
        outcome = decide_mailbox(user, read_visit(method, host, target), topology)
    except ClientFault:
        return
    assert outcome.site is None or any(outcome.site is each for each in sites)
    assert to_plain(outcome)["kind"] == outcome.kind.value
    if outcome.kind in (Kind.PROXY, Kind.REFUSE):
        assert outcome.location == ""
    elif outcome.kind is Kind.REDIRECT:
        assert outcome.location == "/owa/"
    else:
        configured = {read_link(text) for each in sites for text in (each.external_url, each.legacy_url)}
        link = read_link(outcome.location)
        assert link is not None
        assert not link.tail
        assert link.origin in {each.origin for each in configured if each and not each.fault}
        assert outcome.location.isascii()
        assert outcome.location.isprintable()

"""Each key of [trust] and [sites.trust] through the running proxy at 0: what it refuses, and its opposite."""

import ssl
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from proxy.certkit import chains
from proxy.certkit.authority import Authority
from proxy.certkit.chains import Make
from proxy.certkit.faults import FOREIGN_PIN
from proxy.certkit.leaf import Leaf
from proxy.events.catalogue import message
from tests.demands import Given, Keys, demand, pin_of, standing
from tests.stage import Answer, Stage
from tests.wire import request, requests_in

pytestmark = pytest.mark.e2e

NAME, EXPIRY, CHAIN = "name", "expiry", "chain"
ONLY = {"ca_mode": "only"}
STALE = datetime.now(UTC) - timedelta(days=2)
STRANGER = Authority.create("A stranger")


class Case(NamedTuple):
    """What a backend presents, what is demanded, and what must come of it."""

    make: Make
    """Makes the certificate."""
    keys: Callable[[Given], Keys]
    """What is demanded."""
    reason: str = ""
    """Reason of event 43; empty: the backend is used."""
    code: int | None = None
    """OpenSSL's verify code."""


def elsewhere(make: Make) -> Make:
    """Make the same for another name."""
    return lambda authority, _host: make(authority, "elsewhere.test")


def verifying(*checks: str, pins: bool | None = None) -> Callable[[Given], Keys]:
    """Demand these checks; `pins`: the backend's key is pinned, or another one is."""

    def keys(given: Given) -> Keys:
        pinned = {} if pins is None else {"pin_spki_sha256": [given.pin if pins else FOREIGN_PIN]}
        return {"verify": list(checks), **pinned}

    return keys


def pinning(*pins: Callable[[Given], str]) -> Callable[[Given], Keys]:
    """Pin keys besides everything else."""
    return lambda given: {"pin_spki_sha256": [pin(given) for pin in pins]}


def own(given: Given) -> str:
    """Give the backend's pin."""
    return given.pin


def foreign(_given: Given) -> str:
    """Give a pin that nobody has."""
    return FOREIGN_PIN


def always(**keys: Any) -> Callable[[Given], Keys]:
    """Demand the same of everybody."""
    return lambda _given: keys


def root_list(given: Given) -> Keys:
    """Have the root's list, on which nobody stands."""
    return {"crl_files": given.lists(given.authority.list_revoked())}


def stale_list(given: Given) -> Keys:
    """Have a list of the root that should have been replaced."""
    return {"crl_files": given.lists(given.authority.list_revoked(next_update=STALE))}


def foreign_list(given: Given) -> Keys:
    """Have a list of an authority that has nothing to do with the backend."""
    return {"crl_files": given.lists(Authority.create("Another authority").list_revoked())}


def forged_list(given: Given) -> Keys:
    """Have a list under the authority's name that another key signed."""
    return {"crl_files": given.lists(Authority.create("Stage CA").list_revoked())}


def all_lists(given: Given) -> Keys:
    """Have every list that the certificate was made with."""
    return {"crl_files": given.lists(*given.leaf.lists)}


def below(*, revoked: bool) -> Make:
    """Make a leaf below an intermediate, with both lists; `revoked`: the intermediate stands on the root's."""

    def make(authority: Authority, host: str) -> Leaf:
        issuing = authority.intermediate("Issuing authority")
        root_list = authority.list_revoked(*([issuing.certificate] if revoked else []))
        return replace(issuing.issue(host), lists=(root_list, issuing.list_revoked()))

    return make


def trusting(position: int, **keys: Any) -> Callable[[Given], Keys]:
    """Trust one of the presented certificates and nothing else, 0 for the server's own."""
    return lambda given: {
        "ca_files": given.anchors((given.leaf.certificate, *given.leaf.chain)[position]),
        **ONLY,
        **keys,
    }


def trusting_another(**keys: Any) -> Callable[[Given], Keys]:
    """Trust a server of the same name and nothing else."""
    return lambda given: {"ca_files": given.anchors(given.authority.issue("cas.hq.test").certificate), **ONLY, **keys}


CASES: Mapping[str, Case] = {
    # verify
    "a wrong name": Case(chains.wrong_host, always(), "name_mismatch", 62),
    "a wrong name without name": Case(chains.wrong_host, verifying(CHAIN, EXPIRY)),
    "dates without name": Case(elsewhere(chains.expired), verifying(CHAIN, EXPIRY), "expired", 10),
    "a root without name": Case(elsewhere(chains.untrusted_root), verifying(CHAIN, EXPIRY), "untrusted_root", 19),
    "old dates": Case(chains.expired, always(), "expired", 10),
    "old dates without expiry": Case(chains.expired, verifying(CHAIN, NAME)),
    "dates to come": Case(chains.not_yet_valid, always(), "not_yet_valid", 9),
    "dates to come without expiry": Case(chains.not_yet_valid, verifying(CHAIN, NAME)),
    "an old intermediate without expiry": Case(chains.expired_intermediate, verifying(CHAIN, NAME)),
    "a name without expiry": Case(elsewhere(chains.expired), verifying(CHAIN, NAME), "name_mismatch", 62),
    "a root without expiry": Case(chains.untrusted_root, verifying(CHAIN, NAME), "untrusted_root", 19),
    "the chain alone": Case(elsewhere(chains.expired), verifying(CHAIN)),
    # pins instead of the chain
    "pinned, by itself": Case(chains.self_signed, verifying(NAME, EXPIRY, pins=True)),
    "pinned, by nobody": Case(chains.unknown_issuer, verifying(NAME, EXPIRY, pins=True)),
    "pinned, root presented": Case(chains.untrusted_root, verifying(NAME, EXPIRY, pins=True)),
    "pinned, by a trusted one": Case(chains.good, verifying(NAME, EXPIRY, pins=True)),
    "not pinned, by itself": Case(chains.self_signed, verifying(NAME, EXPIRY, pins=False), "pin_mismatch"),
    "not pinned, by a trusted one": Case(chains.good, verifying(NAME, EXPIRY, pins=False), "pin_mismatch"),
    "pinned and expired": Case(chains.expired, verifying(NAME, EXPIRY, pins=True), "expired", 10),
    "pinned and expired without expiry": Case(chains.expired, verifying(NAME, pins=True)),
    "pinned and elsewhere": Case(chains.wrong_host, verifying(NAME, EXPIRY, pins=True), "name_mismatch", 62),
    "pinned and elsewhere without name": Case(chains.wrong_host, verifying(EXPIRY, pins=True)),
    "pinned, expired, elsewhere": Case(elsewhere(chains.expired), verifying(EXPIRY, pins=True), "expired", 10),
    "pinned, elsewhere, expired": Case(elsewhere(chains.expired), verifying(NAME, pins=True), "name_mismatch", 62),
    "pinned and for clients": Case(chains.client_auth_only, verifying(NAME, EXPIRY, pins=True), "wrong_purpose", 26),
    # pins besides the chain
    "one pin": Case(chains.good, pinning(own)),
    "the second pin": Case(chains.good, pinning(foreign, own)),
    "another pin": Case(chains.good, pinning(foreign), "pin_mismatch"),
    "the authority's pin": Case(
        chains.good, pinning(lambda given: pin_of(given.authority.certificate)), "pin_mismatch"
    ),
    "a pin replaces no chain": Case(chains.self_signed, pinning(own), "self_signed", 18),
    "a pin replaces no dates": Case(chains.expired, pinning(own), "expired", 10),
    # revocation lists
    "on no list": Case(chains.revoked, always()),
    "not on the list": Case(chains.good, root_list),
    "on the list": Case(chains.revoked, all_lists, "revoked", 23),
    "its authority on the list": Case(below(revoked=True), all_lists, "revoked", 23),
    "nobody on either list": Case(below(revoked=False), all_lists),
    "a list of another": Case(chains.good, foreign_list, "crl_missing", 3),
    "a forged list": Case(chains.good, forged_list, "crl_missing", 3),
    "no list of the intermediate": Case(chains.with_intermediate, root_list, "crl_missing", 3),
    "a stale list": Case(chains.good, stale_list, "crl_expired", 12),
    # what ends a chain
    "an intermediate listed": Case(chains.with_intermediate, trusting(1), "trusted_intermediate_only", 2),
    "an intermediate listed, partial": Case(chains.with_intermediate, trusting(1, partial_chain=True)),
    "its own listed": Case(chains.good, trusting(0), "trusted_intermediate_only", 20),
    "its own listed, partial": Case(chains.good, trusting(0, partial_chain=True)),
    "another listed, partial": Case(chains.good, trusting_another(partial_chain=True), "private_ca", 20),
    "its root listed": Case(chains.untrusted_root, trusting(1)),
    "another mode": Case(
        chains.good, lambda given: {"ca_files": given.anchors(STRANGER.certificate), **ONLY}, "private_ca", 20
    ),
    # RFC 5280
    "against the rules": Case(chains.no_aki, always(strict_rfc5280=False)),
    "against the rules, strict": Case(chains.no_aki, always(strict_rfc5280=True), "not_rfc5280", 85),
    "by the rules, strict": Case(chains.good, always(strict_rfc5280=True)),
}
"""Name → case."""

MESSAGE = (
    'Client Access server "CAS01" tried to proxy Outlook Web App traffic to Client Access server "cas.hq.test". This '
    'failed because the Outlook Web App registry key "AllowInternalUntrustedCerts" is set to "0", but no certificate '
    'trusted by "CAS01" was available for the Secure Sockets Layer (SSL) encryption of the proxy connection.'
)


@pytest.mark.parametrize("where", ["trust", "sites.HQ.trust"])
@pytest.mark.parametrize("name", CASES)
async def test_each_key_demands_what_it_says(name: str, where: str) -> None:
    """Who keeps the demands is used; who does not is 502 with event 43 and its reason, and hears no byte of HTTP."""
    case = CASES[name]
    async with standing({"HQ": case.make}) as (running, given):
        running.reload(demand(running.settings, case.keys(given["HQ"]), "HQ" if "HQ" in where else ""))
        answer = await running.ask(request())
        assert_outcome(running, answer, case)
        assert all(event.policy_source == "trust" for event in running.seen(43))  # the switch stands there


def assert_outcome(running: Stage, answer: Answer, case: Case, site: str = "HQ") -> None:
    """Hold what came of a case."""
    raw = running.backends[site].raw
    told = [event for event in running.seen(43) if event.site == site]
    if not case.reason:
        assert (answer.status, told) == (200, [])
        assert [one.values(b"x-casproxy-trust") for one in requests_in(raw)] == [[b"trusted"]]
        return
    (event,) = told
    assert (answer.status, raw, event.reason, event.code) == (502, b"", case.reason, case.code)
    assert b"error=tls_certificate_error" in (answer.field(b"proxy-status") or b"")
    assert event.verdict is not None
    assert event.verdict.reason == case.reason
    assert message(event) == MESSAGE.replace("hq", site.lower())


# ── inheritance ──────────────────────────────────────────────────────────────────────────────────


class Heritage(NamedTuple):
    """What [trust] demands, what one site demands instead, and what becomes of that site and of its sibling."""

    make: Make
    """Makes the certificates of both."""
    above: Callable[[Given], Keys]
    """Keys of [trust]."""
    instead: Callable[[Given], Keys]
    """Keys of the one site's [sites.trust]."""
    own: tuple[str, int | None]
    """Reason and code for the site; an empty reason: it is used."""
    sibling: tuple[str, int | None]
    """Likewise for the other one."""


USED: tuple[str, int | None] = ("", None)
INHERITED: Mapping[str, Heritage] = {
    "verify": Heritage(
        elsewhere(chains.good), verifying(CHAIN, EXPIRY), verifying(CHAIN, NAME, EXPIRY), ("name_mismatch", 62), USED
    ),
    "pins": Heritage(chains.good, pinning(foreign), pinning(own), USED, ("pin_mismatch", None)),
    "no pins": Heritage(chains.good, pinning(foreign), pinning(), USED, ("pin_mismatch", None)),
    "pins, the chain still left out": Heritage(
        chains.self_signed, verifying(NAME, EXPIRY, pins=False), pinning(own), USED, ("pin_mismatch", None)
    ),
    "no lists": Heritage(chains.good, stale_list, always(crl_files=[]), USED, ("crl_expired", 12)),
    "partial_chain": Heritage(
        chains.with_intermediate,
        lambda given: {"ca_files": given.anchors(given.leaf.chain[0]), **ONLY, "partial_chain": True},
        always(partial_chain=False),
        ("trusted_intermediate_only", 2),
        ("private_ca", 20),  # its chain has an intermediate of the same name, and another key
    ),
    "strict_rfc5280": Heritage(
        chains.no_aki, always(strict_rfc5280=True), always(strict_rfc5280=False), USED, ("not_rfc5280", 85)
    ),
    "ca_files": Heritage(
        chains.good,
        lambda given: {"ca_files": given.anchors(STRANGER.certificate), **ONLY},
        lambda given: {"ca_files": [str(given.folder.parent / "ca.pem")]},
        USED,
        ("private_ca", 20),
    ),
    "the switch does not count for keys": Heritage(
        chains.expired, verifying(CHAIN, NAME), always(allow_internal_untrusted_certs=0), USED, USED
    ),
}
"""Key → what is inherited and what is not."""


@pytest.mark.parametrize("name", INHERITED)
async def test_a_site_overrides_one_key_and_its_sibling_none(name: str) -> None:
    """A key of [sites.trust] holds for its site alone; every other key, and the sibling, stay as [trust] has them."""
    heritage = INHERITED[name]
    async with standing({"HQ": heritage.make, "Branch": heritage.make}) as (running, given):
        text = demand(running.settings, heritage.above(given["HQ"]))
        running.reload(demand(text, heritage.instead(given["HQ"]), "HQ"))
        for site, (reason, code) in (("HQ", heritage.own), ("Branch", heritage.sibling)):
            answer = await running.ask(request(host=f"{site.lower()}.localhost".encode()))
            assert_outcome(running, answer, Case(heritage.make, heritage.above, reason, code), site)


# ── versions ─────────────────────────────────────────────────────────────────────────────────────


def speak(running: Stage, site: str, version: ssl.TLSVersion) -> None:
    """Let a backend speak this version of TLS and no other."""
    context = running.backends[site].context
    assert context is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of what this test is about
        # One after the other: the lowest must never be above the highest.
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = version
        context.minimum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")


V1_0, V1_1, V1_2, V1_3 = (
    ssl.TLSVersion.TLSv1,
    ssl.TLSVersion.TLSv1_1,
    ssl.TLSVersion.TLSv1_2,
    ssl.TLSVersion.TLSv1_3,
)


@pytest.mark.parametrize(
    ("version", "least", "is_used"),
    [
        (V1_0, "", False),
        (V1_0, "1.0", True),
        (V1_0, "1.1", False),
        (V1_1, "", False),
        (V1_1, "1.0", True),
        (V1_1, "1.1", True),
        (V1_2, "", True),
        (V1_2, "1.0", True),
        (V1_2, "1.2", True),
        (V1_2, "1.3", False),
        (V1_3, "", True),
        (V1_3, "1.0", True),
        (V1_3, "1.3", True),
    ],
)
async def test_the_lowest_version_holds_for_its_site_alone(version: ssl.TLSVersion, least: str, is_used: bool) -> None:
    """A backend below `min_tls_version` gets nothing, which is no 43; a sibling without the key stays at TLS 1.2."""
    async with standing({"HQ": chains.good, "Branch": chains.good}) as (running, _):
        for site in ("HQ", "Branch"):
            speak(running, site, version)
        running.reload(demand(running.settings, {"min_tls_version": least} if least else {}, "HQ"))
        statuses = [(await running.ask(request(host=host))).status for host in (b"hq.localhost", b"branch.localhost")]
        heard = [len(requests_in(running.backends[site].raw)) for site in ("HQ", "Branch")]
        expected = [is_used, version >= V1_2]
        assert [status == 200 for status in statuses] == expected
        assert {status for status in statuses if status != 200} <= {502, 503}
        assert heard == [int(each) for each in expected]
        assert running.seen(43) == []
        assert [event.site for event in running.seen(1024)] == (["HQ"] if least in ("1.0", "1.1") else [])


async def test_a_site_takes_back_a_version_that_trust_allows() -> None:
    """[trust] may allow TLS 1.0 and a site refuse it again."""
    async with standing({"HQ": chains.good, "Branch": chains.good}) as (running, _):
        for site in ("HQ", "Branch"):
            speak(running, site, V1_0)
        text = demand(running.settings, {"min_tls_version": "1.0"})
        running.reload(demand(text, {"min_tls_version": "1.2"}, "HQ"))
        assert (await running.ask(request(host=b"hq.localhost"))).status in (502, 503)
        assert (await running.ask(request(host=b"branch.localhost"))).status == 200
        assert [event.site for event in running.seen(1024)] == ["Branch"]


@pytest.mark.parametrize("fault", ["expired", "wrong_host", "unknown_issuer", "self_signed"])
async def test_an_old_version_waives_no_trust(fault: str) -> None:
    """With TLS 1.0 allowed, name, dates and chain are demanded as ever."""
    async with standing({"HQ": getattr(chains, fault)}) as (running, _):
        speak(running, "HQ", V1_0)
        running.reload(demand(running.settings, {"min_tls_version": "1.0"}, "HQ"))
        assert (await running.ask(request())).status == 502
        assert (len(running.seen(43)), running.backends["HQ"].raw) == (1, b"")


async def test_an_old_version_lets_weak_keys_pass() -> None:
    """Below 1.2 OpenSSL's security level is 0, as the settings say: a key of 1024 bits is accepted there only."""
    async with standing({"HQ": chains.rsa_1024, "Branch": chains.rsa_1024}) as (running, _):
        running.reload(demand(running.settings, {"min_tls_version": "1.1"}, "HQ"))
        assert (await running.ask(request(host=b"hq.localhost"))).status == 200
        assert (await running.ask(request(host=b"branch.localhost"))).status == 502
        assert [(event.site, event.reason) for event in running.seen(43)] == [("Branch", "weak_key")]

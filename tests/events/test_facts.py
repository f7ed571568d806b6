"""Promises of the facts that exports tell."""

from proxy.events.facts import NAMES, facts_of
from proxy.events.formats import ONCE, Tally
from proxy.events.record import Event

REFUSAL = Event(
    id=43,
    parameters=("CAS01", "cas02"),
    site="Branch",
    server="cas02",
    address="127.0.0.12",
    port=443,
    reason="untrusted_root",
    code=19,
    code_text="self-signed certificate in certificate chain",
    policy="enforce",
    policy_source="sites.Branch.trust",
    generation=0,
    request_id="abc",
    proxy_status="tls_certificate_error",
    note="A note.",
)


def test_what_is_known_has_its_name():
    """Every field of an event and of its tally is told, in the agreed order."""
    facts = facts_of(REFUSAL, Tally(repeats=7, left_out=3))

    assert tuple(facts) == NAMES
    assert facts["symbol"] == "ProxyErrorSslTrustFailure"
    assert (facts["target"], facts["port"], facts["code"], facts["generation"]) == ("cas02", "443", "19", "0")
    assert (facts["repeats"], facts["left_out"]) == ("7", "3")


def test_what_is_not_known_is_left_out():
    """An event of which nothing is known has its symbol only; OpenSSL's code 0 is a code."""
    assert set(facts_of(Event(id=1013), ONCE)) == {"symbol"}
    assert facts_of(Event(id=1013, code=0), ONCE)["code"] == "0"

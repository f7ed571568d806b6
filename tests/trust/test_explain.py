"""Promises of explaining a judgement: nothing is decided here, and every reason is named."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from proxy.certkit import FAULTS, Authority, Fault, Leaf
from proxy.certkit.chains import CannotMake
from proxy.model.sites import TrustPolicy
from proxy.model.verdict import Reason, Verdict
from proxy.trust.explain import CHECKS, Judgement, explain
from proxy.trust.reasons import describe
from tests.verdicts import NAME, POLICY, demand, der, examined, judge, presented, verdict

REFUSED = Judgement(trusted=False, code=20, text="unable to get local issuer certificate")


@cache
def root() -> Authority:
    """One root for all."""
    return Authority.create("casproxy test root")


def words(it: Verdict) -> list[str]:
    """List the reasons."""
    return [finding.reason.value for finding in it.findings]


def made(fault: Fault) -> Leaf:
    """Make the leaf, or skip where the library refuses to."""
    try:
        return fault.make(root(), NAME)
    except CannotMake as refusal:
        pytest.skip(str(refusal))


def policy_of(fault: Fault) -> TrustPolicy:
    """Resolve the keys a row needs."""
    return replace(
        POLICY,
        strict_rfc5280=bool(fault.policy.get("strict_rfc5280")),
        pins=tuple(fault.policy.get("pin_spki_sha256", ())),
        crl_files=("lists.pem",) if "crl_files" in fault.files else (),
    )


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_every_bad_chain_is_explained(fault):
    """OpenSSL's code for each row is explained by our own checks, with exactly the reasons of the row."""
    leaf = fault.make(root(), NAME)
    asked = demand(*(leaf.anchors or (root().certificate,)), policy=policy_of(fault), lists=tuple(map(der, leaf.lists)))
    judgement = Judgement(
        trusted=fault.is_trusted, code=fault.code or None, text="some text", pin_mismatch=fault.name == "pin-mismatch"
    )

    told = explain(presented(leaf), judgement, asked, datetime.now(UTC))

    assert words(told) == list(fault.reasons)
    assert told.is_explained
    assert told.trusted == fault.is_trusted
    assert told.code == judgement.code


@pytest.mark.parametrize("fault", [row for row in FAULTS.values() if row.is_trusted], ids=lambda fault: fault.name)
def test_a_sound_chain_fails_no_check(fault):
    """The checks find nothing where OpenSSL finds nothing."""
    it = examined(made(fault), root().certificate)

    assert [finding for check in CHECKS for finding in check(it)] == []


def test_all_reasons_are_listed_the_deciding_one_first():
    """OpenSSL stops at the unknown root; we say as well that the certificate expired and bears another name."""
    foreign = Authority.create("Foreign root")
    now = datetime.now(UTC)
    leaf = foreign.issue("other.example", not_before=now - timedelta(days=30), not_after=now - timedelta(days=3))

    told = verdict(leaf, root().certificate)

    assert (told.code, told.is_explained) == (20, True)
    assert words(told) == ["private_ca", "expired", "name_mismatch"]
    assert "3 days ago" in told.findings[1].sentence


@pytest.mark.parametrize(
    ("code", "first"), [(19, "untrusted_root"), (10, "expired"), (62, "name_mismatch"), (None, "pin_mismatch")]
)
def test_the_judgement_alone_chooses_the_first(code, first):
    """Whichever of several findings decided is known from the code; the others follow in their order."""
    now = datetime.now(UTC)
    foreign = Authority.create("Foreign root")
    leaf = replace(foreign.issue("other.example", not_after=now - timedelta(seconds=1)), chain=(foreign.certificate,))
    asked = demand(root().certificate, policy=replace(POLICY, pins=("x",)))

    told = explain(presented(leaf), Judgement(trusted=False, code=code, pin_mismatch=code is None), asked, now)

    assert words(told)[0] == first
    assert sorted(words(told)) == ["expired", "name_mismatch", "pin_mismatch", "untrusted_root"]


def test_of_two_expired_ones_the_upper_decided():
    """OpenSSL looks at the dates from the root downwards."""
    past = datetime.now(UTC) - timedelta(days=5)
    issuing = root().intermediate("Old issuing", not_before=past - timedelta(days=9), not_after=past)
    leaf = issuing.issue(NAME, not_before=past - timedelta(days=9), not_after=past)

    told = verdict(leaf, root().certificate)

    assert words(told) == ["expired", "expired"]
    assert [finding.position for finding in told.findings] == [1, 0]


@pytest.mark.parametrize("presents", [True, False])
def test_a_trusted_verdict_has_no_findings(presents):
    """Our checks never overrule OpenSSL, not even where they would find much."""
    leaf = Authority.create("Foreign root").issue("other.example")
    asked = demand(root().certificate)

    told = explain(presented(leaf) if presents else (), Judgement(trusted=True), asked, datetime.now(UTC))

    assert told.trusted
    assert told.findings == ()
    assert told.is_explained


def test_a_sound_chain_that_was_refused_is_not_trusted():
    """Where our checks find nothing the refusal stands all the same, with what the code says."""
    told = explain(
        presented(root().issue(NAME)),
        Judgement(trusted=False, code=10, text="certificate has expired"),
        demand(root().certificate),
        datetime.now(UTC),
    )

    assert not told.trusted
    assert words(told) == ["expired"]
    assert not told.is_explained
    assert told.findings[0].sentence.endswith("It was refused by OpenSSL with code 10: certificate has expired.")
    assert told.findings[0].cure == describe(Reason.EXPIRED).cure


@pytest.mark.parametrize(
    "code", [1, 7, 40, 2, 3, 9, 10, 12, 18, 19, 20, 21, 23, 24, 25, 26, 34, 47, 62, 66, 67, 68, 85]
)
def test_without_the_chain_the_code_tells(code):
    """Where the chain could not be fetched the reason is known from the code alone, and nothing is made up."""
    told = explain((), Judgement(trusted=False, code=code, text="text"), demand(), datetime.now(UTC))

    assert len(told.findings) == 1
    assert not told.is_explained
    assert told.leaf is None
    assert f"code {code}: text" in told.findings[0].sentence


def test_unknown_issuer_stays_without_the_chain():
    """A missing intermediate cannot be told from a private authority then."""
    assert explain((), REFUSED, demand(), datetime.now(UTC)).reason == "unknown_issuer"


def test_without_chain_and_code_something_is_said():
    """A refusal without any reason is a refusal."""
    told = explain((), Judgement(trusted=False), demand(), datetime.now(UTC))

    assert words(told) == ["other"]


def test_a_pin_decides_without_the_chain():
    """The mismatch is known although the key is not."""
    asked = demand(policy=replace(POLICY, pins=("x",)))

    told = explain((), Judgement(trusted=False, pin_mismatch=True), asked, datetime.now(UTC))

    assert (words(told), told.is_explained) == (["pin_mismatch"], True)


def test_without_the_chain_demanded_its_end_is_a_note():
    """A policy without "chain" refuses for names, dates and pins; where the chain ends is remarked upon."""
    foreign = Authority.create("Foreign root")
    issuing = foreign.intermediate("Issuing", not_after=datetime.now(UTC) - timedelta(minutes=1))
    leaf = issuing.issue("other.example")
    asked = demand(root().certificate, policy=replace(POLICY, check_chain=False, pins=("x",)))

    told = explain(presented(leaf), Judgement(trusted=False, code=62), asked, datetime.now(UTC))

    assert words(told) == ["name_mismatch", "expired", "pin_mismatch"]
    assert any(note.startswith("The chain is not verified here: ") for note in told.notes)


@pytest.mark.parametrize("check_chain", [True, False])
def test_what_is_presented_besides_a_trusted_leaf(check_chain):
    """Where the server's certificate is trusted itself OpenSSL still checks what is presented above it; so do we."""
    issuing = root().intermediate("Issuing", not_after=datetime.now(UTC) - timedelta(minutes=1))
    leaf = issuing.issue(NAME)
    asked = demand(leaf.certificate, policy=replace(POLICY, partial_chain=True))
    judgement = judge(leaf, asked, leaf.certificate)
    without = demand(root().certificate, policy=replace(POLICY, check_chain=False))

    told = explain(presented(leaf), judgement, asked if check_chain else without, datetime.now(UTC))

    assert (told.code, words(told), told.is_explained) == (10, ["expired"], True)
    assert told.findings[0].position == 1


def test_a_leaf_among_the_trusted_ones():
    """A server's certificate in ca_files does not do without partial_chain, and the sentence says so."""
    leaf = root().issue(NAME)

    told = verdict(leaf, leaf.certificate)

    assert (told.code, told.reason, told.is_explained) == (20, "trusted_intermediate_only", True)
    assert "certificate is itself among the trusted ones (branch.pem)" in told.findings[0].sentence


def test_resemblance():
    """The certificate of another configured server is recognised, and the cure says so."""
    others = (("cas01.main.example", "Main"), ("cas03.south.example", "South"))

    told = verdict(root().issue("*.south.example"), root().certificate, others=others)

    assert told.resembles == "South"
    assert "cas03.south.example" in told.findings[0].cure


def test_no_resemblance_where_the_name_is_right():
    """A certificate for several servers resembles none while it covers the demanded one."""
    leaf = root().issue(NAME, "cas01.main.example")

    assert verdict(leaf, root().certificate, others=(("cas01.main.example", "Main"),)).resembles == ""


def test_facts_of_the_verdict():
    """What was asked, the store, the moment, the presented certificates and the path are kept."""
    issuing, now = root().intermediate("Issuing"), datetime.now(UTC)
    leaf = issuing.issue(NAME)

    told = explain(presented(leaf), Judgement(trusted=True), demand(root().certificate), now)

    assert (told.name, told.store, told.at) == (NAME, "1 from branch.pem", now)
    assert [facts.subject for facts in told.presented] == [f"CN={NAME}", "CN=Issuing"]
    assert [link.subject for link in told.path] == [f"CN={NAME}", "CN=Issuing", "CN=casproxy test root"]

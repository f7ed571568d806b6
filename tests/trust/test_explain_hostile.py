"""Promises of explaining hostile chains: whatever the bytes are there is a verdict, and it is bounded."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.certkit import FAULTS, Authority, Leaf, self_signed
from proxy.trust.explain import MOST_FINDINGS, Demand, Judgement, explain
from tests import verdicts
from tests.verdicts import NAME, POLICY, demand, der, presented


@cache
def root() -> Authority:
    """One root for all."""
    return Authority.create("casproxy test root")


@cache
def seeds() -> tuple[bytes, ...]:
    """Certificates to mutilate: of each fault the chain, and the root."""
    chains = [
        presented(fault.make(root(), NAME))
        for fault in FAULTS.values()
        if fault.name not in {"many-sans", "sha1-signature"}
    ]
    return (*dict.fromkeys(each for chain in chains for each in chain), der(root().certificate))


@st.composite
def mutilated(draw: st.DrawFn) -> bytes:
    """Change some bytes of a certificate, or cut it."""
    data = bytearray(draw(st.sampled_from(seeds())))
    for _ in range(draw(st.integers(0, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.integers(0, 9)) == 0 else data)


POLICIES = st.builds(
    lambda flags, version: replace(POLICY, min_tls_version=version, **flags),
    st.fixed_dictionaries(
        {
            **{flag: st.booleans() for flag in ("check_chain", "check_name", "check_expiry", "strict_rfc5280")},
            "partial_chain": st.booleans(),
            "crl_files": st.sampled_from([(), ("lists.pem",)]),
            "pins": st.sampled_from([(), ("x",)]),
        }
    ),
    st.sampled_from(["1.0", "1.2", "1.3"]),
)
JUDGEMENTS = st.builds(
    Judgement, trusted=st.booleans(), code=st.none() | st.integers(-1, 100), text=st.text(max_size=9),
    pin_mismatch=st.booleans(),
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    chain=st.lists(mutilated() | st.binary(max_size=40), max_size=6),
    policy=POLICIES,
    judgement=JUDGEMENTS,
    lists=st.lists(st.binary(max_size=40), max_size=2),
    name=st.sampled_from([NAME, "127.0.0.1", "", "\0", "a..b"]),
)
def test_never_raises(chain, policy, judgement, lists, name):
    """Whatever the server sends there is a verdict, as trusted as the judgement."""
    asked = Demand(
        name=name,
        policy=policy,
        anchors=demand(root().certificate).anchors,
        lists=tuple(lists),
        others=((NAME, "Main"),),
    )

    told = explain(tuple(chain), judgement, asked, datetime.now(UTC))

    assert told.trusted == judgement.trusted
    assert bool(told.findings) != told.trusted
    assert len(told.presented) == len(chain)
    assert len(told.findings) <= MOST_FINDINGS


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(range(8)), min_size=1, max_size=12), JUDGEMENTS)
def test_shuffled_truncated_and_repeated_chains(order, judgement):
    """Certificates in any order and number are explained."""
    whole = (*presented(_deep()), *seeds())

    told = explain(tuple(whole[place] for place in order), judgement, demand(root().certificate), datetime.now(UTC))

    assert bool(told.findings) != told.trusted


@cache
def _deep() -> Leaf:
    issuing = root()
    for number in range(5):
        issuing = issuing.intermediate(f"Issuing {number}")
    return issuing.issue("other.example")


@pytest.mark.timeout(5)
def test_ten_thousand_names_are_bounded():
    """A certificate for thousands of names gives one sentence that a line holds, and is told from other servers."""
    leaf = root().issue("x", alternative_names=[f"host{number}.branch.example" for number in range(10_000)])
    others = tuple((f"other{number}.branch.example", "Other") for number in range(500))

    asked = demand(root().certificate, others=others)

    told = explain(presented(leaf), Judgement(trusted=False, code=62), asked, datetime.now(UTC))

    assert [finding.reason.value for finding in told.findings] == ["name_mismatch"]
    assert len(told.findings[0].sentence) < 400
    assert "and 9,995 more" in told.findings[0].sentence


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "make", [lambda leaf: leaf * 2_000, lambda leaf: (*leaf, b"0" * 1_048_576), lambda leaf: leaf + (b"",) * 5_000]
)
def test_a_megabyte_of_chain_is_bounded(make: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]):
    """Repeated and senseless certificates are counted, not told one by one."""
    chain = make(presented(self_signed("other.example")))

    told = explain(chain, Judgement(trusted=False, code=18), demand(root().certificate), datetime.now(UTC))

    assert [finding.reason.value for finding in told.findings] == ["self_signed", "name_mismatch"]
    assert len(told.presented) == len(chain)
    assert len(told.notes) <= 4
    assert sum(map(len, told.notes)) < 1_000


@pytest.mark.timeout(5)
def test_long_texts_are_cut():
    """Names and addresses of a hundred kilobytes each do not make sentences of that size."""
    long = "x" * 100_000
    access = x509.AccessDescription(
        AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(f"http://{long}/")
    )
    extensions = (
        (x509.SubjectAlternativeName([x509.DNSName(long)] * 9), False),
        (x509.AuthorityInformationAccess([access]), False),
    )
    top = verdicts.certificate(f"O={long}", verdicts.AUTHORITY)
    leaf = verdicts.certificate(f"O={long}", extensions, top, not_after=datetime.now(UTC))

    told = explain(presented(leaf), Judgement(trusted=False, code=20), demand(root().certificate), datetime.now(UTC))

    assert [finding.reason.value for finding in told.findings] == ["missing_intermediate", "expired", "name_mismatch"]
    assert all(len(finding.sentence) + len(finding.cure) < 1_000 for finding in told.findings)
    assert sum(map(len, told.notes)) < 1_000

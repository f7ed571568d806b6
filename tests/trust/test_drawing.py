"""Promises of the drawn chain."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.model.verdict import CertificateFacts, Reason
from proxy.trust.drawing import COLUMNS, LINES, draw
from tests.handmade import CLOSED, HOSTILE, LEAF, OPEN, ROOT, UNSEEN, finding, link, worst


def test_an_open_chain_is_drawn_to_the_name_that_is_missing():
    """Every certificate has its facts, and each reason stands where it belongs."""
    assert draw(OPEN) == [
        "1  CN=cas02.branch.example                     presented     12 days left, until 2026-12-06",
        "   names  cas02, cas02.branch.example          ✖ name_mismatch",
        "   key    EC P-256 · signed ECDSA with SHA-256 · server authentication",
        f"   sha256 {'2f6c' * 16}",
        f"   pin    {'A' * 43}=",
        "   │ issued by",
        "?  CN=Corp Issuing 3                           not sent by the server, not in the trust store",
        "   said to be at http://pki.corp.example/issuing3.crt (not fetched)",
        "   ✖ missing_intermediate",
        "trust store: 142 from certifi, 1 from certs/branch-root.pem",
    ]


def test_a_closed_chain_names_the_anchor_and_who_expired():
    """The reader sees which certificate has expired, since when, and which file trusts it."""
    lines = draw(CLOSED)

    assert lines[6:] == [
        "2  CN=Branch Root                              presented     expired 3 days ago, on 2026-11-21",
        "   key    EC P-256 · signed ECDSA with SHA-256",
        f"   sha256 {'ab' * 32}",
        f"   pin    {'A' * 43}=",
        "   issuer itself",
        "   store  certs/branch-root.pem",
        "   ✖ expired",
        "trust store: 142 from certifi, 1 from certs/branch-root.pem",
    ]


def test_an_anchor_of_the_store_is_told_from_one_that_was_sent():
    """Who sends what is a matter of the server, who trusts what is one of ours."""
    lines = draw(replace(CLOSED, path=(link(LEAF, 0), link(ROOT, anchor="certifi"))))

    assert "2  CN=Branch Root                              in the store  expired 3 days ago, on 2026-11-21" in lines
    assert "   store  certifi" in lines


def test_a_signature_that_is_wrong_is_marked():
    """A link that only looks like one is shown as broken."""
    lines = draw(replace(CLOSED, path=(link(LEAF, 0, signed=False), link(ROOT, 1))))

    assert lines[5:7] == ["   ✖ signature does not verify", "   │ issued by"]


def test_what_was_sent_in_vain_is_listed():
    """Certificates out of the path are told with their own marks, ten at most."""
    spare = replace(
        CLOSED, presented=(LEAF, *(ROOT,) * 14), path=(link(LEAF, 0),), findings=(finding(Reason.EXPIRED, 3),)
    )
    lines = draw(spare)
    heading = lines.index("also sent, not needed:")

    assert lines[heading + 1] == "   CN=Branch Root                              expired 3 days ago, on 2026-11-21"
    assert lines[heading + 4] == "   ✖ expired"
    assert lines[-2] == "   and 4 more"


def test_what_is_about_no_certificate_stands_at_the_end():
    """A reason without a place is not lost."""
    lines = draw(replace(OPEN, findings=(*OPEN.findings, finding(Reason.CRL_MISSING), finding(Reason.EXPIRED, 7))))

    assert lines[-3:-1] == ["besides:", "   ✖ crl_missing ✖ expired"]


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.value)
@pytest.mark.parametrize("position", [None, 0, 1, 2, 99])
@pytest.mark.parametrize("verdict", [OPEN, CLOSED, worst(chain=40)], ids=["open", "closed", "worst"])
def test_every_reason_is_marked(verdict, reason, position):
    """Whatever it is about, a reason stands in the drawing exactly once."""
    text = "\n".join(draw(replace(verdict, findings=(finding(reason, position),))))

    assert text.count(f"✖ {reason.value}") == 1


def test_many_names_are_counted():
    """Five names stand for two thousand."""
    many = replace(LEAF, names=tuple(f"n{number}.example" for number in range(100)), name_count=2000)
    lines = draw(replace(OPEN, presented=(many,), path=(link(many, 0),), findings=()))

    assert lines[1] == "   names  n0.example, n1.example, n2.example, n3.example, n4.example and 1,995 more"


def test_a_certificate_without_names_says_so():
    """The subject alone counts for nothing, which surprises people."""
    bare = replace(LEAF, names=(), name_count=0)
    lines = draw(replace(OPEN, presented=(bare,), path=(link(bare, 0),)))

    assert lines[1].startswith("   names  none (its subject counts for nothing)")


def test_an_unreadable_certificate_is_drawn_with_its_fault():
    """What could not be read is said, and its fingerprint stays."""
    broken = CertificateFacts(size=3, sha256="c" * 64, fault="its DER is cut off")

    assert draw(replace(OPEN, presented=(broken,), path=(link(broken, 0),), findings=(), store="")) == [
        "1                                              presented",
        "   fault  its DER is cut off",
        f"   sha256 {'c' * 64}",
    ]


def test_without_a_chain_one_line_says_so():
    """A chain that could not be fetched is no empty picture."""
    assert draw(replace(UNSEEN, store="")) == ["The certificates of the server could not be fetched."]


def assert_bounded(lines):
    """Hold what no server may break."""
    assert len(lines) <= LINES
    assert all(len(line) <= COLUMNS and line.isprintable() and len(line.splitlines()) == 1 for line in lines)


@pytest.mark.parametrize("chain", [1, 2, 11, 12, 13, 300])
def test_the_worst_chain_is_bounded(chain):
    """Sixty thousand characters in every field, two thousand names and 300 certificates fit on a few pages."""
    lines = draw(worst(chain=chain, size=60_000 if chain < 20 else 2000))

    assert_bounded(lines)
    assert any(line.startswith("trust store: ") for line in lines)


@given(st.text(st.characters(exclude_categories=[]), min_size=1, max_size=80))
def test_no_text_leaves_its_line(text):
    """Whatever a name holds, it ends no line and hides none."""
    lines = draw(worst(text, names=7, size=len(text), chain=4))

    assert_bounded(lines)
    assert len(lines) >= len(draw(worst("x", names=7, size=1, chain=4)))


def test_hostile_text_is_shown_not_done():
    """Escapes are visible, and markup is left to whoever makes HTML."""
    named = replace(LEAF, subject=HOSTILE[:42])
    lines = draw(replace(OPEN, presented=(named,), path=(link(named, 0),)))

    assert lines[0].startswith("1  a\\x0d\\x0a00:00:00 ERR…")

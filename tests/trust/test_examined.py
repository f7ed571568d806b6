"""Promises of the words that checks share, and of what they look at."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509

from proxy.certkit import self_signed
from proxy.model.verdict import Reason
from proxy.trust.certificate import parse
from proxy.trust.chain import follow
from proxy.trust.examined import cut, enumerate_names, find, has_critical, quote, span_text
from proxy.trust.reasons import describe
from tests.verdicts import POLICY, examined, trio


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(days=1_234), "1,234 days"),
        (timedelta(days=2), "2 days"),
        (timedelta(days=1, hours=23), "1 day"),
        (timedelta(hours=23, minutes=59), "23 hours"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(0), "less than a minute"),
    ],
)
def test_spans(span, text):
    """A span is written in its largest unit, rounded down."""
    assert span_text(span) == text


def test_long_texts_are_cut():
    """What a sentence quotes is bounded."""
    assert quote("CN=x") == '"CN=x"'
    assert cut("x" * 120) == "x" * 120
    assert cut("x" * 121) == "x" * 120 + "…"


def test_names_are_enumerated():
    """Five are listed."""
    assert enumerate_names(["a", "b"]) == "a, b"
    assert enumerate_names(list("abcdef")) == "a, b, c, d, e and 1 more"


def test_members():
    """Each readable certificate of the path is there with its place; the absent issuer is not."""
    leaf, root = trio()

    whole, without = examined(leaf, root), examined(leaf.without_chain(), root)

    assert [member.title for member in whole.members] == [
        "The server's certificate",
        'The intermediate certificate "CN=Issuing"',
        'The root certificate "CN=Root"',
    ]
    assert [member.is_anchor for member in whole.members] == [False, False, True]
    assert [member.index for member in whole.issuers] == [1, 2]
    assert [member.index for member in without.members] == [0]


def test_an_unreadable_leaf():
    """Then there is no leaf, and it has no names."""
    it = examined(*trio())
    parsed = (parse(b"x"),)
    it = replace(it, presented=parsed, path=follow(parsed, it.demand.anchors, partial_chain=False))

    assert it.leaf is None
    assert it.members == ()
    assert it.names.all == ()


def test_names_are_those_of_the_leaf():
    """All names are read, from the server's certificate."""
    it = examined(self_signed(*(f"host{number}.example" for number in range(200))))

    assert len(it.names.all) == 200


@pytest.mark.parametrize(("version", "expected"), [("1.0", False), ("1.1", False), ("1.2", True), ("1.3", True)])
def test_security_level(version, expected):
    """Below TLS 1.2 weak keys pass."""
    it = examined(*trio(), policy=replace(POLICY, min_tls_version=version))

    assert it.has_security_level is expected


def test_find():
    """A finding has the cure of the table unless it brings its own, and the place of its certificate."""
    leaf = examined(*trio()).leaf

    assert find(Reason.EXPIRED, "So.").cure == describe(Reason.EXPIRED).cure
    assert find(Reason.EXPIRED, "So.").position is None
    assert find(Reason.EXPIRED, "So.", leaf, "Wait.").cure == "Wait."
    assert find(Reason.EXPIRED, "So.", leaf).position == 0


def test_criticality():
    """An extension is critical when it is there and marked so."""
    leaf, root = trio()

    assert has_critical(root, x509.BasicConstraints)
    assert not has_critical(root, x509.SubjectKeyIdentifier)
    assert not has_critical(leaf.certificate, x509.NameConstraints)

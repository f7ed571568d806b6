"""Promises of the remarks: what is worth saying of a chain that is no reason against it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from proxy.certkit import Authority
from proxy.trust.certificate import parse
from proxy.trust.chain import follow
from proxy.trust.remarks import remarks_on
from tests.verdicts import NAME, POLICY, der, examined, presented, trio

ROOT = Authority.create("Root")
ISSUING = ROOT.intermediate("Issuing")


def remarks(*chain: bytes) -> list[str]:
    """Remark on what a server sends."""
    it = examined(ISSUING.issue(NAME), ROOT.certificate)
    parsed = tuple(map(parse, chain))
    path = follow(parsed, it.demand.anchors, partial_chain=False)
    return list(remarks_on(replace(it, presented=parsed, path=path)))


BARE = ((x509.BasicConstraints(ca=True, path_length=None), False),)


def test_nothing_to_say():
    """A sound chain deserves no remark, nor does an empty one."""
    assert remarks(*presented(ISSUING.issue(NAME))) == []
    assert remarks() == []


@pytest.mark.parametrize(("left", "count"), [(timedelta(days=20), 1), (timedelta(days=22), 0), (timedelta(0), 0)])
def test_it_expires_soon(left, count):
    """Three weeks ahead the date is told; afterwards it is a reason."""
    now = datetime.now(UTC).replace(microsecond=0)
    it = replace(examined(ISSUING.issue(NAME, not_after=now + left), ROOT.certificate), now=now)

    found = [note for note in remarks_on(it) if "expires in" in note]

    assert found == [f"The server's certificate expires in 20 days, on {now + left:%Y-%m-%d}."] * count


def test_the_order():
    """A chain out of order is remarked upon."""
    leaf = ROOT.intermediate("Upper").intermediate("Lower").issue(NAME)
    first, second, third = presented(leaf)

    assert remarks(first, second, third) == []
    assert remarks(first, third, second) == [
        "The server sends its certificates out of order; old clients may refuse them."
    ]


def test_superfluous_certificates():
    """What the path does not need is told by its place."""
    other = der(Authority.create("Other").certificate)

    assert remarks(*presented(ISSUING.issue(NAME)), other, other) == [
        "The server sends certificates that its chain does not need, at place 3, 4."
    ]


def test_the_root_is_sent():
    """A trusted root need not be sent."""
    (note,) = remarks(*presented(ISSUING.issue(NAME)), der(ROOT.certificate))

    assert note.startswith("The server sends the root as well")


def test_senseless_bytes():
    """What is no certificate is told by its place."""
    assert "The server sends what is no readable certificate, at place 3." in remarks(
        *presented(ISSUING.issue(NAME)), b"x"
    )


def test_many_certificates():
    """A long chain is told with its number and size."""
    chain = presented(ISSUING.issue(NAME)) * 6

    assert f"The server sends 12 certificates of {sum(map(len, chain)):,} bytes; a few would do." in remarks(*chain)


def test_strict_rules():
    """What would fail strict rules is one remark, and none where they are demanded."""
    leaf, root = trio(identifiers=("S", "S", ""))

    (note,) = remarks_on(examined(leaf, root))

    assert note.startswith("The chain would fail strict RFC 5280: The server's certificate has no authority key")
    assert note.count("(code ") == 3
    assert list(remarks_on(examined(leaf, root, policy=replace(POLICY, strict_rfc5280=True)))) == []


def test_strict_rules_are_bounded():
    """Of many breaches the first five are told."""
    leaf, root = trio(identifiers=("", "", ""), issuing=BARE, root=BARE)

    (note,) = remarks_on(examined(leaf, root))

    assert note.count("(code ") == 5
    assert note.endswith("more.")

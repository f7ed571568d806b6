"""Promises of the strict rules; that their codes are OpenSSL's is held in test_checks_openssl."""

from dataclasses import replace

import pytest
from cryptography import x509

from proxy.trust.strict import breaches, check_strictly
from tests.verdicts import AUTHORITY, POLICY, SERVER, certificate, examined, trio

STRICT = replace(POLICY, strict_rfc5280=True)
CONSTRAINTS, USAGE = AUTHORITY
UNCRITICAL = (x509.BasicConstraints(ca=True, path_length=None), False)


def test_a_sound_chain_breaks_no_rule():
    """Usual certificates pass."""
    assert list(breaches(examined(*trio()))) == []


def test_every_breach_is_listed():
    """OpenSSL stops at the first rule; all are told, with the certificate and OpenSSL's code."""
    leaf, root = trio(issuing=(UNCRITICAL,), identifiers=("S", "A", ""))

    found = [(breach.member.index, breach.code) for breach in breaches(examined(leaf, root))]

    assert found == [(0, 85), (1, 89), (1, 92), (1, 86), (2, 86)]


def test_findings_only_where_asked_for():
    """Without strict_rfc5280 a breach is no reason."""
    leaf, root = trio(identifiers=("S", "SA", "S"))

    assert list(check_strictly(examined(leaf, root))) == []
    (finding,) = check_strictly(examined(leaf, root, policy=STRICT))
    assert finding.sentence == "The server's certificate has no authority key identifier (code 85)."
    assert finding.position == 0


def test_a_chain_of_one_is_not_held_to_them():
    """A certificate that signed itself, or is trusted itself, is let be."""
    leaf = certificate("x", SERVER, identifiers="")

    assert list(breaches(examined(leaf, leaf.certificate))) == []


@pytest.mark.parametrize("critical", [True, False])
def test_a_path_length_alone_is_seen_in_the_der(critical):
    """Basic constraints that the parser refuses are recognised all the same, marked critical or not."""
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.19"), bytes.fromhex("3003020100"))
    leaf, root = trio((*SERVER, (extension, critical)))

    assert [breach.code for breach in breaches(examined(leaf, root))] == [80]

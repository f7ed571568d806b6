"""Promises about the end of the path: what OpenSSL gives one code for is told apart, with the evidence."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from proxy.certkit import Authority, self_signed
from proxy.trust.ending import check_end
from proxy.trust.explain import Judgement, explain
from tests.verdicts import (
    AUTHORITY,
    NAME,
    POLICY,
    SERVER,
    certificate,
    demand,
    der,
    examined,
    found,
    presented,
    trio,
    verdict,
)  # fmt: skip

WEB, DIRECTORY = "http://pki.branch.example/issuing.crt", "ldap:///CN=Issuing,DC=branch?cACertificate"
SAID = "Its certificate is said to be at"
TIMESTAMPS = (
    x509.UnrecognizedExtension(
        x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2"),
        bytes.fromhex("047a0078") + bytes.fromhex("0076") + bytes(33) + bytes(8) + b"\0\0" + b"\4\3\0\x47" + bytes(71),
    ),
    False,
)
"""A list of one signed certificate timestamp, empty but well formed."""


def fetchable(*urls: str) -> tuple[x509.AuthorityInformationAccess, bool]:
    """Say where the issuer can be fetched."""
    entries = [
        x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(url))
        for url in urls
    ]
    return x509.AuthorityInformationAccess(entries), False


def test_an_anchored_path_is_fine():
    """A path to a trust anchor has no finding."""
    assert found(check_end, examined(*trio())) == []


def test_self_signed():
    """The certificate is named."""
    (finding,) = check_end(examined(self_signed("x.example")))

    assert finding.reason.value == "self_signed"
    assert '"CN=x.example" is signed by itself' in finding.sentence


def test_untrusted_root():
    """The root is named, and its place among the presented."""
    leaf, root = trio()

    (finding,) = check_end(examined(replace(leaf, chain=(*leaf.chain, root))))

    assert finding.reason.value == "untrusted_root"
    assert 'root authority "CN=Root"' in finding.sentence
    assert finding.position == 2


@pytest.mark.parametrize(
    ("extensions", "reason", "words"),
    [
        ((), "private_ca", "nothing shows that it is a public one."),
        ((TIMESTAMPS,), "missing_intermediate", "in the logs that public authorities keep"),
        (
            (fetchable(WEB),),
            "missing_intermediate",
            f"no directory service for it. {SAID} {WEB}",
        ),
        (
            (fetchable(DIRECTORY),),
            "private_ca",
            f"it is kept in a directory. {SAID} {DIRECTORY}",
        ),
        ((fetchable(DIRECTORY, WEB),), "private_ca", "it is kept in a directory"),
        ((TIMESTAMPS, fetchable(WEB)), "missing_intermediate", f"{SAID} {WEB}"),
    ],
)
def test_absent_issuer(extensions, reason, words):
    """Evidence decides between a forgotten intermediate and a private authority, and is told with the address."""
    leaf, root = trio((*SERVER, *extensions))

    told = verdict(leaf.without_chain(), root)

    assert (told.code, told.is_explained, told.reason) == (20, True, reason)
    assert '"CN=Issuing", which issued the server\'s certificate, is neither sent' in told.findings[0].sentence
    assert words in told.findings[0].sentence


@pytest.mark.parametrize("own", ["O=Branch,CN=Branch Root", "O=Büro,CN=Root"])
def test_the_organisation_of_a_trusted_root(own):
    """An absent issuer of the same organisation as a trusted root is forgotten, not foreign."""
    organisation = own.partition(",")[0]
    root = certificate(own, AUTHORITY)
    issuing = certificate(f"{organisation},CN=Issuing", AUTHORITY, root)
    leaf = certificate("leaf", SERVER, issuing).without_chain()

    assert verdict(leaf, root.certificate).reason == "missing_intermediate"
    assert verdict(leaf, certificate("O=Other,CN=Root", AUTHORITY).certificate).reason == "private_ca"


def test_the_cure_for_a_forgotten_intermediate_has_the_address():
    """It can be copied from there."""
    leaf, root = trio((*SERVER, fetchable(WEB)))

    (finding,) = check_end(examined(leaf.without_chain(), root))

    assert finding.cure.endswith(f"get it from {WEB}.")


def test_an_issuer_absent_further_up():
    """The topmost presented certificate is named as the one whose issuer is missing."""
    root = Authority.create("Root")
    leaf = root.intermediate("Upper").intermediate("Lower").issue(NAME)

    (finding,) = check_end(examined(replace(leaf, chain=leaf.chain[:1]), root.certificate))

    assert '"CN=Upper", which issued "CN=Lower"' in finding.sentence
    assert finding.position == 1


@pytest.mark.parametrize("partial", [False, True])
def test_only_the_intermediate_is_trusted(partial):
    """The trusted intermediate is named with its file, and the missing root; with partial_chain it is enough."""
    leaf, _ = trio()
    middle = leaf.chain[0]
    policy = replace(POLICY, partial_chain=partial)

    told = verdict(leaf, middle, policy=policy)

    assert told.trusted == partial
    assert told.reason == ("" if partial else "trusted_intermediate_only")
    assert partial or '"CN=Issuing" is trusted here (branch.pem)' in told.findings[0].sentence
    assert partial or 'root "CN=Root" is not trusted' in told.findings[0].sentence


@pytest.mark.parametrize("trusted", ["leaf", "intermediate"])
def test_a_presented_root_above_an_anchor(trusted):
    """Both hold: the root is not trusted, and what is trusted is no root; OpenSSL's code says which decided."""
    leaf, root = trio()
    anchor = leaf.certificate if trusted == "leaf" else leaf.chain[0]

    told = verdict(replace(leaf, chain=(*leaf.chain, root)), anchor)

    assert told.code == (19 if trusted == "leaf" else 2)
    assert told.is_explained
    assert {finding.reason.value for finding in told.findings} == {"untrusted_root", "trusted_intermediate_only"}


def test_broken_signature():
    """A certificate that its issuer's key did not sign is named with the issuer; code 7 is explained by it."""
    leaf, root = trio()
    data = bytearray(der(leaf.certificate))
    data[-1] ^= 1
    it = replace(leaf, certificate=x509.load_der_x509_certificate(bytes(data)))

    told = explain(presented(it), Judgement(trusted=False, code=7, text="signature"), demand(root), datetime.now(UTC))

    assert (told.reason, told.is_explained) == ("other", True)
    assert 'of "CN=leaf" was not made with the key of its issuer "CN=Issuing"' in told.findings[0].sentence

"""Promises of the checks of the whole path: which certificate, what is wrong, and by how much."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import SignatureAlgorithmOID

from proxy.certkit import Authority
from proxy.certkit.leaf import Leaf
from proxy.trust.checks_path import (
    check_authority,
    check_dates,
    check_extensions,
    check_keys,
    check_length,
    check_signatures,
)
from tests.verdicts import AUTHORITY, NAME, POLICY, SERVER, certificate, der, examined, found, key_usage, trio, verdict

CONSTRAINTS, USAGE = AUTHORITY


def dated(begin: timedelta, end: timedelta) -> tuple[Leaf, x509.Certificate, datetime]:
    """Make a leaf valid from and until so long from now."""
    now = datetime.now(UTC).replace(microsecond=0)
    root = certificate("Root", AUTHORITY)
    return certificate("leaf", SERVER, root, not_before=now + begin, not_after=now + end), root.certificate, now


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(days=12, hours=3), "expired 12 days ago, on "),
        (timedelta(days=1), "expired 1 day ago, on "),
        (timedelta(hours=5), "expired 5 hours ago, on "),
        (timedelta(seconds=3), "expired less than a minute ago, on "),
        (timedelta(0), "expired less than a minute ago, on "),
    ],
)
def test_expired(ago, words):
    """The sentence says for how long, and since when."""
    leaf, root, now = dated(timedelta(days=-99), -ago)

    (finding,) = check_dates(replace(examined(leaf, root), now=now))

    assert finding.sentence == f"The server's certificate {words}{now - ago:%Y-%m-%d}."


@pytest.mark.parametrize(("ahead", "mentions"), [(timedelta(hours=2), True), (timedelta(days=2), False)])
def test_not_yet_valid(ahead, mentions):
    """The sentence says when it begins; where that is soon the clocks may be the cause."""
    leaf, root, now = dated(ahead, timedelta(days=99))

    (finding,) = check_dates(replace(examined(leaf, root), now=now))

    assert f"it begins in 2 {'hours' if mentions else 'days'}, on {now + ahead:%Y-%m-%d %H:%M} UTC" in finding.sentence
    assert ("clocks" in finding.sentence) == mentions


def test_dates_of_every_certificate():
    """Leaf, intermediate and root are all looked at, and the cure is another for each."""
    past = datetime.now(UTC) - timedelta(days=9)
    dates = {"not_before": past - timedelta(days=99), "not_after": past}
    root = Authority.create("Root", **dates)
    leaf = root.intermediate("Issuing", **dates).issue(NAME, **dates)

    findings = list(check_dates(examined(leaf, root.certificate)))

    assert [finding.position for finding in findings] == [0, 1, None]
    assert len({finding.cure for finding in findings}) == 3
    assert findings[2].sentence.startswith('The root certificate "CN=Root" expired 9 days ago')


def test_dates_may_be_left_out():
    """A policy without "expiry" has no finding about dates."""
    leaf, root, _ = dated(timedelta(days=-9), timedelta(days=-2))

    assert found(check_dates, examined(leaf, root, policy=replace(POLICY, check_expiry=False))) == []


@pytest.mark.parametrize(
    ("issuing", "words"),
    [
        ((USAGE,), "it has no basic constraints"),
        (((x509.BasicConstraints(ca=False, path_length=None), True),), "its basic constraints say that it is no"),
        ((CONSTRAINTS, key_usage("crl_sign")), "its key usage does not include signing certificates"),
    ],
)
def test_authority(issuing, words):
    """The sentence says why the issuer may not issue."""
    leaf, root = trio(issuing=issuing)

    (finding,) = check_authority(examined(leaf, root))

    assert finding.sentence.startswith(
        'The intermediate certificate "CN=Issuing" issued the server\'s certificate, but'
    )
    assert words in finding.sentence
    assert finding.position == 1


def test_length():
    """The limit and the number of authorities below it are told; self-issued ones do not count."""
    root = Authority.create("Root", path_length=1)
    leaf = root.intermediate("A").intermediate("B").issue(NAME)

    (finding,) = check_length(examined(leaf, root.certificate))

    assert (
        finding.sentence
        == 'The root certificate "CN=Root" allows 1 authority below it, and the path has 2 authorities there.'
    )
    assert verdict(leaf, root.certificate).code == 25


def test_a_self_issued_authority_does_not_count():
    """A root's cross certificate under its own name takes no length, for OpenSSL neither."""
    root = Authority.create("Root", path_length=0)
    leaf = root.intermediate("Root").issue(NAME)

    assert found(check_length, examined(leaf, root.certificate)) == []
    assert verdict(leaf, root.certificate).trusted


def test_extensions():
    """Unknown critical extensions are named by number, known ones and uncritical ones are not."""
    critical = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    harmless = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.5"), b"\x05\x00")
    leaf, root = trio((*SERVER, (critical, True), (harmless, False)))

    (finding,) = check_extensions(examined(leaf, root))

    assert finding.sentence.endswith("has critical extensions that are unknown here: 1.2.3.4.")


SUPPORTED = ("30", "31", "32", "33", "36", "54")


@pytest.mark.parametrize("number", ["18", "35", "46", *SUPPORTED])
def test_supported_extensions_are_openssls(number):
    """The table says of an extension what OpenSSL does with it; its content does not matter for that."""
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(f"2.5.29.{number}"), bytes.fromhex("3000"))
    leaf, root = trio((*SERVER, (extension, True)), identifiers=("S", "SA", "S"))

    refused = verdict(leaf, root).code == 34

    assert refused == (number not in SUPPORTED)
    if number not in SUPPORTED:
        assert found(check_extensions, examined(leaf, root)) == ["unknown_extension"]


@pytest.mark.parametrize(("version", "expected"), [("1.2", ["weak_key"] * 2), ("1.3", ["weak_key"] * 2), ("1.1", [])])
def test_keys(version, expected):
    """Short RSA keys are named with their size, unless TLS below 1.2 is allowed."""
    key = rsa.generate_private_key(65537, 1024)
    root = Authority.create("Root")
    leaf = root.intermediate("Issuing", key=key).issue(NAME, key=key)
    it = examined(leaf, root.certificate, policy=replace(POLICY, min_tls_version=version))

    findings = list(check_keys(it))

    assert [finding.reason.value for finding in findings] == expected
    assert all("a key of 1024 bits (RSA 1024); 2048 is the least" in finding.sentence for finding in findings)


def test_the_short_key_that_decided():
    """Codes 66 and 67 tell the server's key from an authority's."""
    weak = rsa.generate_private_key(65537, 1024)
    root = Authority.create("Root")
    leaf = root.intermediate("Issuing", key=weak).issue(NAME)

    told = verdict(leaf, root.certificate)

    assert (told.code, told.is_explained) == (67, True)
    assert [finding.position for finding in told.findings] == [1]


def old(made: x509.Certificate) -> x509.Certificate:
    """Say RSA with SHA-1 where RSA with SHA-256 stands; the signature no longer fits."""
    newer, older = SignatureAlgorithmOID.RSA_WITH_SHA256, SignatureAlgorithmOID.RSA_WITH_SHA1
    assert (newer.dotted_string[-2:], older.dotted_string[-2:]) == ("11", ".5")
    prefix = bytes.fromhex("2a864886f70d0101")
    return x509.load_der_x509_certificate(der(made).replace(prefix + b"\x0b", prefix + b"\x05"))


@pytest.mark.parametrize(("version", "expected"), [("1.2", ["weak_signature"]), ("1.0", [])])
def test_signatures(version, expected):
    """An old digest is named, save where TLS below 1.2 is allowed; a root's own signature does not count."""
    root = Authority.create("Root", key=rsa.generate_private_key(65537, 2048))
    leaf = root.issue(NAME)
    leaf = replace(leaf, certificate=old(leaf.certificate), chain=(old(root.certificate),))
    it = examined(leaf, policy=replace(POLICY, min_tls_version=version))

    findings = list(check_signatures(it))

    assert [finding.reason.value for finding in findings] == expected
    assert all("RSA with SHA-1" in finding.sentence for finding in findings)

"""Promises of reading a certificate: exact facts of a sound one, and never an exception over a broken one."""

import base64
import hashlib
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.certkit.authority import Authority, self_signed
from proxy.certkit.faults import FAULTS
from proxy.trust.certificate import KEPT_NAMES, extension_of, load, outline, parse, read_certificate
from tests.damage import damaged

HOST = "cas02.branch.example"
BEGIN, END = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
ROOT = Authority.create("A root")
URLS = (
    (
        x509.AuthorityInformationAccess(
            [
                x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
                for method, url in (
                    (AuthorityInformationAccessOID.OCSP, "http://ocsp.example/"),
                    (AuthorityInformationAccessOID.CA_ISSUERS, "http://ca.example/root.cer"),
                )
            ]
        ),
        False,
    ),
    (
        x509.CRLDistributionPoints(
            [x509.DistributionPoint([x509.UniformResourceIdentifier("http://ca.example/root.crl")], None, None, None)]
        ),
        False,
    ),
)
FULL = ROOT.issue("10.0.0.1", HOST, "mail.example", not_before=BEGIN, not_after=END, extensions=URLS).certificate


def der_of(certificate: x509.Certificate) -> bytes:
    """Spell as DER."""
    return certificate.public_bytes(Encoding.DER)


DERS = [
    der_of(FULL),
    der_of(ROOT.certificate),
    der_of(ROOT.issue(HOST, key=rsa.generate_private_key(65537, 1024)).certificate),
    *(der_of(fault.make(ROOT, HOST).certificate) for fault in FAULTS.values()),
]


def sign(key, algorithm=None, **options) -> bytes:
    """Make a certificate with a key or a signature that `certkit` does not offer."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 0x1F, BEGIN, END)
    return der_of(builder.sign(key, algorithm, **options))


def test_facts_of_a_sound_certificate():
    """Every field says what the certificate says."""
    der = der_of(FULL)
    spki = FULL.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    facts = read_certificate(der)

    assert facts.fault == ""
    assert (facts.size, facts.sha256) == (len(der), hashlib.sha256(der).hexdigest())
    assert (facts.subject, facts.issuer) == ("CN=10.0.0.1", "CN=A root")
    assert int(facts.serial, 16) == FULL.serial_number
    assert (facts.names, facts.name_count) == ((HOST, "mail.example", "10.0.0.1"), 3)
    assert (facts.not_before, facts.not_after) == (BEGIN, END)
    assert (facts.key, facts.signature) == ("EC P-256", "ECDSA with SHA-256")
    assert facts.usages == ("server authentication",)
    assert not facts.is_authority
    assert facts.issuer_urls == ("http://ca.example/root.cer",)
    assert facts.crl_urls == ("http://ca.example/root.crl",)
    assert facts.spki_sha256 == base64.b64encode(hashlib.sha256(spki).digest()).decode()


def test_an_authority_is_told_from_a_server():
    """Basic constraints decide; an authority without usages may do anything."""
    facts = read_certificate(der_of(ROOT.certificate))

    assert facts.is_authority
    assert (facts.names, facts.name_count, facts.usages) == ((), 0, ())


RSA = rsa.generate_private_key(65537, 2048)
PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=48)


@pytest.mark.parametrize(
    ("der", "key", "signature"),
    [
        (sign(RSA, hashes.SHA256()), "RSA 2048", "RSA with SHA-256"),
        (sign(RSA, hashes.SHA384(), rsa_padding=PSS), "RSA 2048", "RSA-PSS with SHA-384"),
        (sign(ed25519.Ed25519PrivateKey.generate()), "Ed25519", "Ed25519"),
        (sign(ed448.Ed448PrivateKey.generate()), "Ed448", "Ed448"),
        (sign(dsa.generate_private_key(2048), hashes.SHA256()), "DSA 2048", "DSA with SHA-256"),
    ],
    ids=["rsa", "pss", "ed25519", "ed448", "dsa"],
)
def test_key_and_signature_in_words(der, key, signature):
    """Kinds and sizes are given as administrators name them."""
    facts = read_certificate(der)

    assert (facts.key, facts.signature) == (key, signature)


def test_unknown_key_loses_only_itself():
    """A key of an unknown kind is named by its number, its pin stays exact, and the rest is read."""
    known = der_of(FULL)
    unknown = known.replace(bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0909"))

    facts = read_certificate(unknown)

    assert facts.key == "1.2.840.10045.9.9"
    assert facts.names == read_certificate(known).names
    assert len(base64.b64decode(facts.spki_sha256)) == 32


def test_unknown_usages_are_numbers():
    """A usage without a word is given as its dotted number."""
    usages = (ExtendedKeyUsageOID.CLIENT_AUTH, ObjectIdentifier("1.3.6.1.4.1.32473.300"))

    facts = read_certificate(der_of(ROOT.issue(HOST, usages=usages).certificate))

    assert facts.usages == ("client authentication", "1.3.6.1.4.1.32473.300")


def test_names_are_bounded_and_counted():
    """A hundred names are kept of however many there are."""
    names = [f"n{number}.example" for number in range(250)]

    facts = read_certificate(der_of(ROOT.issue(*names).certificate))

    assert (facts.names, facts.name_count) == (tuple(names[:KEPT_NAMES]), 250)


def test_hostile_texts_stay_as_they_came():
    """Line breaks and markup are kept: whoever shows them cleans them."""
    hostile = "<b>\r\nMSExchange OWA 43 \x1b[31m'"

    facts = read_certificate(der_of(self_signed(hostile).certificate))

    assert "<b\\>\r\nMSExchange OWA 43 \x1b[31m'" in facts.subject
    assert facts.names == (hostile,)


@pytest.mark.parametrize(("der", "fault"), [(b"", "empty"), (b"\x30\x00", "read"), (b"-----BEGIN", "read")])
def test_unreadable_bytes_have_a_fault(der, fault):
    """What is no certificate gives its size, its fingerprint and a clause, and no object."""
    parsed = parse(der)

    assert fault in parsed.facts.fault
    assert (parsed.facts.size, parsed.facts.sha256) == (len(der), hashlib.sha256(der).hexdigest())
    assert parsed.certificate is None


def test_bad_extension_loses_only_itself():
    """A name that cannot be read in one extension leaves the others readable."""
    der = der_of(FULL).replace(b"mail.example", b"m\xffil.example")

    facts = read_certificate(der)

    assert (facts.fault, facts.names) == ("", ())
    assert facts.usages == ("server authentication",)
    assert facts.crl_urls == ("http://ca.example/root.crl",)


def test_extension_of_a_long_number_is_found_beside_a_bad_one():
    """A number of several bytes is compared whole, as that of a template of Windows' authority."""
    template = x509.MSCertificateTemplate(ObjectIdentifier("1.3.6.1.4.1.311.21.8.300"), 100, 2)
    sound = der_of(ROOT.issue("mail.example", extensions=((template, False),)).certificate)

    bad = load(sound.replace(b"mail.example", b"m\xffil.example"))

    assert extension_of(bad, x509.MSCertificateTemplate) == template
    assert extension_of(bad, x509.SubjectAlternativeName) is None


def test_extension_that_is_there_twice_loses_only_itself():
    """Two extensions of one kind contradict each other: neither counts, the others do."""
    der = der_of(FULL).replace(bytes.fromhex("0603551d1f"), bytes.fromhex("0603551d25"))  # CRLs become usages

    facts = read_certificate(der)

    assert (facts.usages, facts.crl_urls) == ((), ())
    assert facts.names == (HOST, "mail.example", "10.0.0.1")


def test_unreadable_name_and_date_lose_only_themselves():
    """A name or a date that means nothing leaves the others."""
    begin = datetime(2050, 1, 1, tzinfo=UTC)
    leaf = self_signed(HOST, not_before=begin, not_after=datetime(2051, 1, 1, tzinfo=UTC))
    der = der_of(leaf.certificate).replace(b"20500101000000Z", b"00000101000000Z")
    der = der.replace(b"\x0c" + bytes((len(HOST),)) + HOST.encode(), b"\x0d" + bytes((len(HOST),)) + HOST.encode())

    facts = read_certificate(der)

    assert (facts.subject, facts.not_before) == ("", None)
    assert (facts.names, facts.not_after) == ((HOST,), datetime(2051, 1, 1, tzinfo=UTC))


def test_odd_serial_number_warns_nobody():
    """A serial number of zero, which a public root has, is read without a warning."""
    der = sign(RSA, hashes.SHA256()).replace(b"\x02\x01\x1f", b"\x02\x01\x00")

    assert read_certificate(der).serial == "0"


def test_outline_is_cut_from_the_bytes():
    """Issuer, subject and key are the very bytes cryptography would write."""
    parts = outline(FULL)

    assert parts.issuer == FULL.issuer.public_bytes() == ROOT.certificate.subject.public_bytes()
    assert parts.subject == FULL.subject.public_bytes()
    assert parts.public_key == FULL.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_absent_extension_is_none():
    """A certificate without the extension has none."""
    assert extension_of(FULL, x509.NameConstraints) is None


@given(der=damaged(DERS))
@settings(max_examples=400, deadline=None)
def test_damaged_certificate_never_raises(der):
    """Whatever bytes are changed, there are facts, and an object exactly when there is no fault."""
    parsed = parse(der)

    assert (parsed.facts.fault == "") == (parsed.certificate is not None)
    assert parsed.facts.sha256 == hashlib.sha256(der).hexdigest()
    assert len(parsed.facts.names) == min(parsed.facts.name_count, KEPT_NAMES)


@given(der=st.binary(max_size=300))
@settings(deadline=None)
def test_random_bytes_never_raise(der):
    """Bytes that never were a certificate have a fault."""
    assert read_certificate(der).fault

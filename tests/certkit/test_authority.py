"""Authorities and what they sign."""

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from proxy.certkit.authority import Authority, self_signed


@pytest.fixture(scope="module")
def root() -> Authority:
    """One root for the module."""
    return Authority.create("casproxy test root")


def extension(certificate: x509.Certificate, kind):
    """Give the value of one extension."""
    return certificate.extensions.get_extension_for_class(kind).value


def test_leaf_is_sound(root: Authority) -> None:
    """Names, usages, identifiers and dates are what browsers demand of a server's certificate."""
    leaf = root.issue("a.example", "127.0.0.1").certificate
    names = extension(leaf, x509.SubjectAlternativeName)

    assert names.get_values_for_type(x509.DNSName) == ["a.example"]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("127.0.0.1")]
    assert list(extension(leaf, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not extension(leaf, x509.BasicConstraints).ca
    assert not extension(leaf, x509.KeyUsage).key_cert_sign
    ours = extension(root.certificate, x509.SubjectKeyIdentifier).digest
    assert extension(leaf, x509.AuthorityKeyIdentifier).key_identifier == ours
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(days=398)
    assert leaf.not_valid_before_utc <= datetime.now(UTC) - timedelta(minutes=59)
    leaf.verify_directly_issued_by(root.certificate)


def test_root_is_a_lasting_authority(root: Authority) -> None:
    """A root signs itself, may sign others, and lives for ten years."""
    certificate = root.certificate

    certificate.verify_directly_issued_by(certificate)
    assert extension(certificate, x509.BasicConstraints).ca
    assert extension(certificate, x509.KeyUsage).key_cert_sign
    assert certificate.not_valid_after_utc - datetime.now(UTC) > timedelta(days=3600)


def test_each_deviation_deviates(root: Authority) -> None:
    """Dates, subject, names, usages and key can each be other than sound."""
    begin, end = datetime(2001, 2, 3, tzinfo=UTC), datetime(2002, 3, 4, tzinfo=UTC)
    key = rsa.generate_private_key(65537, 2048)

    leaf = root.issue(
        "a.example", not_before=begin, not_after=end, common_name="b", alternative_names=(), usages=(), key=key
    ).certificate

    assert (leaf.not_valid_before_utc, leaf.not_valid_after_utc) == (begin, end)
    assert leaf.subject.rfc4514_string() == "CN=b"
    assert leaf.public_key() == key.public_key()
    kinds = [type(each.value) for each in leaf.extensions]
    assert x509.SubjectAlternativeName not in kinds
    assert x509.ExtendedKeyUsage not in kinds


def test_load_reads_what_was_written(root: Authority) -> None:
    """An authority that went to disk and back signs as before."""
    again = Authority.load(root.certificate_pem, root.key_pem)

    again.issue("a.example").certificate.verify_directly_issued_by(root.certificate)


def test_load_refuses_a_foreign_key(root: Authority) -> None:
    """A key of another authority is not taken."""
    with pytest.raises(ValueError, match="does not belong"):
        Authority.load(root.certificate_pem, Authority.create("other").key_pem)


def test_long_names_fit_the_common_name(root: Authority) -> None:
    """A host name longer than a common name may be is still issued, whole in its SAN."""
    name = f"{'a' * 60}.lab.localhost"

    leaf = root.issue(name).certificate

    assert extension(leaf, x509.SubjectAlternativeName).get_values_for_type(x509.DNSName) == [name]


def test_self_signed_signs_itself() -> None:
    """A self-signed leaf is its own issuer and no authority."""
    leaf = self_signed("a.example").certificate

    leaf.verify_directly_issued_by(leaf)
    assert not extension(leaf, x509.BasicConstraints).ca


def test_deviations_of_an_authority_and_a_leaf(root: Authority) -> None:
    """An authority may deny that it is one and still sign; a leaf may come without its issuer's key identifier."""
    denying = root.intermediate("denying", admits_authority=False).certificate
    bare = root.issue("a.example", names_issuer_key=False).certificate

    assert not extension(denying, x509.BasicConstraints).ca
    assert extension(denying, x509.KeyUsage).key_cert_sign
    with pytest.raises(x509.ExtensionNotFound):
        extension(bare, x509.AuthorityKeyIdentifier)


def test_revocation_list_is_current_and_signed(root: Authority) -> None:
    """It names the revoked ones, began an hour ago, and holds as long as a leaf that was made before it."""
    bad, good = root.issue("bad.example").certificate, root.issue("good.example").certificate

    listed = root.list_revoked(bad)

    assert [each.serial_number for each in listed] == [bad.serial_number]
    assert listed.last_update_utc < datetime.now(UTC)
    assert listed.next_update_utc is not None
    assert listed.next_update_utc >= good.not_valid_after_utc
    assert listed.is_signature_valid(root.certificate.public_key())


def test_revocation_list_may_be_outdated(root: Authority) -> None:
    """An end in the past moves the begin before it."""
    past = datetime.now(UTC) - timedelta(days=2)

    listed = root.list_revoked(next_update=past)

    assert listed.next_update_utc == past.replace(microsecond=0)
    assert listed.last_update_utc < listed.next_update_utc
    assert list(listed) == []

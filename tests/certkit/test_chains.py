"""What is special about the bad chains besides the code they yield."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import SignatureAlgorithmOID

from proxy.certkit import chains
from proxy.certkit.authority import LEAF_LIFETIME, Authority
from proxy.certkit.chains import HOSTILE, ISSUER_URL, MANY, CannotMake

HOST = "cas02.branch.lab.localhost"
LARGEST_CHAIN = 100 * 1024
"""SSL_MAX_CERT_LIST_DEFAULT: bytes of a handshake's certificates that OpenSSL takes."""


@pytest.fixture(scope="module")
def authority() -> Authority:
    """One root for all."""
    return Authority.create("casproxy test root")


def test_hostile_names_reach_the_certificate(authority: Authority) -> None:
    """The line breaks and the markup stand in the issuer unaltered: escaping is the reader's task."""
    leaf = chains.hostile_names(authority, HOST)

    assert HOSTILE in [attribute.value for attribute in leaf.certificate.issuer]


def test_incomplete_chain_knows_what_is_missing(authority: Authority) -> None:
    """The intermediate is withheld from the handshake, not lost: it is the cure; the leaf says where it is."""
    leaf = chains.incomplete_chain(authority, HOST)
    access = leaf.certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value

    assert len(leaf.chain) == 0
    assert [each.subject for each in leaf.withheld] == [leaf.certificate.issuer]
    assert [each.access_location.value for each in access] == [ISSUER_URL]


def test_reversed_chain_presents_the_root_first(authority: Authority) -> None:
    """Leaf, root, intermediate: nothing is missing, the order is wrong."""
    leaf = chains.reversed_chain(authority, HOST)

    assert leaf.chain[0] == authority.certificate
    assert leaf.chain[1].subject == leaf.certificate.issuer


def test_many_names_fit_a_handshake(authority: Authority) -> None:
    """Two thousand names, the right one last, and still less than OpenSSL takes."""
    leaf = chains.many_names(authority, HOST)
    names = leaf.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert (len(names), names[-1].value) == (MANY, HOST)
    assert len(leaf.certificate.public_bytes(Encoding.DER)) < LARGEST_CHAIN


def test_sha1_signature_is_a_true_one(authority: Authority) -> None:
    """The weak signature verifies: what is wrong is the digest alone."""
    leaf = chains.sha1_signature(authority, HOST)

    assert leaf.certificate.signature_algorithm_oid == SignatureAlgorithmOID.RSA_WITH_SHA1
    key = leaf.chain[0].public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(  # raises when it is not
        leaf.certificate.signature, leaf.certificate.tbs_certificate_bytes, padding.PKCS1v15(), hashes.SHA1()
    )


def test_a_library_without_sha1_is_told(authority: Authority) -> None:
    """Where nothing signs with SHA-1 the maker says so in a sentence."""

    class Refusing:
        def sign(self, *_arguments: object) -> bytes:
            raise UnsupportedAlgorithm("sha1 is not supported")

    key = rsa.generate_private_key(65537, 2048)
    certificate = authority.intermediate("issuing", key=key).issue(HOST).certificate

    with pytest.raises(CannotMake, match="does not sign with SHA-1"):
        chains._sign_with_sha1(certificate, Refusing())


def test_lists_outlive_their_leaf(authority: Authority) -> None:
    """A list that is meant to be current is so for as long as the leaf it belongs to; so renewing the leaf suffices."""
    for make in (chains.revoked, chains.crl_missing):
        leaf = make(authority, HOST)
        for each in leaf.lists:
            assert each.next_update_utc is not None
            assert each.next_update_utc >= leaf.certificate.not_valid_after_utc
            assert each.next_update_utc <= datetime.now(UTC) + LEAF_LIFETIME


def test_revocation_is_by_serial_number(authority: Authority) -> None:
    """The list names the leaf that is presented, and is signed by its issuer."""
    leaf = chains.revoked(authority, HOST)
    (revocations,) = leaf.lists

    assert revocations.get_revoked_certificate_by_serial_number(leaf.certificate.serial_number) is not None
    assert revocations.is_signature_valid(authority.certificate.public_key())


def test_one_list_alone_is_outdated(authority: Authority) -> None:
    """The root's list is current, so that the leaf is the only certificate without one."""
    current, stale = chains.crl_expired(authority, HOST).lists

    assert current.issuer == authority.certificate.subject
    assert current.next_update_utc is not None
    assert stale.next_update_utc is not None
    assert stale.next_update_utc < datetime.now(UTC) < current.next_update_utc

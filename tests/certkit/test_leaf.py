"""A leaf on disk and in a context."""

import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509

from proxy.certkit import chains
from proxy.certkit.authority import Authority
from proxy.certkit.leaf import lists_to_pem


def test_write_keeps_the_key_private(tmp_path: Path) -> None:
    """The key file is for its owner alone, and the pair loads in OpenSSL."""
    certificate, key = Authority.create("root").issue("a.example").write(tmp_path, "a")

    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)


def test_certificate_pem_holds_the_chain_in_order() -> None:
    """The leaf comes first, then each issuer, without the root."""
    leaf = Authority.create("root").intermediate("upper").intermediate("lower").issue("a.example")

    names = [c.subject.rfc4514_string() for c in x509.load_pem_x509_certificates(leaf.certificate_pem)]

    assert names == ["CN=a.example", "CN=lower", "CN=upper"]


def test_without_chain_moves_it_aside() -> None:
    """What is not presented is still known."""
    leaf = Authority.create("root").intermediate("issuing").issue("a.example")

    bare = leaf.without_chain()

    assert bare.chain == ()
    assert bare.withheld == leaf.chain


def test_server_context_leaves_no_file(tmp_path: Path, monkeypatch) -> None:
    """The key is on disk only while OpenSSL loads it."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    context = Authority.create("root").issue("a.example").server_context()

    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("make", "is_weak"), [(chains.good, False), (chains.rsa_1024, True), (chains.sha1_signature, True)]
)
def test_security_is_lowered_for_weak_leaves_alone(make, is_weak) -> None:
    """OpenSSL loads a weak leaf at level 0 only; every other server keeps its level."""
    context = make(Authority.create("root"), "a.example").server_context()

    assert (context.security_level == 0) == is_weak


def test_lists_become_pem() -> None:
    """Each list is a block of its own."""
    lists = Authority.create("one").list_revoked(), Authority.create("two").list_revoked()

    pem = lists_to_pem(*lists)

    assert pem.count(b"BEGIN X509 CRL") == 2
    assert x509.load_pem_x509_crl(pem) == lists[0]
    assert lists_to_pem() == b""

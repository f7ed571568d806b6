"""A leaf on disk and in a context."""

import ssl
import stat
from pathlib import Path

from cryptography import x509

from proxy.certkit.authority import Authority


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

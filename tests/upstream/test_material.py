"""What the files of a policy hold: read whole, or refused with their name."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from proxy.certkit.authority import Authority
from proxy.errors import OurFault
from proxy.model.sites import CaMode, TrustPolicy
from proxy.upstream.material import default_anchors, lists_to_pem, read_certificates, read_lists, read_material


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Make an authority."""
    return Authority.create("Branch Root")


@pytest.fixture
def list_pem(authority: Authority) -> bytes:
    """Make an empty revocation list of it."""
    now = datetime.now(UTC)
    draft = x509.CertificateRevocationListBuilder().issuer_name(authority.certificate.subject)
    draft = draft.last_update(now).next_update(now + timedelta(days=1))
    return draft.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def test_certificates_are_read_from_pem_and_der(authority, tmp_path):
    """Windows exports DER, bundles hold comments in any encoding: both give the same certificates."""
    der = ssl.PEM_cert_to_DER_cert(authority.certificate_pem.decode())
    old = authority.certificate_pem.replace(b" CERTIFICATE", b" X509 CERTIFICATE")
    contents = {"a.cer": der, "b.pem": "Wurzel für Außenstellen\n".encode() + authority.certificate_pem, "c.pem": old}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)

    assert [read_certificates(str(tmp_path / name)) for name in contents] == [(der,)] * 3


def test_lists_are_read(list_pem, tmp_path):
    """Each block is one list; written again they are the same."""
    file = tmp_path / "lists.pem"
    file.write_bytes(b"# two\n" + list_pem * 2)
    lists = read_lists(str(file))

    assert len(lists) == 2
    assert x509.load_der_x509_crl(lists[0]) == x509.load_pem_x509_crl(list_pem)
    assert x509.load_pem_x509_crl(lists_to_pem(lists[:1])) == x509.load_pem_x509_crl(list_pem)


def test_a_list_file_with_a_certificate_is_refused(authority, list_pem, tmp_path):
    """OpenSSL would take the certificate for a trust anchor."""
    file = tmp_path / "lists.pem"
    file.write_bytes(list_pem + authority.certificate_pem)

    with pytest.raises(OurFault, match=r"lists\.pem.*certificate"):
        read_lists(str(file))


@pytest.mark.parametrize("content", [b"", b"-----BEGIN X509 CRL-----\n!\xff\n-----END X509 CRL-----\n", b"\x30\x00"])
def test_a_list_file_without_a_list_is_refused(content, tmp_path):
    """An empty or damaged file must not pass for "nothing revoked"."""
    file = tmp_path / "lists.pem"
    file.write_bytes(content)

    with pytest.raises(OurFault, match=r"lists\.pem"):
        read_lists(str(file))


@pytest.mark.parametrize("key", ["ca_files", "crl_files", "client_cert"])
def test_a_missing_file_is_named_with_its_key(key, tmp_path):
    """The administrator is told which key names the file that is gone."""
    name = str(tmp_path / "gone.pem")
    policy = TrustPolicy(**{key: name if key == "client_cert" else (name,)})

    with pytest.raises(OurFault, match=rf"gone\.pem of {key}"):
        read_material(policy)


def test_sources_tell_where_each_anchor_stands(authority, tmp_path):
    """Name certifi's and each file's; `only` drops certifi's."""
    file = tmp_path / "root.pem"
    file.write_bytes(authority.certificate_pem)
    add, only = (read_material(TrustPolicy(ca_files=(str(file),), ca_mode=mode)) for mode in CaMode)

    assert [source.name for source in add.sources] == ["certifi", str(file)]
    assert [source.name for source in only.sources] == [str(file)]
    assert add.as_anchors().summary.startswith(f"{len(default_anchors())} from certifi, 1 from ")
    assert add.mark == only.mark


def test_the_mark_changes_with_each_content(authority, list_pem, tmp_path):
    """Anchors, lists, the client's pair: another content is another mark."""
    names = {name: str(tmp_path / name) for name in ("root.pem", "lists.pem", "client.pem", "client.key")}
    for name in names.values():
        Path(name).write_bytes(list_pem if "lists" in name else authority.certificate_pem)
    policies = [
        TrustPolicy(),
        TrustPolicy(ca_files=(names["root.pem"],)),
        TrustPolicy(crl_files=(names["lists.pem"],)),
        TrustPolicy(client_cert=names["client.pem"]),
        TrustPolicy(client_cert=names["client.pem"], client_key=names["client.key"]),
    ]

    assert len({read_material(policy).mark for policy in policies}) == len(policies)

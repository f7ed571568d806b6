"""Which certificate is shown for which name."""

import ssl
from pathlib import Path

import pytest

from proxy.certkit.authority import Authority
from proxy.service.certificates import names_of, open_certificates

AUTHORITY = Authority.create("Test CA")


@pytest.fixture
def pair(tmp_path):
    """Write certificates."""

    def write(stem: str, *names: str) -> tuple[str, str]:
        certificate, key = AUTHORITY.issue(*names).write(tmp_path, stem)
        return str(certificate), str(key)

    return write


def test_names_are_those_of_the_certificate(pair):
    """DNS names only: an address is never asked for by name."""
    certificate, _ = pair("a", "mail.test", "*.lab.test", "127.0.0.1")

    assert names_of(certificate) == ["mail.test", "*.lab.test"]


def test_a_certificate_without_names_claims_none(tmp_path):
    """It can still be the default."""
    certificate = tmp_path / "ca.pem"
    certificate.write_bytes(AUTHORITY.certificate_pem)

    assert names_of(str(certificate)) == []


def test_the_first_pair_is_the_default(pair):
    """Others are chosen by their names."""
    certificates = open_certificates([pair("a", "a.test"), pair("b", "b.test", "*.b.test")], "1.2")

    assert certificates.choose("a.test") is certificates.default
    assert certificates.choose("x.b.test") is certificates.choose("b.test") is not certificates.default
    assert certificates.choose("unknown.test") is certificates.default
    assert certificates.are_several


@pytest.mark.parametrize(("minimum", "version"), [("1.2", ssl.TLSVersion.TLSv1_2), ("1.3", ssl.TLSVersion.TLSv1_3)])
def test_the_lowest_version_is_the_settings(pair, minimum, version):
    """`server.min_tls_version`."""
    assert open_certificates([pair("a", "a.test")], minimum).default.minimum_version == version


def test_one_file_may_hold_certificate_and_key(pair, tmp_path):
    """An empty key is in the certificate's file."""
    certificate, key = pair("a", "a.test")
    both = tmp_path / "both.pem"
    both.write_bytes(Path(certificate).read_bytes() + Path(key).read_bytes())

    assert open_certificates([(str(both), "")], "1.2").choose("a.test")


@pytest.mark.parametrize("broken", ["missing", "other key"])
def test_files_that_have_changed_since_are_told(pair, broken):
    """A reload refuses them; nothing has changed then."""
    certificate, key = pair("a", "a.test")
    _, other = pair("b", "b.test")

    with pytest.raises(OSError):  # noqa: PT011 - ssl.SSLError is one, and which one is OpenSSL's affair
        open_certificates([(certificate, f"{key}.gone" if broken == "missing" else other)], "1.2")

"""Promises of the files that a connection to a directory needs."""

import ssl

import pytest

from proxy.accounts.material import MAX_SECRET, Material
from proxy.accounts.provider import ProviderDown
from proxy.certkit.authority import Authority


@pytest.fixture
def files(tmp_path):
    """Write an authority and a secret."""
    (tmp_path / "ca.pem").write_bytes(Authority.create("One").certificate_pem)
    (tmp_path / "secret").write_text(" hush \n")
    return tmp_path


def subjects(context: ssl.SSLContext) -> list[str]:
    """Name the authorities of a context."""
    return [str(dict(part[0] for part in each["subject"])["commonName"]) for each in context.get_ca_certs()]


def test_certificates_are_always_verified(files) -> None:
    """Chain and name; by the authorities of the file alone."""
    context = Material(files / "ca.pem", None).context()

    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert subjects(context) == ["One"]


def test_a_new_file_is_read_anew(files) -> None:
    """And as long as it is the same, the terms are the same object."""
    material = Material(files / "ca.pem", None)
    before = material.context()
    assert material.context() is before

    (files / "new").write_bytes(Authority.create("Two").certificate_pem)
    (files / "new").replace(files / "ca.pem")
    assert subjects(material.context()) == ["Two"]


def test_a_secret_is_read_each_time(files) -> None:
    """Blanks around it do not count; without a file there is none."""
    material = Material(files / "ca.pem", files / "secret")
    assert material.secret() == "hush"

    (files / "secret").write_text("other")
    assert (material.secret(), Material(files / "ca.pem", None).secret()) == ("other", "")


@pytest.mark.parametrize("content", [None, b"", b"  \n", b"two\nlines", b"\xff", b"x" * (MAX_SECRET + 1)])
def test_a_file_that_holds_no_secret(files, content) -> None:
    """The directory is down, and the sentence does not show what stands there."""
    (files / "secret").unlink()
    if content is not None:
        (files / "secret").write_bytes(content)

    with pytest.raises(ProviderDown, match=r"^secret .*\.$") as down:
        Material(files / "ca.pem", files / "secret").secret()
    assert "lines" not in str(down.value)


@pytest.mark.parametrize("content", [None, b"", b"nothing"])
def test_a_file_that_holds_no_authority(files, content) -> None:
    """Nothing is trusted instead."""
    (files / "ca.pem").unlink()
    if content is not None:
        (files / "ca.pem").write_bytes(content)

    with pytest.raises(ProviderDown, match=r"^ca.pem cannot be used"):
        Material(files / "ca.pem", None).context()

"""Certificates by name: what is read from a ClientHello, whatever it holds, and which certificate answers."""

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from proxy.certkit.authority import Authority
from proxy.front.sni import MAX_HELLO_BYTES, Certificates, arrange_certificates, server_context, server_name
from tests.loopback import client_hello

HELLO = client_hello("mail.example.com")


@pytest.mark.parametrize("splits", [1, 2, 7])
@pytest.mark.parametrize(
    ("sent", "expected"), [("Mail.Example.COM", "mail.example.com"), ("a.b", "a.b"), (None, ""), ("127.0.0.1", "")]
)
def test_name_of_openssl_is_read(sent, expected, splits):
    """The name that OpenSSL's client sends is read in lower case, over however many records it comes."""
    assert server_name(client_hello(sent, splits=splits)) == expected


@pytest.mark.parametrize("splits", [1, 3])
def test_each_beginning_asks_for_more(splits):
    """No beginning of a ClientHello is taken for the whole."""
    data = client_hello("mail.example.com", splits=splits)

    assert {server_name(data[:length]) for length in range(len(data))} == {None}
    assert server_name(data + b"\x14\x03\x03\x00\x01\x01") == "mail.example.com"


def test_endless_hello_gets_no_name():
    """Beyond the bound nothing more is asked for."""
    data = b"\x16\x03\x01\x40\x00\x01\x00\xff\xff" + bytes(MAX_HELLO_BYTES)

    assert server_name(data[: MAX_HELLO_BYTES - 1]) is None
    assert server_name(data[:MAX_HELLO_BYTES]) == ""


@given(st.binary(max_size=200))
def test_garbage_never_raises(data):
    """Whatever comes, the answer is a name or the wish for more."""
    assert isinstance(server_name(data), str | None)
    assert isinstance(server_name(b"\x16\x03\x01" + len(data).to_bytes(2, "big") + data), str | None)


@given(st.integers(0, 400), st.integers(0, 255))
def test_damaged_hello_never_raises(position, value):
    """A ClientHello with one byte changed gives a name, none, or the wish for more."""
    data = bytearray(HELLO)
    data[position % len(data)] = value

    assert isinstance(server_name(bytes(data)), str | None)


def context() -> ssl.SSLContext:
    """Make a context that is only compared."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


def test_exact_before_wildcard_before_default():
    """The exact name wins, a wildcard stands for one label, anything else gets the default."""
    default, exact, wildcard = context(), context(), context()
    certificates = arrange_certificates(
        [(["owa.example"], default), (["mail.example", "Other.Example."], exact), (["*.example"], wildcard)]
    )

    names = ["owa.example", "mail.example", "other.example", "x.example", "a.b.example", "example", "elsewhere", ""]
    expected = [default, exact, exact, wildcard, default, default, default, default]
    assert expected == [certificates.choose(name) for name in names]


def test_first_certificate_claims_its_names():
    """Two certificates for one name: the first one answers."""
    first, second = context(), context()

    assert arrange_certificates([(["a.example"], first), (["a.example"], second)]).choose("a.example") is first


def test_name_matters_only_with_several_certificates():
    """With one certificate nobody needs to read the name."""
    only = context()

    assert not arrange_certificates([(["a.example", "b.example"], only)]).are_several
    assert not Certificates(only).are_several
    assert arrange_certificates([([], only), (["b.example"], context())]).are_several


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Write a certificate with its key."""
    leaf = Authority.create("Front Root").issue("owa.example")
    return [str(path) for path in leaf.write(tmp_path_factory.mktemp("front"), "front")]


def test_context_is_sane(files):
    """TLS 1.2 and 1.3 with forward secrecy and authenticated encryption; no compression, no renegotiation."""
    made = server_context(*files)

    assert made.minimum_version is ssl.TLSVersion.TLSv1_2
    assert made.options & ssl.OP_NO_COMPRESSION
    assert made.options & ssl.OP_NO_RENEGOTIATION
    assert not made.options & ssl.OP_NO_TICKET
    suites = [suite["name"] for suite in made.get_ciphers() if not suite["name"].startswith("TLS_")]
    assert suites
    assert all(name.startswith("ECDHE-") and ("GCM" in name or "CHACHA20" in name) for name in suites)
    assert server_context(*files, minimum=ssl.TLSVersion.TLSv1_3).minimum_version is ssl.TLSVersion.TLSv1_3


def test_encrypted_key_without_password_does_not_ask(files, tmp_path):
    """A key that needs a password is an error at once, not a question on a terminal nobody watches."""
    key = load_pem_private_key(Path(files[1]).read_bytes(), None)
    sealed = tmp_path / "sealed.pem"
    sealed.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))

    with pytest.raises(ssl.SSLError):
        server_context(files[0], str(sealed))
    assert server_context(files[0], str(sealed), password="secret")

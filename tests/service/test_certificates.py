"""Which certificate is shown for which name, and with what a browser resumes."""

import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509.oid import ExtensionOID

from proxy.certkit.authority import Authority
from proxy.certkit.leaf import key_to_pem
from proxy.front.sni import Certificates
from proxy.service.certificates import KEY_TYPES, Stock, as_file, names_of, try_certificates
from tests.loopback import client_context

AUTHORITY = Authority.create("Test CA")
KEYS = {
    "rsa": rsa.generate_private_key(65_537, 2_048),
    "ec": ec.generate_private_key(ec.SECP256R1()),
    "p384": ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
}
WEAK = rsa.generate_private_key(65_537, 1_024)
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
VISITS = 2
"""Browsers that a forked worker serves."""


def open_certificates(pairs: list[tuple[str, str]], minimum: str, stock: Stock | None = None) -> Certificates:
    """Try files and put them in force, in one step."""
    return try_certificates(pairs, minimum).put_into(Stock() if stock is None else stock)


class Visit:
    """A browser's connection: what it was shown, and what it may come back with."""

    def __init__(self, server: ssl.SSLContext, version: ssl.TLSVersion, before: "Visit | None" = None) -> None:
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.context = before.context if before else client_context()
        self.context.minimum_version = self.context.maximum_version = version
        here = server.wrap_bio(to_server, to_client, server_side=True)
        there = self.context.wrap_bio(to_client, to_server, session=before.session if before else None)
        talk(here, there)
        self.session = there.session
        self.is_resumed = there.session_reused
        self.leaf = x509.load_der_x509_certificate(there.getpeercert(binary_form=True) or b"")


def talk(here: ssl.SSLObject, there: ssl.SSLObject) -> None:
    """Shake hands and say a word: the tickets of TLS 1.3 come after the handshake."""
    pending = [there.do_handshake, here.do_handshake]
    while pending:
        for each in tuple(pending):
            try:
                each()
            except ssl.SSLWantReadError:
                continue
            pending.remove(each)
    here.write(b"hello")
    assert there.read(5) == b"hello"


@pytest.fixture
def served(tmp_path):
    """Write a fresh certificate over the one there was; gives (certificate, key) as the settings have them."""

    def write(kind: str, name: str = "a.test", stem: str = "served") -> list[tuple[str, str]]:
        certificate, key = AUTHORITY.issue(name, key=KEYS[kind]).write(tmp_path, stem)
        return [(str(certificate), str(key))]

    return write


def leaf_in(pairs: list[tuple[str, str]]) -> x509.Certificate:
    """Read the first certificate of the settings."""
    return x509.load_pem_x509_certificate(Path(pairs[0][0]).read_bytes())


@contextmanager
def forked_worker(stock: Stock, pairs: list[tuple[str, str]]) -> Iterator[tuple[str, int]]:
    """Serve some browsers in a process of its own, which loads the certificates itself; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = listening.getsockname()
        child = os.fork()
        if not child:
            status = 1
            try:
                serve_some(listening, open_certificates(pairs, "1.2", stock).default)
                status = 0
            finally:
                os._exit(status)  # nothing of the tests may go on here
    yield address
    assert os.waitpid(child, 0)[1] == 0


def serve_some(listening: socket.socket, server: ssl.SSLContext) -> None:
    """Greet browsers until each has been here."""
    for _ in range(VISITS):
        plain, _ = listening.accept()
        with server.wrap_socket(plain, server_side=True) as browser:
            browser.sendall(b"hello")
            browser.recv(1)


@pytest.fixture
def pair(tmp_path):
    """Write certificates."""

    def write(stem: str, *names: str) -> tuple[str, str]:
        certificate, key = AUTHORITY.issue(*names).write(tmp_path, stem)
        return str(certificate), str(key)

    return write


def test_names_are_those_of_the_certificate():
    """DNS names only: an address is never asked for by name."""
    leaf = AUTHORITY.issue("mail.test", "*.lab.test", "127.0.0.1")

    assert names_of(leaf.certificate) == ("mail.test", "*.lab.test")


def test_a_certificate_without_names_claims_none():
    """It can still be the default."""
    assert names_of(AUTHORITY.certificate) == ()


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


@pytest.mark.parametrize("names", [b"\x30\x05\x82\x03\xff.a", b"\x30\x06\xa5\x04\xa1\x02\x0c\x00"])
def test_names_that_cannot_be_read_are_told(tmp_path, names):
    """OpenSSL serves such a certificate; we could not tell for whom. No ASCII, and the name of a party of EDI."""
    garbage = x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, names)
    leaf = AUTHORITY.issue("a.test", alternative_names=(), extensions=[(garbage, False)])
    certificate, key = leaf.write(tmp_path, "a")

    with pytest.raises(OSError, match=r"The names in .*a\.pem.* cannot be read"):
        try_certificates([(str(certificate), str(key))], "1.2")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", KEYS)
def test_a_browser_resumes_after_a_reload(served, kind, version):
    """It is shown the new certificate only when it does not resume."""
    stock = Stock(1)
    first = Visit(open_certificates(served(kind), "1.2", stock).default, version)
    server = open_certificates(served(kind), "1.2", stock).default

    assert Visit(server, version, first).is_resumed
    assert Visit(server, version).leaf.serial_number != first.leaf.serial_number


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("before", KEYS)
def test_only_the_newest_certificate_is_shown(served, before, kind):
    """Whatever key it has: OpenSSL would go on to show one of another type, and picks the strongest for a browser."""
    stock = Stock(1)
    open_certificates(served(before), "1.2", stock)
    pairs = served(kind)
    server = open_certificates(pairs, "1.2", stock).default

    assert {Visit(server, version).leaf for version in VERSIONS} == {leaf_in(pairs)}


def test_a_key_of_the_same_type_takes_the_place_of_the_other(served):
    """The usual renewal: a fresh key each time, on another curve even."""
    stock = Stock(1)
    old = open_certificates(served("ec"), "1.2", stock).default
    new = open_certificates(served("p384"), "1.2", stock).default

    assert new is old
    assert Visit(new, VERSIONS[0]).leaf.public_key() == KEYS["p384"].public_key()


def test_what_a_browser_has_begun_goes_on(served):
    """A connection is not touched by a reload."""
    stock = Stock(1)
    pairs = served("ec")
    old = leaf_in(pairs)
    server = open_certificates(pairs, "1.2", stock).default
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = server.wrap_bio(to_server, to_client, server_side=True)
    there = client_context().wrap_bio(to_client, to_server)
    with pytest.raises(ssl.SSLWantReadError):
        there.do_handshake()
    open_certificates(served("ec"), "1.3", stock)
    talk(here, there)

    assert x509.load_der_x509_certificate(there.getpeercert(binary_form=True)) == old
    assert server.minimum_version == VERSIONS[1]


def test_a_place_has_the_same_context_whatever_was_before(served):
    """Workers that came at different times agree, so a browser resumes at each."""
    stock = Stock(1)
    seen = [open_certificates(served(kind), "1.2", stock).default for kind in ("rsa", "ec", "ed25519", "ec", "rsa")]

    assert seen[0] is seen[4]
    assert seen[1] is seen[3]
    assert len({id(each) for each in seen}) == 3


def test_contexts_are_made_beforehand(served):
    """Also for certificates that only a reload brings, so that they are older than the workers."""
    stock = Stock(2)
    ready = {id(stock.take(place, key_type)) for place in range(2) for key_type in KEY_TYPES}
    pairs = served("rsa") + served("ec", "b.test", stem="b") + served("ec", "c.test", stem="c")
    certificates = open_certificates(pairs, "1.2", stock)

    assert {id(certificates.choose(f"{name}.test")) in ready for name in "ab"} == {True}
    assert id(certificates.choose("c.test")) not in ready
    assert Visit(certificates.choose("c.test"), VERSIONS[1]).is_resumed is False


@pytest.mark.parametrize("broken", ["missing", "other key", "encrypted", "weak"])
def test_one_bad_certificate_changes_none(served, broken):
    """The good one before it is not put in force either."""
    stock = Stock(2)
    server = open_certificates(served("ec"), "1.2", stock).default
    shown = Visit(server, VERSIONS[1]).leaf
    bad, key = served("ec", stem="bad")[0]
    match broken:
        case "missing":
            Path(key).unlink()
        case "other key":
            Path(key).write_bytes(key_to_pem(KEYS["p384"]))
        case "encrypted":
            locked = KEYS["ec"].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
            Path(key).write_bytes(locked)
        case "weak":
            key = str(AUTHORITY.issue("a.test", key=WEAK).write(Path(bad).parent, "bad")[1])
    with pytest.raises(OSError):  # noqa: PT011 - ssl.SSLError is one, and which one is OpenSSL's affair
        open_certificates([*served("ec"), (bad, key)], "1.3", stock)

    assert Visit(server, VERSIONS[1]).leaf == shown
    assert server.minimum_version == VERSIONS[0]


def test_what_was_tried_is_what_is_served(served):
    """Files that change between the trial and the use are not read again."""
    pairs = served("ec")
    old = leaf_in(pairs)
    tried = try_certificates(pairs, "1.2")
    certificate, key = pairs[0]
    Path(certificate).write_text("half a file")
    Path(key).unlink()

    assert Visit(tried.put_into(Stock()).default, VERSIONS[1]).leaf == old


def test_contents_are_files_without_memory_files(monkeypatch):
    """Other systems than Linux get a file that only we may read, and that is gone afterwards."""
    monkeypatch.delattr(os, "memfd_create", raising=False)
    with as_file(b"secret") as name:
        kept = Path(name)

        assert kept.read_bytes() == b"secret"
        assert kept.stat().st_mode & 0o077 == 0
    assert not kept.exists()


def test_many_reloads_leave_nothing_behind(served):
    """Neither descriptors nor contexts."""
    stock = Stock(1)
    pairs = served("rsa") + served("ec", stem="b")
    open_certificates(pairs, "1.2", stock)
    before = len(list(Path("/proc/self/fd").iterdir()))
    contexts = {id(open_certificates(pairs, "1.2", stock).default) for _ in range(50)}

    assert len(contexts) == 1
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_a_browser_resumes_at_every_worker(served, kind, version):
    """Two processes forked from the one that made the stock, each loading its certificates itself after the fork."""
    stock = Stock(1)
    with ExitStack() as stack:
        workers = [stack.enter_context(forked_worker(stock, served(kind))) for _ in range(2)]
        browser = client_context()
        browser.minimum_version = browser.maximum_version = version
        session, resumed = None, []
        for address in workers * VISITS:
            with browser.wrap_socket(socket.create_connection(address), session=session) as connection:
                assert connection.recv(5) == b"hello"
                session = connection.session
                resumed.append(connection.session_reused)

    assert resumed == [False, True, True, True]

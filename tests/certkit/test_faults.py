"""The table of bad chains against OpenSSL, over real TLS on loopback."""

import asyncio
import base64
import hashlib
import re
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from proxy.certkit.authority import Authority
from proxy.certkit.faults import FAULTS, Fault
from proxy.certkit.leaf import Leaf
from proxy.certkit.pair import Pair, write_pair
from proxy.model.verdict import Reason
from tests.certkit.clients import client_context
from tests.loopback import turn

HOST = "cas02.branch.lab.localhost"
NO_CERTIFICATE = {Reason.NOT_TLS, Reason.TLS_VERSION, Reason.TLS_ALERT, Reason.OTHER}
"""Reasons that no certificate causes."""
UNREFINED = {Reason.UNKNOWN_ISSUER}
"""Only when the chain could not be fetched; a row always has one."""


async def verify_code(leaf: Leaf, client: ssl.SSLContext, version: ssl.TLSVersion) -> int:
    """Serve the leaf on loopback, shake hands, and return OpenSSL's code."""
    context = leaf.server_context()
    context.maximum_version = version
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with server:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=HOST)
        except ssl.SSLCertVerificationError as error:
            return error.verify_code
        writer.transport.abort()
        await turn()
        return 0


@pytest.fixture(scope="module")
def authority() -> Authority:
    """One root for the whole table."""
    return Authority.create("casproxy test root")


@pytest.fixture
def ca_file(authority: Authority, tmp_path: Path) -> Path:
    """Give the root as a file."""
    file = tmp_path / "root.pem"
    file.write_bytes(authority.certificate_pem)
    return file


def client_of(fault: Fault, ca_file: Path, pair: Pair) -> ssl.SSLContext:
    """Make the client that the row speaks of."""
    return client_context(fault, ca_file, lists=pair.lists, anchors=pair.anchors)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
async def test_openssl_gives_the_code_of_the_table(
    fault: Fault, version: ssl.TLSVersion, authority: Authority, ca_file: Path
) -> None:
    """A client that demands what the row says gets exactly the verify code it promises, on both versions of TLS."""
    leaf = fault.make(authority, HOST)
    client = client_of(fault, ca_file, write_pair(leaf, ca_file.parent, "leaf"))

    assert await verify_code(leaf, client, version) == fault.code


@pytest.mark.parametrize("fault", [fault for fault in FAULTS.values() if fault.needs], ids=lambda fault: fault.name)
async def test_what_a_row_needs_it_needs(fault: Fault, authority: Authority, ca_file: Path) -> None:
    """Without the keys that the row names, the certificate is as good as any."""
    client = client_context(FAULTS["good"], ca_file, lists=None, anchors=None)

    assert await verify_code(fault.make(authority, HOST), client, ssl.TLSVersion.TLSv1_3) == 0


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_rows_are_complete(fault: Fault, authority: Authority) -> None:
    """Each row is found by its name, has a sentence, known reasons, and names the files of its leaf."""
    leaf = fault.make(authority, HOST)
    files = [key for key, there in (("ca_files", leaf.anchors), ("crl_files", leaf.lists)) if there]

    assert FAULTS[fault.name] is fault
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", fault.name)
    assert fault.sentence.endswith(".")
    assert fault.is_trusted == (fault.reason == "")
    assert {Reason(word) for word in fault.reasons} if fault.code else fault.reasons in {(), ("pin_mismatch",)}
    assert list(fault.files) == files


@pytest.mark.parametrize("name", ["good", "intermediate", "reversed-chain", "many-sans"])
async def test_what_is_sound_keeps_strict_rules(name: str, authority: Authority, ca_file: Path) -> None:
    """Trusted rows are trusted under RFC 5280 to the letter, too: the row without a key identifier has one flaw."""
    client = client_context(FAULTS["no-aki"], ca_file, lists=None, anchors=None)

    assert await verify_code(FAULTS[name].make(authority, HOST), client, ssl.TLSVersion.TLSv1_3) == 0


def test_every_reason_of_a_certificate_has_a_row() -> None:
    """Whoever adds a reason adds a certificate that shows it."""
    shown = {Reason(word) for fault in FAULTS.values() for word in fault.reasons}

    assert set(Reason) - NO_CERTIFICATE - UNREFINED == shown


def test_no_row_has_the_foreign_pin(authority: Authority) -> None:
    """The pin is spelled as settings want it, and is not that of the certificate that is presented."""
    fault = FAULTS["pin-mismatch"]
    key = fault.make(authority, HOST).certificate.public_key()
    pin = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()

    (foreign,) = fault.policy["pin_spki_sha256"]
    assert (len(foreign), len(base64.b64decode(foreign, validate=True))) == (44, 32)
    assert base64.b64decode(foreign) != pin


def test_the_words_people_guess_are_there() -> None:
    """The faults of the lab and the ones badssl made known exist under their usual names."""
    words = {
        "good", "self-signed", "expired", "not-yet-valid", "wrong-host", "incomplete-chain", "untrusted-root",
        "client-auth-only", "revoked", "reversed-chain", "pin-mismatch", "no-san", "rsa-1024",
    }  # fmt: skip

    assert words <= FAULTS.keys()

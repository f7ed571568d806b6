"""The table of bad chains against OpenSSL, over real TLS on loopback."""

import asyncio
import re
import ssl

import pytest

from proxy.certkit.authority import Authority
from proxy.certkit.faults import FAULTS, HOSTILE, Fault
from tests.loopback import turn

HOST = "cas02.branch.lab.localhost"


def strict_context(authority: Authority) -> ssl.SSLContext:
    """Make a client that trusts the authority alone and demands chain, name and dates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.hostname_checks_common_name = False
    context.load_verify_locations(cadata=authority.certificate_pem.decode())
    return context


async def verify_code(fault: Fault, authority: Authority, version: ssl.TLSVersion) -> int:
    """Serve the fault's leaf on loopback, shake hands strictly, and return OpenSSL's code."""
    context = fault.make(authority, HOST).server_context()
    context.maximum_version = version
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with server:
        try:
            _, writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=strict_context(authority), server_hostname=HOST
            )
        except ssl.SSLCertVerificationError as error:
            return error.verify_code
        writer.transport.abort()
        await turn()
        return 0


@pytest.fixture(scope="module")
def authority() -> Authority:
    """One root for the whole table."""
    return Authority.create("casproxy test root")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
async def test_openssl_gives_the_code_of_the_table(fault: Fault, version: ssl.TLSVersion, authority: Authority) -> None:
    """A strict client gets exactly the verify code that the row promises, on both versions of TLS."""
    code = await verify_code(fault, authority, version)

    assert fault.code == code


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_rows_are_complete(fault: Fault) -> None:
    """Each row is found by its name, has a sentence, and a reason unless it is trusted."""
    assert FAULTS[fault.name] is fault
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", fault.name)
    assert fault.sentence.endswith(".")
    assert fault.is_trusted == (fault.reason == "")


def test_the_words_people_guess_are_there() -> None:
    """The faults of the lab and the ones badssl made known exist under their usual names."""
    words = {
        "good", "self-signed", "expired", "not-yet-valid", "wrong-host", "incomplete-chain", "untrusted-root",
        "client-auth-only",
    }  # fmt: skip

    assert words <= FAULTS.keys()


def test_hostile_names_reach_the_certificate(authority: Authority) -> None:
    """The line breaks and the markup stand in the issuer unaltered: escaping is the reader's task."""
    leaf = FAULTS["hostile-names"].make(authority, HOST)

    assert HOSTILE in [attribute.value for attribute in leaf.certificate.issuer]


def test_incomplete_chain_knows_what_is_missing(authority: Authority) -> None:
    """The intermediate is withheld from the handshake, not lost: it is the cure."""
    leaf = FAULTS["incomplete-chain"].make(authority, HOST)

    assert len(leaf.chain) == 0
    assert len(leaf.withheld) == 1
    assert leaf.certificate.issuer == leaf.withheld[0].subject

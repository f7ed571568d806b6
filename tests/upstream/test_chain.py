"""The presented chain comes out of every TLS engine the same."""

import asyncio
import socket

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from proxy.certkit.authority import Authority
from proxy.certkit.faults import FAULTS
from proxy.model.sites import TrustPolicy
from proxy.upstream.chain import presented_chain, presented_leaf, version_of
from proxy.upstream.tls import TlsContexts
from tests.loopback import KINDS, backend, run_on

HOST = "cas02.branch.example"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("row", ["self-signed", "untrusted-root", "intermediate", "reversed-chain"])
def test_the_chain_is_as_it_was_sent(kind, row):
    """Every certificate in the order of the server, nothing verified and nothing added."""
    leaf = FAULTS[row].make(Authority.create("Branch Root"), HOST)

    async def work(transports):
        context = TlsContexts().lax(TrustPolicy())
        async with backend([leaf.server_context()]) as world:
            sock = await connected(world.port)
            transport, _ = await transports.connect_tls(asyncio.Protocol, sock, context, HOST, 5.0)
            tls = transport.get_extra_info("ssl_object")
            found = presented_chain(tls), presented_leaf(tls), version_of(tls)
            transport.abort()
            return found

    expected = tuple(each.public_bytes(Encoding.DER) for each in (leaf.certificate, *leaf.chain))

    assert run_on(kind, work) == (expected, expected[:1], "TLS 1.3")


async def connected(port: int):
    """Open a socket to the loopback interface."""
    sock = socket.socket()
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    return sock


class Bare:
    """An engine that knows the leaf only."""

    def getpeercert(self, binary: bool) -> bytes:
        """Give it."""
        assert binary
        return b"leaf"

    def version(self) -> str:
        """Give the oldest version by Python's name."""
        return "TLSv1"


def test_an_engine_without_chains_gives_the_leaf():
    """Better one certificate than none."""
    assert presented_chain(Bare()) == (b"leaf",)
    assert version_of(Bare()) == "TLS 1.0"

"""Which versions a server speaks, against servers that speak some of them."""

import ssl

import pytest

from proxy.certkit.authority import Authority
from proxy.model.limits import Timeouts
from proxy.model.sites import Server, TrustPolicy
from proxy.upstream.attempt import Attempts, Call
from proxy.upstream.ladder import climb
from proxy.upstream.tls import VERSIONS, TlsContexts
from tests.loopback import KINDS, Recorder, backend, run_on

HOST = "cas02.branch.example"
WHERE = {"connect_host": "127.0.0.1", "tls_name": HOST, "host": HOST, "port": 443}


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("lowest", "highest"), [("1.0", "1.0"), ("1.0", "1.2"), ("1.2", "1.3"), ("1.3", "1.3")])
def test_each_rung_is_tried(kind, lowest, highest):
    """All versions between the server's lowest and highest, and no other; nothing is sent."""
    context = Authority.create("Any").issue(HOST).server_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = VERSIONS[highest]
    context.minimum_version = VERSIONS[lowest]

    async def work(transports):
        async with backend([context]) as world:
            server = Server(site="Branch", url="", connect_port=world.port, **WHERE)
            call = Call(server, TrustPolicy(), Timeouts(), Recorder)
            return await climb(Attempts(TlsContexts(), transports), call), world.received

    expected = tuple(version for version in VERSIONS if lowest <= version <= highest)

    assert run_on(kind, work) == (expected, b"")


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_without_tls_speaks_none(kind):
    """Plain HTTP on the port is no rung."""

    async def work(transports):
        async with backend(None, b"HTTP/1.1 400 Bad Request\r\n\r\n") as world:
            server = Server(site="Branch", url="", connect_port=world.port, **WHERE)
            return await climb(Attempts(TlsContexts(), transports), Call(server, TrustPolicy(), Timeouts(), Recorder))

    assert run_on(kind, work) == ()

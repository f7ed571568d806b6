"""One connection: both gates, before anybody gets it; over real TLS on every engine."""

import asyncio
import ssl
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from proxy.certkit.authority import Authority
from proxy.certkit.faults import FAULTS
from proxy.certkit.leaf import Leaf
from proxy.errors import UpstreamTlsFault, UpstreamUnreachable
from proxy.model.limits import Timeouts
from proxy.model.sites import CaMode, Server, TrustPolicy
from proxy.trust.certificate import read_certificate
from proxy.upstream import attempt as attempt_module
from proxy.upstream.attempt import Attempts, Call, Looker, TrustFailed, leave
from proxy.upstream.chain import version_of
from proxy.upstream.tls import PIN_TEXT, TlsContexts
from tests.loopback import KINDS, Recorder, backend, run_on, until

HOST = "cas02.branch.example"
CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH,)


def server_at(port: int) -> Server:
    """Make a server that is dialled on the loopback interface."""
    where = {"connect_host": "127.0.0.1", "connect_port": port, "tls_name": HOST}
    return Server(site="Branch", url=f"https://{HOST}/owa", host=HOST, port=443, **where)


def call(port: int, policy: TrustPolicy) -> Call:
    """Make a call."""
    return Call(server_at(port), policy, Timeouts(), Recorder)


def pin_of(leaf: Leaf) -> str:
    """Give the pin of a leaf."""
    return read_certificate(leaf.certificate.public_bytes(Encoding.DER)).spki_sha256


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Make the authority that policies trust."""
    return Authority.create("Branch Root")


@pytest.fixture
def policy(authority: Authority, tmp_path) -> TrustPolicy:
    """Switch 0 with the authority as the only anchor."""
    file = tmp_path / "root.pem"
    file.write_bytes(authority.certificate_pem)
    return TrustPolicy(allow_untrusted=False, ca_files=(str(file),), ca_mode=CaMode.ONLY)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("is_pinned", "code"), [(True, "trusted"), (False, None)])
def test_a_trusted_chain_must_bear_a_pinned_key_too(kind, is_pinned, code, authority, policy):
    """OpenSSL accepts, the pin decides; the backend hears nothing after the handshake when it fails."""
    leaf = authority.issue(HOST)
    policy = replace(policy, pins=(pin_of(leaf if is_pinned else authority.issue(HOST)),))

    async def work(transports):
        async with backend([leaf.server_context()]) as world:
            try:
                opened = await Attempts(TlsContexts(), transports).strict(call(world.port, policy))
            except TrustFailed as failed:
                return failed.code, failed.text, world.received
            opened.transport.abort()
            return "trusted", "", world.received

    assert run_on(kind, work) == (code, "" if is_pinned else PIN_TEXT, b"")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "case",
    [
        ("self-signed", {}, "trusted"),
        ("unknown-issuer", {}, "trusted"),
        ("wrong-host", {}, 62),
        ("wrong-host", {"check_name": False}, "trusted"),
        ("expired", {}, 10),
        ("expired", {"check_expiry": False}, "trusted"),
        ("client-auth-only", {}, 26),
    ],
)
def test_without_the_chain_the_pinned_certificate_must_be_good(kind, case, authority, policy):
    """OpenSSL enforces name, dates and purpose on the one certificate whose key is pinned."""
    row, changes, code = case
    leaf = FAULTS[row].make(authority, HOST)
    policy = replace(policy, ca_files=(), ca_mode=CaMode.ADD, check_chain=False, pins=(pin_of(leaf),), **changes)

    async def work(transports):
        async with backend([leaf.server_context()]) as world:
            attempts = Attempts(TlsContexts(), transports)
            found = [await outcome(attempts, call(world.port, policy)) for _ in range(2)]
            return found, world.received

    assert run_on(kind, work) == ([code] * 2, b"")


async def outcome(attempts: Attempts, wanted: Call) -> int | str | None:
    """Give what a strict attempt says: the code, or `trusted`."""
    try:
        opened = await attempts.strict(wanted)
    except TrustFailed as failed:
        return failed.code
    opened.transport.abort()
    return "trusted"


@pytest.mark.parametrize("kind", KINDS)
def test_without_the_chain_an_unpinned_key_is_refused(kind, authority, policy):
    """Whatever its certificate says; a changed certificate is looked at anew, with its pin."""
    first, second, stranger = (FAULTS["self-signed"].make(authority, HOST) for _ in range(3))
    policy = replace(policy, ca_files=(), ca_mode=CaMode.ADD, check_chain=False, pins=(pin_of(first), pin_of(second)))

    async def work(transports):
        attempts = Attempts(TlsContexts(), transports)
        contexts, found = [], []
        async with backend(contexts) as world:
            for leaf in (first, second, stranger, first):
                contexts.append(leaf.server_context())
                found.append(await outcome(attempts, call(world.port, policy)))
            return found, world.received

    assert run_on(kind, work) == (["trusted", "trusted", None, "trusted"], b"")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_an_old_server_is_reached_only_where_the_policy_says_so(kind, version, authority, policy):
    """TLS below 1.2 takes a `min_tls_version`; trust is demanded all the same."""
    old = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1}[version]
    context = authority.issue(HOST).server_context()
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = context.maximum_version = old
    context.set_ciphers("ALL:@SECLEVEL=0")

    async def work(transports):
        attempts = Attempts(TlsContexts(), transports)
        async with backend([context]) as world:
            with pytest.raises((UpstreamTlsFault, UpstreamUnreachable)):
                await attempts.strict(call(world.port, policy))
            opened = await attempts.strict(call(world.port, replace(policy, min_tls_version=version)))
            spoken = version_of(opened.tls)
            opened.transport.abort()
            stranger = replace(policy, min_tls_version=version, ca_files=(), ca_mode=CaMode.ADD)
            return spoken, await outcome(attempts, call(world.port, stranger))

    assert run_on(kind, work) == (f"TLS {version}", 20)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("protocol", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_clients_certificate_is_shown_to_a_server_that_asks(kind, protocol, authority, policy, tmp_path):
    """A server that demands one gets ours, in both versions, under both settings of the switch."""
    certificate, key = authority.issue("proxy.example", usages=CLIENT).write(tmp_path, "client")
    policy = replace(policy, client_cert=str(certificate), client_key=str(key))
    context = authority.issue(HOST).server_context()
    context.verify_mode, context.minimum_version, context.maximum_version = ssl.CERT_REQUIRED, protocol, protocol
    context.load_verify_locations(cadata=authority.certificate_pem.decode())

    async def work(transports):
        attempts = Attempts(TlsContexts(), transports)
        async with backend([context], b"hello") as world:
            for attempt in (attempts.strict, attempts.lax):
                opened = await attempt(call(world.port, policy))
                opened.transport.write(b"ping")
                await heard(opened.protocol)
                opened.transport.abort()
            return world.received

    assert run_on(kind, work) == b"pingping"


async def heard(protocol: Recorder) -> None:
    """Wait for the server's answer."""
    while not protocol.received:
        assert not protocol.is_lost
        turn = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.002, turn.set_result, None)
        await turn


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("at_once", [False, True])
def test_a_look_leaves_no_connection_behind(kind, at_once, authority, policy, monkeypatch):
    """When `leave` is over the socket is closed, also where the server never answers a goodbye."""
    monkeypatch.setattr(attempt_module, "LEAVE_SECONDS", 0.05)

    async def work(transports):
        attempts = Attempts(TlsContexts(), transports)
        async with backend([authority.issue(HOST).server_context()]) as world:
            wanted = call(world.port, policy)._replace(factory=Looker)
            opened = await attempts.strict(wanted)
            await until(lambda: world.handshakes == 1, "the server did not finish")
            world.connections[0].transport.pause_reading()
            await leave(opened, at_once=at_once)
            return opened.transport.is_closing(), world.received

    assert run_on(kind, work) == (True, b"")

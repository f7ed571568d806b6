"""A look at a server: the outcome of a real attempt, the chain, and nothing that HTTP would notice."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from proxy.certkit.authority import Authority
from proxy.certkit.faults import FAULTS
from proxy.errors import OurFault, UpstreamTlsFault, UpstreamUnreachable
from proxy.model.limits import Timeouts
from proxy.model.sites import CaMode, Server, TrustPolicy
from proxy.upstream.attempt import Attempts
from proxy.upstream.probe import Prober
from proxy.upstream.tls import TlsContexts
from tests.faulty import policy_for
from tests.loopback import KINDS, backend, run_on

HOST = "cas02.branch.example"


def server_at(port: int) -> Server:
    """Make a server that is dialled on the loopback interface."""
    where = {"connect_host": "127.0.0.1", "connect_port": port, "tls_name": HOST}
    return Server(site="Branch", url=f"https://{HOST}/owa", host=HOST, port=443, **where)


def prober(transports) -> Prober:
    """Make a prober that knows a server of another site."""
    made = Prober(Attempts(TlsContexts(), transports), lambda: datetime.now(UTC))
    made.others = ((HOST, "Branch"), (f"wrong.{HOST}", "HQ"))
    return made


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
def test_a_trusted_server_takes_one_handshake(kind, authority, policy):
    """The verdict is that of the handshake, with the chain and the TLS version; not a byte of HTTP is sent."""
    leaf = FAULTS["intermediate"].make(authority, HOST)

    async def work(transports):
        async with backend([leaf.server_context()]) as world:
            probe = await prober(transports).probe(server_at(world.port), policy, Timeouts())
            return probe, world.accepted, world.received

    probe, accepted, received = run_on(kind, work)

    assert (accepted, received) == (1, b"")
    assert (probe.verdict.trusted, probe.verdict.findings, probe.fault) == (True, (), None)
    assert (len(probe.verdict.presented), probe.tls_version, probe.address) == (2, "TLS 1.3", "127.0.0.1")


@pytest.mark.parametrize("row", [row for row in FAULTS.values() if not row.is_trusted], ids=lambda row: row.name)
def test_each_fault_is_told_with_its_chain(row, authority, policy, tmp_path):
    """Two handshakes: one that is refused, one that fetches what was refused."""
    leaf = row.make(authority, HOST)
    policy = policy_for(row, leaf, authority, tmp_path, policy)

    async def work(transports):
        async with backend([leaf.server_context()]) as world:
            probe = await prober(transports).probe(server_at(world.port), policy, Timeouts())
            return probe.verdict, world.accepted, world.received

    verdict, accepted, received = run_on("uvloop", work)

    assert (verdict.trusted, verdict.reason, verdict.is_explained) == (False, row.reason, True)
    assert (accepted, received) == (2, b"")
    assert len(verdict.presented) == 1 + len(leaf.chain)


def test_a_server_in_anothers_place_is_recognised(authority, policy):
    """Its certificate bears the name of another site's server."""
    leaf = FAULTS["wrong-host"].make(authority, HOST)

    async def work(transports):
        async with backend([leaf.server_context()]) as world:
            return (await prober(transports).probe(server_at(world.port), policy, Timeouts())).verdict

    assert run_on("uvloop", work).resembles == "HQ"


@pytest.mark.parametrize("kind", KINDS)
def test_what_could_not_be_found_out_is_no_verdict(kind, policy, tmp_path):
    """No TLS, nobody there, a file of ours that is gone: a fault each, and nothing is called trusted."""

    async def work(transports):
        looking = prober(transports)
        async with backend(None, b"HTTP/1.1 400 Bad Request\r\n\r\n") as world:
            plain = await looking.probe(server_at(world.port), policy, Timeouts())
            port = world.port
        gone = await looking.probe(server_at(port), policy, Timeouts())
        lost = replace(policy, ca_files=(str(tmp_path / "gone.pem"),))
        ours = await looking.probe(server_at(port), lost, Timeouts())
        return [(probe.verdict, type(probe.fault)) for probe in (plain, gone, ours)]

    assert run_on(kind, work) == [(None, UpstreamTlsFault), (None, UpstreamUnreachable), (None, OurFault)]

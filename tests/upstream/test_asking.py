"""Asking servers over real TLS: what counts as working, what does not, and that the untrusted hear nothing."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from proxy.certkit.authority import Authority
from proxy.certkit.faults import FAULTS
from proxy.events.record import Event
from proxy.message.response import ResponseReader
from proxy.model.health import HealthRules
from proxy.model.limits import Timeouts
from proxy.model.sites import CaMode, TrustPolicy
from proxy.model.wire import Transports
from proxy.upstream.asking import Asker, Check, Finding
from proxy.upstream.attempt import Attempts
from proxy.upstream.dial import Dialer
from proxy.upstream.probe import Prober
from proxy.upstream.tls import TlsContexts
from tests.broken import black_hole, hang, nobody, reset, saying, tcp
from tests.faulty import policy_for
from tests.loopback import KINDS, backend, run_on
from tests.upstream.test_dial import HOST, server_at

RULES = HealthRules(path="/owa/healthcheck.htm?x=%20", timeout=2.0)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


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


def ask(
    transports: Transports,
    port: int,
    policy: TrustPolicy,
    rules: HealthRules = RULES,
    events: list[Event] | None = None,
):
    """Ask once as the proxy does."""
    attempts = Attempts(TlsContexts(), transports)
    prober = Prober(attempts, lambda: datetime.now(UTC))
    emit = ([] if events is None else events).append
    dialer = Dialer(attempts, prober, emit, lambda: 0.0, "CAS01")
    asker = Asker(dialer.dial, ResponseReader("CAS01"), "CAS01")
    return asker.ask(Check(server_at(port), policy, Timeouts(connect=0.5, upstream_tls_handshake=0.5), rules))


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_works(kind, authority, policy):
    """One question on a connection of its own, whose head says who asks; the answer is as expected."""

    async def work(transports):
        async with backend([authority.issue(HOST).server_context()], OK) as world:
            finding = await ask(transports, world.port, policy)
            return finding, world.received, world.accepted

    finding, received, accepted = run_on(kind, work)
    assert (finding, accepted) == (Finding(ok=True, why=""), 1)
    assert received == (
        b"GET /owa/healthcheck.htm?x=%20 HTTP/1.1\r\nHost: cas02.branch.example\r\nVia: 1.1 CAS01\r\n"
        b"User-Agent: casproxy\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    )


@pytest.mark.parametrize("fault", [fault for fault in FAULTS.values() if not fault.is_trusted], ids=lambda f: f.name)
def test_at_0_a_server_that_is_not_trusted_hears_nothing(fault, authority, policy, tmp_path):
    """Not one byte of HTTP; it counts as working, and the reason is told."""

    async def work(transports):
        leaf = fault.make(authority, HOST)
        demands = policy_for(fault, leaf, authority, tmp_path, policy)
        events: list[Event] = []
        async with backend([leaf.server_context()], OK) as world:
            finding = await ask(transports, world.port, demands, replace(RULES, timeout=10.0), events)
            return finding, world.received, events

    finding, received, events = run_on("aiofastnet", work)
    assert (finding.ok, received, events) == (True, b"", [])
    assert finding.why.startswith("The certificate of cas02.branch.example was refused: ")


@pytest.mark.parametrize("kind", KINDS)
def test_at_1_a_server_that_is_not_trusted_is_asked(kind, authority, policy):
    """As requests are sent to it; the audit event says so, as at its first use."""

    async def work(transports):
        leaf = FAULTS["self-signed"].make(authority, HOST)
        events: list[Event] = []
        async with backend([leaf.server_context()], OK) as world:
            finding = await ask(transports, world.port, replace(policy, allow_untrusted=True), RULES, events)
            return finding, world.received.count(b"GET "), [event.id for event in events]

    assert run_on(kind, work) == (Finding(ok=True, why=""), 1, [1043])


@pytest.mark.parametrize(
    ("answer", "expect", "why"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: /owa/auth/logon.aspx\r\nContent-Length: 0\r\n\r\n", "", ""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", "", ""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\nthe beginning", "", ""),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", "", ""),
        (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "401", ""),
        (b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", "", "answered 401 to GET /owa/healthcheck.htm?x=%20"),
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "", "answered 503 to GET"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "401", "answered 200 to GET"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "", "sent a head that is no valid answer"),
        (b"HTTP/1.1 101 Ha\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "", "switched to a protocol"),
    ],
)
def test_what_counts_as_an_answer(answer, expect, why, authority, policy):
    """The status decides, redirects are not followed, the body is nobody's concern."""

    async def work(transports):
        async with backend([authority.issue(HOST).server_context()], answer) as world:
            rules = replace(RULES, expect=((int(expect), int(expect)),)) if expect else RULES
            return await ask(transports, world.port, policy, rules), world.received.count(b"GET ")

    finding, asked = run_on("uvloop", work)
    assert (finding.ok, asked) == (not why, 1)
    assert finding.why.startswith(f"cas02.branch.example {why}" if why else "")
    assert bool(finding.why) is bool(why)


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_never_answers(kind, authority, policy):
    """After the time of the check it has failed, and nothing stays open."""

    async def work(transports):
        async with backend([authority.issue(HOST).server_context()]) as world:
            return await ask(transports, world.port, policy, replace(RULES, timeout=0.3))

    why = "cas02.branch.example did not answer GET /owa/healthcheck.htm?x=%20 within 0.3 s (health.timeout)."
    assert run_on(kind, work) == Finding(ok=False, why=why)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("broken", ["nobody", "black hole", "hangs", "resets", "plain"])
def test_a_server_that_cannot_be_reached(kind, broken, policy):
    """Whatever is in the way below HTTP, the check has failed and says how."""
    places = {
        "nobody": nobody,
        "black hole": black_hole,
        "hangs": lambda: tcp(hang),
        "resets": lambda: tcp(reset),
        "plain": lambda: tcp(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
    }

    async def work(transports):
        async with places[broken]() as port:
            return await ask(transports, port, policy)

    finding = run_on(kind, work)
    assert not finding.ok
    assert "cas02.branch.example" in finding.why


def test_a_file_of_ours_that_cannot_be_read_says_nothing_of_the_server(authority, policy):
    """The settings were checked; whoever took the file away since has not broken the server."""

    async def work(transports):
        async with backend([authority.issue(HOST).server_context()], OK) as world:
            return await ask(transports, world.port, replace(policy, ca_files=("/nowhere/root.pem",)))

    assert run_on("uvloop", work) is None

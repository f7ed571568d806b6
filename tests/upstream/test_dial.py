"""Dialling over real TLS: what is opened, what is refused, what is remembered, and that nothing leaks."""

import asyncio
import socket
import ssl
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from proxy.certkit.authority import Authority
from proxy.certkit.faults import FAULTS
from proxy.certkit.leaf import Leaf
from proxy.errors import UpstreamNotTrusted, UpstreamTlsFault, UpstreamUnreachable
from proxy.events.record import Event
from proxy.model.limits import Timeouts
from proxy.model.sites import CaMode, Server, TrustPolicy
from proxy.model.verdict import Verdict
from proxy.model.wire import Transports
from proxy.upstream.attempt import Attempts
from proxy.upstream.dial import REFUSAL_SECONDS, UNTRUSTED_SECONDS, Dialer, Watch
from proxy.upstream.probe import Prober
from proxy.upstream.tls import TlsContexts
from tests.faulty import policy_for
from tests.loopback import KINDS, Recorder, backend, run_on

HOST = "cas02.branch.example"
PATIENT = Timeouts()


def server_at(port: int, **changes) -> Server:
    """Make a server of the site Branch that is dialled on the loopback interface."""
    server = Server(
        site="Branch",
        url=f"https://{HOST}/owa",
        host=HOST,
        port=443,
        connect_host="127.0.0.1",
        connect_port=port,
        tls_name=HOST,
    )
    return replace(server, **changes)


class Caller:
    """A dialer with a clock turned by hand and the events it emitted."""

    def __init__(self, transports: Transports) -> None:
        self.now = 1000.0
        self.events: list[Event] = []
        attempts = Attempts(TlsContexts(), transports)
        prober = Prober(attempts, lambda: datetime.now(UTC))
        self.dialer = Dialer(attempts, prober, self.events.append, lambda: self.now, "CAS01")
        self.refused: list[Verdict] = []
        self.trusted = 0
        self.handshakes: list[tuple[str, str]] = []
        self.dialer.watch = Watch(
            refused=lambda *told: self.refused.append(told[2]),
            trusted=self.count,
            handshake=lambda _server, outcome, reason: self.handshakes.append((outcome, reason)),
        )

    def count(self, _server: Server, _policy: TrustPolicy) -> None:
        """Count what was trusted."""
        self.trusted += 1

    async def dial(self, port: int, policy: TrustPolicy, timeouts: Timeouts = PATIENT, **changes):
        """Dial and close again; returns what was dialled."""
        dialed = await self.dialer.dial(server_at(port, **changes), policy, timeouts, Recorder)
        dialed.transport.abort()
        return dialed


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Make the authority that policies trust."""
    return Authority.create("Branch Root")


@pytest.fixture
def policy(authority: Authority, tmp_path) -> TrustPolicy:
    """Switch 0 with the authority as the only anchor."""
    file = tmp_path / "root.pem"
    file.write_bytes(authority.certificate_pem)
    return TrustPolicy(allow_untrusted=False, ca_files=(str(file),), ca_mode=CaMode.ONLY, source="sites.Branch.trust")


def allowing(policy: TrustPolicy) -> TrustPolicy:
    """Turn the switch of a policy to 1."""
    return replace(policy, allow_untrusted=True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("allow", [False, True])
def test_trusted_backend_needs_one_handshake(kind, allow, authority, policy):
    """A trusted backend is dialled once under either switch, is called trusted, and no event is written."""

    async def work(transports):
        caller = Caller(transports)
        async with backend([authority.issue(HOST).server_context()]) as world:
            dialed = await caller.dial(world.port, replace(policy, allow_untrusted=allow, generation=7))
            return dialed.trusted, dialed.generation, world.accepted, caller.events, caller.handshakes

    assert run_on(kind, work) == (True, 7, 1, [], [("trusted", "")])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", [fault for fault in FAULTS.values() if not fault.is_trusted], ids=lambda f: f.name)
def test_each_fault_is_refused_with_its_code(kind, fault, authority, policy, tmp_path):
    """Switch 0: every bad chain yields OpenSSL's code and all that is wrong; the backend got no byte of HTTP."""
    leaf = fault.make(authority, HOST)
    policy = policy_for(fault, leaf, authority, tmp_path, policy)

    async def work(transports):
        caller = Caller(transports)
        async with backend([leaf.server_context()]) as world:
            with pytest.raises(UpstreamNotTrusted) as caught:
                await caller.dial(world.port, policy)
            return caught.value, world.received, caller.events, caller.handshakes

    error, received, events, handshakes = run_on(kind, work)

    assert (error.code, HOST in error.text, received, events) == (fault.code or None, False, b"", [])
    assert handshakes == [("refused", fault.reasons[0])]
    assert tuple(dict.fromkeys(each.reason.value for each in error.verdict.findings)) == fault.reasons
    assert len(error.verdict.presented) == 1 + len(leaf.chain)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", [fault for fault in FAULTS.values() if not fault.is_trusted], ids=lambda f: f.name)
def test_each_fault_is_allowed_and_audited_at_1(kind, fault, authority, policy, tmp_path):
    """Switch 1: every bad chain is used, called untrusted, and one 1043 says what 0 would have refused."""
    leaf = fault.make(authority, HOST)
    policy = policy_for(fault, leaf, authority, tmp_path, policy)

    async def work(transports):
        caller = Caller(transports)
        async with backend([leaf.server_context()]) as world:
            for _ in range(3):
                dialed = await caller.dial(world.port, allowing(policy))
                assert not dialed.trusted
            return world.port, world.accepted, caller.events, caller.handshakes

    port, accepted, events, handshakes = run_on(kind, work)

    assert handshakes == [("allowed_untrusted", fault.reasons[0])] + 2 * [("allowed_untrusted", "")]
    assert accepted == 4, "one strict handshake, then three without verification"
    assert [(1043, ("CAS01", HOST), "Branch", "127.0.0.1", port, fault.code or None, fault.reason, "allow")] == [
        (e.id, e.parameters, e.site, e.address, e.port, e.code, e.reason, e.policy) for e in events
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_refusal_is_remembered_for_a_second(kind, policy):
    """Switch 0: within a second after a refusal no handshake is made; a mended backend works right after it."""

    async def work(transports):
        caller = Caller(transports)
        mended = Authority.create("Elsewhere")
        contexts = [FAULTS["self-signed"].make(mended, HOST).server_context()]
        async with backend(contexts) as world:
            for _ in range(50):
                with pytest.raises(UpstreamNotTrusted):
                    await caller.dial(world.port, policy)
            refused_with = world.accepted
            with pytest.raises(UpstreamNotTrusted):
                await caller.dial(world.port, replace(policy, generation=1))
            return refused_with, world.accepted, caller.handshakes

    expected = (2, 4, 2 * [("refused", "self_signed")])
    assert run_on(kind, work) == expected, "one verified handshake, one that fetches the chain"


def test_mended_backend_works_without_restart(authority, policy):
    """Switch 0: a backend with a new, good certificate is used once the second is over."""

    async def work(transports):
        caller = Caller(transports)
        contexts = [FAULTS["expired"].make(authority, HOST).server_context()]
        async with backend(contexts) as world:
            with pytest.raises(UpstreamNotTrusted):
                await caller.dial(world.port, policy)
            contexts.append(authority.issue(HOST).server_context())
            caller.now += REFUSAL_SECONDS
            return (await caller.dial(world.port, policy)).trusted

    assert run_on("uvloop", work) is True


@pytest.mark.parametrize("kind", KINDS)
def test_changed_certificate_is_tried_strictly_again(kind, authority, policy):
    """Switch 1: a known untrusted server that shows another certificate is verified anew, and may be trusted then."""

    async def work(transports):
        caller = Caller(transports)
        contexts = [FAULTS["expired"].make(authority, HOST).server_context()]
        async with backend(contexts) as world:
            first = await caller.dial(world.port, allowing(policy))
            contexts.append(authority.issue(HOST).server_context())
            second = await caller.dial(world.port, allowing(policy))
            third = await caller.dial(world.port, allowing(policy))
            return first.trusted, second.trusted, third.trusted, len(caller.events), world.accepted

    assert run_on(kind, work) == (False, True, True, 1, 5)


def test_untrusted_is_forgotten_after_its_time(authority, policy):
    """Switch 1: after the stated time verification is tried again, and the same finding is not told twice."""

    async def work(transports):
        caller = Caller(transports)
        async with backend([FAULTS["expired"].make(authority, HOST).server_context()]) as world:
            await caller.dial(world.port, allowing(policy))
            caller.now += UNTRUSTED_SECONDS
            await caller.dial(world.port, allowing(policy))
            return world.accepted, len(caller.events), caller.handshakes

    assert run_on("uvloop", work) == (4, 1, 2 * [("allowed_untrusted", "expired")])


@pytest.mark.parametrize("kind", KINDS)
def test_address_as_name_sends_no_sni_and_needs_an_address_entry(kind, authority, policy):
    """An IP literal is verified against iPAddress entries alone, and no server name is sent."""
    names: list[str | None] = []

    def serving(leaf: Leaf) -> ssl.SSLContext:
        context = leaf.server_context()
        context.sni_callback = lambda _sock, name, _context: names.append(name)
        return context

    async def work(transports):
        caller = Caller(transports)
        async with backend([serving(authority.issue("127.0.0.1"))]) as world:
            dialed = await caller.dial(world.port, policy, tls_name="127.0.0.1")
        async with backend(
            [serving(authority.issue(HOST, alternative_names=(HOST,), common_name="127.0.0.1"))]
        ) as world:
            with pytest.raises(UpstreamNotTrusted) as caught:
                await caller.dial(world.port, policy, tls_name="127.0.0.1")
        return dialed.trusted, caught.value.code

    assert run_on(kind, work) == (True, 64)
    assert set(names) == {None}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("allow", [False, True])
def test_plain_http_is_no_trust_failure(kind, allow, policy):
    """A port that speaks plain HTTP is a TLS fault under either switch, and no event is written."""

    async def work(transports):
        caller = Caller(transports)
        async with backend(None, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") as world:
            with pytest.raises(UpstreamTlsFault) as caught:
                await caller.dial(world.port, replace(policy, allow_untrusted=allow))
            told = caller.events, caller.handshakes
            return caught.value.reason, caught.value.error_type, b"GET" in world.received, told

    assert run_on(kind, work) == ("not_tls", "tls_protocol_error", False, ([], [("error", "")]))


def picky(leaf: Leaf, **settings) -> ssl.SSLContext:
    """Make a server with settings of its own."""
    context = leaf.server_context()
    for name, value in settings.items():
        setattr(context, name, value)
    return context


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("allow", [False, True])
def test_old_protocol_is_no_trust_failure(kind, allow, authority, policy):
    """A backend that offers nothing newer than TLS 1.1 is refused under switch 1 too, and it is not about trust."""
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context = picky(
            authority.issue(HOST), minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1
        )
    context.set_ciphers("ALL:@SECLEVEL=0")

    async def work(transports):
        caller = Caller(transports)
        async with backend([context]) as world:
            with pytest.raises((UpstreamTlsFault, UpstreamUnreachable)) as caught:
                await caller.dial(world.port, replace(policy, allow_untrusted=allow))
            return caught.value, caller.events

    fault, events = run_on(kind, work)

    assert events == []
    assert isinstance(fault, UpstreamUnreachable) or fault.reason in {"tls_version", "tls_alert"}


async def answer_once(listening: socket.socket, answer: bytes) -> None:
    """Take one connection, read what it begins with, answer and close."""
    loop = asyncio.get_running_loop()
    sock, _ = await loop.sock_accept(listening)
    with sock:
        await loop.sock_recv(sock, 65536)
        await loop.sock_sendall(sock, answer)
        sock.shutdown(socket.SHUT_WR)
        while await loop.sock_recv(sock, 65536):
            pass


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("alert", "reason", "error_type"),
    [
        (40, "tls_alert", "tls_alert_received"),
        (42, "tls_alert", "tls_alert_received"),
        (48, "tls_alert", "tls_alert_received"),
        (70, "tls_version", "tls_protocol_error"),
        (116, "tls_alert", "tls_alert_received"),
    ],
)
def test_received_alert_is_no_trust_failure(kind, alert, reason, error_type, policy):
    """An alert of the backend is named so, even one about certificates; protocol_version has a reason of its own."""

    async def work(transports):
        caller = Caller(transports)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.setblocking(False)
            record = bytes([21, 3, 3, 0, 2, 2, alert])
            task = asyncio.get_running_loop().create_task(answer_once(listening, record))
            with pytest.raises(UpstreamTlsFault) as caught:
                await caller.dial(listening.getsockname()[1], policy)
            await task
            return caught.value.reason, caught.value.error_type

    assert run_on(kind, work) == (reason, error_type)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("allow", [False, True])
def test_close_during_the_handshake(kind, allow, policy):
    """A backend that closes or resets in the handshake is unreachable, not untrusted."""

    async def slam(listening: socket.socket, resets: bool) -> None:
        loop = asyncio.get_running_loop()
        sock, _ = await loop.sock_accept(listening)
        await loop.sock_recv(sock, 1 if resets else 65536)
        sock.close()

    async def work(transports):
        caller = Caller(transports)
        found = []
        for resets in (False, True):
            with socket.create_server(("127.0.0.1", 0)) as listening:
                listening.setblocking(False)
                task = asyncio.get_running_loop().create_task(slam(listening, resets))
                with pytest.raises(UpstreamUnreachable) as caught:
                    await caller.dial(listening.getsockname()[1], replace(policy, allow_untrusted=allow))
                await task
                found.append((caught.value.error_type, caught.value.status))
        return found, caller.events

    assert run_on(kind, work) == ([("connection_terminated", 503)] * 2, [])


@pytest.mark.parametrize("kind", KINDS)
def test_silent_backend_is_bounded(kind, policy):
    """A backend that accepts and says nothing costs upstream_tls_handshake, not more."""

    async def work(transports):
        caller = Caller(transports)
        with socket.create_server(("127.0.0.1", 0)) as listening, pytest.raises(UpstreamUnreachable) as caught:
            await caller.dial(listening.getsockname()[1], policy, Timeouts(connect=5.0, upstream_tls_handshake=0.05))
        return caught.value.error_type, "upstream_tls_handshake" in str(caught.value)

    assert run_on(kind, work) == ("connection_timeout", True)


@pytest.mark.parametrize("kind", KINDS)
def test_refused_connection_names_server_and_address(kind, policy):
    """Nobody listens: the sentence names the server, what was dialled, and what to look at."""

    async def work(transports):
        caller = Caller(transports)
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            port = sock.getsockname()[1]
            with pytest.raises(UpstreamUnreachable) as caught:
                await caller.dial(port, policy)
        return port, caught.value

    port, fault = run_on(kind, work)

    assert fault.error_type == "connection_refused"
    assert all(part in str(fault) for part in (HOST, f"127.0.0.1:{port}", "is it running"))


@pytest.mark.parametrize("kind", KINDS)
def test_cancelled_dial_leaves_nothing_behind(kind, policy):
    """A dial that is given up in the handshake raises CancelledError and closes its socket."""

    async def work(transports):
        caller = Caller(transports)
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.setblocking(False)
            task = loop.create_task(caller.dial(listening.getsockname()[1], policy, Timeouts()))
            sock, _ = await loop.sock_accept(listening)
            await loop.sock_recv(sock, 1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            sock.close()

    run_on(kind, work)


@pytest.mark.parametrize("name", ["", ".example", "a b", "a\0b", "bücher.example"])
def test_impossible_name_is_a_fault_with_a_sentence(name, policy):
    """A tls_name that no certificate can bear is told as such, before anything is dialled."""

    async def work(transports):
        caller = Caller(transports)
        async with backend(None) as world:
            with pytest.raises(UpstreamUnreachable, match="tls_name") as caught:
                await caller.dial(world.port, policy, tls_name=name)
            return caught.value.error_type, world.accepted

    assert run_on("asyncio", work) == ("proxy_configuration_error", 0)


@pytest.mark.parametrize("kind", KINDS)
def test_many_dials_at_once_find_the_same(kind, authority, policy):
    """Forty dials at once to an untrusted server: each is told, one event is written, nothing was sent."""

    async def work(transports):
        caller = Caller(transports)
        async with backend([FAULTS["expired"].make(authority, HOST).server_context()]) as world:
            refused = await asyncio.gather(
                *(caller.dial(world.port, policy) for _ in range(40)), return_exceptions=True
            )
            allowed = await asyncio.gather(*(caller.dial(world.port, allowing(policy)) for _ in range(40)))
            kinds = {type(fault) for fault in refused}
            return kinds, {dialed.trusted for dialed in allowed}, len(caller.events), world.received

    assert run_on(kind, work) == ({UpstreamNotTrusted}, {False}, 1, b"")


@pytest.mark.parametrize("kind", KINDS)
def test_a_burst_on_a_stranger_is_no_storm(kind, authority, policy):
    """Switch 0: of 200 dials at once to a server nobody knows yet, one goes ahead; a refusal costs two handshakes."""

    async def work(transports):
        caller = Caller(transports)
        async with backend([FAULTS["expired"].make(authority, HOST).server_context()]) as world:
            await asyncio.gather(*(caller.dial(world.port, policy) for _ in range(200)), return_exceptions=True)
            return world.accepted, len(caller.refused)

    assert run_on(kind, work) == (2, 1)


def test_a_burst_on_a_server_that_turned_bad_fetches_its_chain_once(authority, policy):
    """Switch 0: what was trusted is dialled side by side; the refusals share one look at the chain."""

    async def work(transports):
        caller = Caller(transports)
        contexts = [authority.issue(HOST).server_context()]
        async with backend(contexts) as world:
            await caller.dial(world.port, policy)
            contexts.append(FAULTS["expired"].make(authority, HOST).server_context())
            await asyncio.gather(*(caller.dial(world.port, policy) for _ in range(20)), return_exceptions=True)
            return world.accepted, len(caller.refused), caller.trusted

    accepted, refused, trusted = run_on("uvloop", work)

    assert (refused, trusted) == (1, 1)
    assert accepted <= 1 + 20 + 1


def test_a_burst_on_a_trusted_server_goes_ahead_together(authority, policy):
    """Switch 0: after the first handshake nobody waits for anybody."""

    async def work(transports):
        caller = Caller(transports)
        async with backend([authority.issue(HOST).server_context()]) as world:
            dialed = await asyncio.gather(*(caller.dial(world.port, policy) for _ in range(20)))
            return {each.trusted for each in dialed}, world.accepted

    assert run_on("uvloop", work) == ({True}, 20)


def test_a_scout_that_is_not_refused_lets_the_others_try(policy):
    """Switch 0: a server that cannot be reached is each dial's own finding, as ever."""

    async def work(transports):
        caller = Caller(transports)
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            port = sock.getsockname()[1]
            faults = await asyncio.gather(*(caller.dial(port, policy) for _ in range(5)), return_exceptions=True)
        return [type(fault) for fault in faults]

    assert run_on("uvloop", work) == [UpstreamUnreachable] * 5


def test_what_was_learnt_can_be_forgotten(authority, policy):
    """Switch 1: a server whose trust changed is verified at once, not after the holding time."""

    async def work(transports):
        caller = Caller(transports)
        contexts = [FAULTS["expired"].make(authority, HOST).server_context()]
        async with backend(contexts) as world:
            await caller.dial(world.port, allowing(policy))
            before = world.accepted
            caller.dialer.forget(server_at(world.port), allowing(policy), trusted=False)
            await caller.dial(world.port, allowing(policy))
            return before, world.accepted

    assert run_on("uvloop", work) == (2, 4)


@pytest.mark.parametrize(("trusted", "works"), [(True, True), (False, False)])
def test_a_refusal_is_forgotten_when_the_server_is_trusted_again(trusted, works, authority, policy):
    """Switch 0: whoever looked and found it mended need not wait for the second to be over."""

    async def work(transports):
        caller = Caller(transports)
        contexts = [FAULTS["expired"].make(authority, HOST).server_context()]
        async with backend(contexts) as world:
            with pytest.raises(UpstreamNotTrusted):
                await caller.dial(world.port, policy)
            contexts.append(authority.issue(HOST).server_context())
            caller.dialer.forget(server_at(world.port), policy, trusted=trusted)
            try:
                return (await caller.dial(world.port, policy)).trusted
            except UpstreamNotTrusted:
                return False

    assert run_on("uvloop", work) is works


def test_a_chain_that_cannot_be_fetched_hides_no_refusal(policy):
    """Switch 0: a server that closes on the second handshake is refused with its code, and the verdict says so."""

    async def work(transports):
        caller = Caller(transports)
        async with backend(
            [FAULTS["self-signed"].make(Authority.create("x"), HOST).server_context()], once=True
        ) as world:
            with pytest.raises(UpstreamNotTrusted) as caught:
                await caller.dial(world.port, policy)
            return caught.value

    error = run_on("uvloop", work)

    assert (error.code, error.verdict.presented, error.verdict.reason) == (18, (), "self_signed")

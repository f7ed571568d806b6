"""Checks from settings to standings: real servers over TLS, real time but for the clock of the checks."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from proxy.certkit.authority import Authority
from proxy.certkit.faults import FAULTS
from proxy.health.servers import ServerHealth
from proxy.health.standing import Turn
from proxy.model.health import HealthRules
from proxy.model.sites import CaMode, Server, Site, Topology, TrustPolicy
from proxy.service.checking import checks_of, make_checks
from proxy.service.transports import LoopTransports
from proxy.upstream.attempt import Attempts
from proxy.upstream.dial import Watch
from proxy.upstream.probe import Prober
from proxy.upstream.tls import TlsContexts
from tests.fakes import make_server, make_site
from tests.loopback import backend, until

HOST = "cas02.branch.test"
RULES = HealthRules(path="/owa/", interval=10.0, timeout=2.0, fall=2, rise=2)
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
BAD = b"HTTP/1.1 500 Sorry\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Make the authority that policies trust."""
    return Authority.create("Branch Root")


class Scene:
    """One server on loopback whose health follows from its checks."""

    def __init__(self, port: int, policy: TrustPolicy) -> None:
        self.turns: list[Turn] = []
        self.checked = 0
        self.now = 0.0
        self.trust: list[str] = []
        self.health = ServerHealth(self.turns.append)
        server = make_server(connect_port=port)
        site = replace(make_site(policy=policy, health=RULES), servers=(server,))
        self.health.arrange([(site.servers, RULES)], 0.0)
        attempts = Attempts(TlsContexts(), LoopTransports(asyncio.get_running_loop()))
        prober = Prober(attempts, lambda: datetime.now(UTC))
        watch = Watch(refused=lambda *_: self.trust.append("refused"), trusted=lambda *_: self.trust.append("trusted"))
        self.checks = make_checks(attempts, prober, lambda: self.now, "CAS01", tell=self.tell, watch=watch)
        self.checks.watch(checks_of(Topology(first_server="CAS01", sites=(site,))))

    def tell(self, server: Server, policy: TrustPolicy, ok: bool, why: str) -> None:
        """Pass a finding on."""
        self.health.note_check(server, policy, ok, why, self.now)
        self.checked += 1

    async def check(self, count: int = 1) -> None:
        """Let so many checks be made, one after the other."""
        end = self.checked + count
        while self.checked < end:
            before, self.now = self.checked, self.now + 20.0
            await until(lambda before=before: self._tick() > before, "no check was made")

    def _tick(self) -> int:
        """Let the clock tick; gives the checks that have been made."""
        self.checks.tick(self.now)
        return self.checked

    @property
    def state(self) -> tuple[str, str]:
        """State of the server, and what is wrong with it."""
        (facts,) = self.health.standings(self.now)
        return facts.state, facts.why


def policy_in(folder, authority: Authority) -> TrustPolicy:
    """Make switch 0 with the authority as the only anchor."""
    (folder / "root.pem").write_bytes(authority.certificate_pem)
    return TrustPolicy(allow_untrusted=False, ca_files=(str(folder / "root.pem"),), ca_mode=CaMode.ONLY)


async def test_a_server_falls_and_rises_by_what_it_answers(authority, tmp_path):
    """After two bad answers it is down, after two good ones it is up."""
    says, states = bytearray(), []
    async with backend([authority.issue(HOST).server_context()], says) as world:
        scene = Scene(world.port, policy_in(tmp_path, authority))
        for answer in (GOOD, BAD, BAD, GOOD, GOOD):
            says[:] = answer
            await scene.check()
            states.append(scene.state)
        await scene.checks.close()

    wrong = "cas02.branch.test answered 500 to GET /owa/ (health.expect)."
    assert states == [("up", ""), ("up", wrong), ("down", wrong), ("down", wrong), ("up", "")]
    assert [(turn.is_up, turn.why) for turn in scene.turns] == [(False, wrong), (True, "")]
    assert set(scene.trust) == {"trusted"}


async def test_a_server_that_is_not_trusted_is_not_down(authority, tmp_path):
    """However often it is asked: it hears nothing, trust is told to who watches it, and health shows why."""
    leaf = FAULTS["self-signed"].make(authority, HOST)
    async with backend([leaf.server_context()], GOOD) as world:
        scene = Scene(world.port, policy_in(tmp_path, authority))
        await scene.check(3)
        await scene.checks.close()

    state, why = scene.state
    assert (state, world.received, scene.turns, set(scene.trust)) == ("up", b"", [], {"refused"})
    assert why.startswith("The certificate of cas02.branch.test was refused: ")


def test_every_server_of_every_site_is_listed():
    """With its site's policy, times and rules; nothing is sent to an InternalURL that is http."""
    plain = replace(make_server(3), url="http://cas03.branch.test/owa")
    one = make_site(health=RULES)
    other = Site(name="HQ", servers=(make_server(4), plain))
    checks = checks_of(Topology(first_server="CAS01", sites=(one, other)))

    assert [(check.server, check.rules) for check in checks] == [
        (one.servers[0], RULES),
        (other.servers[0], HealthRules()),
    ]
    assert checks[0].policy is one.policy
    assert checks[0].timeouts is one.timeouts

"""Where a request begins: at the session's server, at the client's, in turn, or where the load is least."""

import pytest

from proxy.errors import UpstreamUnreachable
from proxy.routing.passage import Passage, Ring
from tests.fakes import FakeGate, World, make_site

GET = b"GET /owa/ HTTP/1.1\r\nHost: mail.example\r\n\r\n"
DOWN = UpstreamUnreachable("Branch", "cas02.branch.test", "It does not answer.")


def balanced(balance: str = "ring", affinity: str = "session", servers: int = 3) -> World:
    """Make a site that spreads its requests so."""
    return World(make_site(servers, balance=balance, affinity=affinity), gate=FakeGate())


def ask(world: World, ring: Ring | None = None, peer: bytes = b"192.0.2.7") -> int:
    """Send a request of a session, or of nobody; gives the server that it goes to first."""
    passage = Passage(world.equipment.router.decide_in("Branch", b"/owa/"), ring=ring)
    world.gate.outcome = passage
    exchange, browser = world.exchange()
    browser.peer = peer
    exchange.prepare(GET, world.memory)
    exchange.start(b"", ended=True)
    return next(at for at, pool in enumerate(world.pools) if exchange in pool.waiting)


def lose(world: World, number: int) -> None:
    """Let a server go down."""
    world.health.note_failure(world.equipment.destinations["Branch"][number], "It is gone.", world.ticks.now)


def come_back(world: World, number: int) -> None:
    """Let it come back."""
    world.health.note_success(world.equipment.destinations["Branch"][number], world.ticks.now)


@pytest.mark.parametrize("affinity", ["session", "none"])
def test_a_ring_begins_with_the_first(affinity):
    """The others are in reserve, with a session or without."""
    world = balanced(affinity=affinity)

    assert [ask(world, ring) for ring in (None, Ring(), Ring(5), None)] == [0, 0, 0, 0]


@pytest.mark.parametrize("balance", ["ring", "round_robin", "least_connections"])
def test_a_session_stays_where_it_is(balance):
    """Whatever the others do; when its server goes down it moves, and stays there when that is back."""
    world, ring = balanced(balance), Ring(3)
    first = ask(world, ring)
    for number in range(20):
        ask(world, Ring(number))
    still = ask(world, ring)
    lose(world, first)
    moved = ask(world, ring)
    come_back(world, first)

    assert (first, still, moved != first, ask(world, ring)) == (0, 0, True, moved)


def test_a_session_moves_with_the_request_that_failed():
    """The next one does not find out anew."""
    world, ring = balanced("round_robin"), Ring(1)
    ask(world, ring)
    exchange = world.pools[1].waiting[0]
    exchange.on_no_connection(DOWN)

    assert (exchange in world.pools[2].waiting, ask(world, ring)) == (True, 2)


def test_sessions_are_spread_by_their_number():
    """Which every worker knows, and this one after a restart."""
    one, other = (
        [ask(world, Ring(seed)) for seed in range(6)] for world in (balanced("round_robin"), balanced("round_robin"))
    )

    assert one == other == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("affinity", ["session", "none"])
def test_requests_without_a_session_take_turns(affinity):
    """Where nobody signs in there is no session to keep."""
    world = balanced("round_robin", affinity)

    assert [ask(world) for _ in range(6)] == [0, 1, 2, 0, 1, 2]


def test_without_affinity_a_session_is_nothing():
    """Each request takes its turn."""
    world, ring = balanced("round_robin", "none"), Ring()

    assert [ask(world, ring) for _ in range(3)] == [0, 1, 2]
    assert not ring.is_placed


def test_sites_take_their_turns_apart():
    """Two sites that are asked by turns still use all of their servers."""
    health = balanced().health

    assert [health.take_turn(site) for site in ("HQ", "Branch", "HQ", "Branch")] == [0, 0, 1, 1]


def test_a_client_comes_to_the_same_server():
    """All its connections do, and so do they in every worker; another one goes while that is down."""
    world, again = balanced("round_robin", "client"), balanced("round_robin", "client")
    clients = [b"192.0.2.%d" % number for number in range(60)]
    before = [ask(world, peer=client) for client in clients]
    lose(world, 1)
    meanwhile = [ask(world, peer=client) for client in clients]
    come_back(world, 1)

    assert set(before) == {0, 1, 2}
    assert [ask(again, peer=client) for client in clients] == before
    assert {other for one, other in zip(before, meanwhile, strict=True) if one == 1} == {0, 2}
    assert [one for one, other in zip(before, meanwhile, strict=True) if one not in (other, 1)] == []
    assert [ask(world, peer=client) for client in clients] == before


def test_the_least_busy_server_is_begun_with():
    """Those that wait for a connection count as well as those on one."""
    world = balanced("least_connections", "none")
    world.pools[0].busy, world.pools[1].busy, world.pools[2].busy = 3, 1, 2

    assert [ask(world) for _ in range(4)] == [1, 1, 2, 0]


def test_a_session_begins_at_the_least_busy_server():
    """And stays there although others become less busy."""
    world, ring = balanced("least_connections", servers=2), Ring()
    world.pools[0].busy = 4
    begun = ask(world, ring)
    world.pools[1].busy = 9

    assert (begun, ask(world, ring), ask(world, Ring())) == (1, 1, 0)

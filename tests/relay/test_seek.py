"""Which server is asked next, and when no other may be."""

import pytest

from proxy.errors import UpstreamBusy, UpstreamNotTrusted, UpstreamUnreachable
from proxy.health.servers import LAST_FAILURES, LAST_RESORT_SECONDS
from proxy.model.health import HealthRules
from proxy.routing.passage import Passage, Ring
from tests.fakes import FakeGate, World, make_site

GET = b"GET /owa/ HTTP/1.1\r\nHost: mail.example\r\n\r\n"
POST = b"POST /owa/ HTTP/1.1\r\nHost: mail.example\r\nContent-Length: 0\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
DOWN = UpstreamUnreachable("Branch", "cas02.branch.test", "It does not answer.")


def failing(status: int) -> bytes:
    """Make an answer that says that the server cannot serve."""
    return b"HTTP/1.1 %d Sorry\r\nContent-Length: 2\r\n\r\nno" % status


def numbers(world: World) -> list[int]:
    """Give the events' numbers."""
    return [event.id for event in world.events]


@pytest.mark.parametrize("status", [502, 503])
def test_a_server_that_cannot_serve_is_passed_over(status):
    """A safe request goes to the next one, event 39 says why, and the browser never sees the first answer."""
    world = World(make_site(2))
    first, second = world.offer(pool=0), world.offer(pool=1)
    _, browser = world.request(GET)
    first.data_received(failing(status))
    second.data_received(OK)

    assert (browser.status, numbers(world)) == (200, [39])
    assert b"no" not in browser.written
    assert world.events[0].parameters == ("CAS01", "cas02.branch.test", "cas03.branch.test", "destination_unavailable")


def test_the_last_servers_answer_is_passed_on():
    """As it came, with event 40: it may say when to come back."""
    world = World(make_site(2))
    connections = [world.offer(pool=number) for number in (0, 1)]
    _, browser = world.request(GET)
    for connection in connections:
        connection.data_received(failing(503))

    assert (browser.status, numbers(world)) == (503, [39, 40])
    assert browser.written.endswith(b"no")


def test_a_request_that_may_have_acted_is_not_repeated():
    """A POST that reached a server is answered by it, whatever it says."""
    world = World(make_site(2))
    first = world.offer(pool=0)
    _, browser = world.request(POST)
    first.data_received(failing(503))

    assert (browser.status, numbers(world)) == (503, [40])


@pytest.mark.parametrize("status", [500, 504, 403])
def test_other_answers_are_the_servers_own(status):
    """They say something about the request, not about the server."""
    world = World(make_site(2))
    first = world.offer(pool=0)
    _, browser = world.request(GET)
    first.data_received(failing(status))

    assert (browser.status, numbers(world)) == (status, [])


def test_a_sites_only_server_is_not_doubted():
    """Its 503 is its own; there is nobody else."""
    world = World()
    connection = world.offer()
    _, browser = world.request(GET)
    connection.data_received(failing(503))

    assert (browser.status, numbers(world)) == (503, [])


def test_a_server_that_closes_without_an_answer_is_passed_over():
    """A safe request, never answered: the next server gets it."""
    world = World(make_site(2))
    first, second = world.offer(pool=0), world.offer(pool=1)
    _, browser = world.request(GET)
    first.transport.lose()
    second.data_received(OK)

    assert (browser.status, numbers(world)) == (200, [39])


def test_a_server_that_could_not_be_reached_is_tried_last_for_a_while():
    """Not every request pays the connect time-out; afterwards it has its turn again."""
    world = World(make_site(2))
    exchange, _ = world.request(GET)
    exchange.on_no_connection(DOWN)
    later, _ = world.request(GET)
    world.ticks.now += HealthRules().hold
    latest, _ = world.request(GET)

    assert world.pools[0].waiting == [exchange, latest]
    assert world.pools[1].waiting == [exchange, later]


def test_a_server_that_can_be_reached_again_has_its_turn_at_once():
    """Tried last, it answered: nobody holds that against it any longer."""
    world = World(make_site(2))
    exchange, _ = world.request(GET)
    exchange.on_no_connection(DOWN)
    later, _ = world.request(GET)
    later.on_no_connection(DOWN)
    connection = world.offer(pool=0)
    later.on_connection(world.pools[0].idle.pop())
    latest, _ = world.request(GET)

    assert connection.transport.written
    assert world.pools[0].waiting == [exchange, later, latest]


def test_a_session_stays_with_the_server_that_answered():
    """A failure moves the whole session on; the next request begins where it is now."""
    world = World(make_site(2), gate=FakeGate())
    ring = Ring()
    world.gate.outcome = Passage(world.equipment.router.decide_in("Branch", b"/owa/"), ring=ring)
    exchange, _ = world.request(GET)
    exchange.on_no_connection(DOWN)
    world.ticks.now += HealthRules().hold
    later, _ = world.request(GET)

    assert ring.head == 1
    assert world.pools[1].waiting == [exchange, later]


def test_each_server_is_tried_once():
    """After the last there is no first again."""
    world = World(make_site(3))
    exchange, browser = world.request(GET)
    for _ in range(3):
        exchange.on_no_connection(DOWN)

    assert [len(pool.waiting) for pool in world.pools] == [1, 1, 1]
    assert (browser.status, numbers(world)) == (503, [39, 39, 40])


# ── no server works ──────────────────────────────────────────────────────────────────────────────


def break_down(world: World) -> None:
    """Let every server of the site go down, the last one by as many failures as that takes."""
    for _ in range(LAST_FAILURES):
        exchange, _ = world.request(GET)
        for _ in world.pools:
            exchange.on_no_connection(DOWN)


@pytest.mark.parametrize("servers", [1, 2])
def test_without_a_server_that_works_nobody_waits(servers):
    """503 at once, with the time to come again, an event that names the site, and nothing is dialled."""
    world = World(make_site(servers), detail=True)
    break_down(world)
    dials = [len(pool.waiting) for pool in world.pools]
    world.events.clear()
    exchange, browser = world.request(POST)
    (event,) = world.events

    assert (browser.status, [len(pool.waiting) for pool in world.pools]) == (503, dials)
    assert b"\r\nRetry-After: 1\r\n" in browser.written
    assert b"Proxy-Status: CAS01; error=destination_unavailable\r\n" in browser.written
    assert (event.id, event.parameters, event.site, event.server) == (1049, ("CAS01", "Branch"), "Branch", "")
    assert event.request_id == exchange.request_id.decode()
    assert world.access[-1].way.site == "Branch"


def test_without_a_server_that_works_one_request_tries():
    """After a second, any one; it brings the server back for all, even by a connection that had rested."""
    world = World()
    break_down(world)
    world.ticks.now += LAST_RESORT_SECONDS
    connection = world.offer()
    _, first = world.request(GET)
    connection.data_received(OK)
    later, _ = world.request(GET)

    assert (first.status, world.pools[0].waiting[-1]) == (200, later)
    assert [turn.is_up for turn in world.turns] == [False, True]


def test_only_one_request_tries():
    """The others are told to come again until it knows."""
    world = World()
    break_down(world)
    world.ticks.now += LAST_RESORT_SECONDS
    trial, _ = world.request(GET)
    _, other = world.request(GET)
    trial.leave()
    another, _ = world.request(GET)

    assert other.status == 503
    assert world.pools[0].waiting[-2:] == [trial, another]


def test_a_server_that_is_not_trusted_is_not_down():
    """It is there: whoever asks next gets its 43, and no word of an outage."""
    world = World()
    break_down(world)
    world.ticks.now += LAST_RESORT_SECONDS
    trial, _ = world.request(GET)
    refusal = UpstreamNotTrusted("Branch", "cas02.branch.test", code=18, text="self-signed certificate")
    trial.on_no_connection(refusal)
    later, browser = world.request(GET)
    later.on_no_connection(refusal)

    assert (browser.status, numbers(world)[-2:]) == (502, [43, 43])
    assert [turn.is_up for turn in world.turns] == [False, True]


def test_a_server_that_is_busy_is_neither():
    """All its connections are taken: that says nothing about whether it can be reached."""
    world = World()
    break_down(world)
    world.ticks.now += LAST_RESORT_SECONDS
    trial, _ = world.request(GET)
    trial.on_no_connection(UpstreamBusy("Branch", "cas02.branch.test", "All are in use."))
    another, _ = world.request(GET)

    assert world.pools[0].waiting[-1] is another
    assert [turn.is_up for turn in world.turns] == [False]

"""The life of a request: what the backend hears, what the browser gets, and what happens when either goes wrong."""

from dataclasses import replace

import pytest

from proxy.errors import UpstreamNotTrusted, UpstreamUnreachable
from proxy.message.memory import RequestMemory
from proxy.model.limits import Limits, Timeouts
from proxy.model.message import CHUNKED, LENGTH, NONE, Framing
from proxy.model.sites import TrustPolicy
from proxy.relay.exchange import NEVER, Exchange
from proxy.relay.state import ANSWERING, ASKED, OVER, SEEKING
from tests.fakes import NOW, FakePool, World, connected, head, make_site

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BEGUN = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
POST = head("POST", "/owa/", "Content-Length: 5")
CHUNKED_POST = head("POST", "/owa/", "Transfer-Encoding: chunked")
UPGRADE = head("GET", "/owa/", "Connection: Upgrade", "Upgrade: websocket")
DOWN = UpstreamUnreachable("Branch", "cas02.branch.test", "It does not answer.")


def small(body_bytes: int) -> World:
    """Make a world whose site takes small bodies only."""
    return World(make_site(limits=Limits(body_bytes=body_bytes)))


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("raw", "framing"),
    [(head(), Framing(NONE, 0)), (POST, Framing(LENGTH, 5)), (CHUNKED_POST, Framing(CHUNKED, 0))],
)
def test_prepare_tells_how_the_body_is_framed(raw, framing):
    """The front reads the body by it; without one the request has ended."""
    exchange, _ = World().exchange()

    assert exchange.prepare(raw, RequestMemory()) == framing
    assert exchange.request_ended is (framing.kind is NONE)


def test_a_head_that_repeats_is_read_the_same():
    """The connection's memory changes nothing about what is sent."""
    world, memory, sent = World(), RequestMemory(), []
    for target in ("/owa/a", "/owa/b"):
        connection = world.offer()
        exchange, _ = world.exchange()
        exchange.prepare(head("GET", target, "Accept: */*"), memory)
        exchange.start(b"", ended=True)
        sent.append(connection.transport.written)

    assert sent[1] == sent[0].replace(b"/owa/a", b"/owa/b")


def test_what_is_remembered_does_not_outlive_a_reload():
    """A head that was written under other settings is written anew: `preserve_host` holds for the next request."""
    world, memory, sent = World(), RequestMemory(), []
    for preserve_host in (False, True):
        world.equipment = world.equip(replace(world.site, preserve_host=preserve_host), world.pools)
        connection = world.offer()
        exchange, _ = world.exchange()
        exchange.prepare(head(), memory)
        exchange.start(b"", ended=True)
        sent.append(connection.transport.written)

    assert [b"\r\nHost: mail.test\r\n" in each for each in sent] == [False, True]


def test_the_backends_host_is_sent_unless_the_browsers_is_preserved():
    """`preserve_host` chooses which `Host` goes out."""
    hosts = []
    for preserve_host in (False, True):
        world = World(make_site(preserve_host=preserve_host))
        connection = world.offer()
        world.request(head())
        hosts.append([line for line in connection.transport.written.split(b"\r\n") if line.startswith(b"Host:")])

    assert hosts == [[b"Host: cas02.branch.test"], [b"Host: mail.test"]]


@pytest.mark.parametrize(("trusted", "word"), [(True, b"trusted"), (False, b"allowed")])
def test_the_backend_and_the_log_learn_whether_it_is_trusted(trusted, word):
    """`X-CASProxy-Trust` says so, and so does the access line."""
    world = World()
    connection = world.offer(trusted=trusted)
    world.request(head())
    connection.data_received(OK)

    assert b"\r\nX-CASProxy-Trust: " + word + b"\r\n" in connection.transport.written
    assert world.access[0].trust == word.decode()


@pytest.mark.parametrize(
    ("peer_trusted", "given", "used"),
    [
        (True, "from-outside", b"from-outside"),
        (False, "from-outside", b"0123456789abcdef"),
        (True, "with space", b"0123456789abcdef"),
        (True, "x\xe9", b"0123456789abcdef"),
        (True, "", b"0123456789abcdef"),
    ],
)
def test_a_request_id_is_taken_from_trusted_peers_only(peer_trusted, given, used):
    """And only one that may stand in a field of ours; what cannot is replaced, it never breaks the request."""
    world = World()
    connection = world.offer()
    exchange, browser = world.exchange()
    browser.peer_trusted = peer_trusted
    exchange.prepare(head("GET", "/", f"X-Request-Id: {given}").decode().encode("latin-1"), RequestMemory())
    exchange.start(b"", ended=True)
    connection.data_received(OK)

    for bytes_sent in (connection.transport.written, browser.written):
        assert b"\r\nX-Request-Id: " + used + b"\r\n" in bytes_sent
    assert world.access[0].request_id == used


# ── asking and being answered ────────────────────────────────────────────────────────────────────


def test_a_request_is_asked_and_answered_on_an_idle_connection():
    """One head out, one answer back, the connection returned, one access line, no event."""
    world = World()
    connection = world.offer()
    exchange, browser = world.request(head())
    sent = connection.transport.written
    connection.data_received(OK)

    assert sent.startswith(b"GET /owa/ HTTP/1.1\r\nHost: cas02.branch.test\r\n")
    assert browser.status == 200
    assert browser.written.endswith(b"\r\n\r\nok")
    assert (browser.calls, world.pools[0].returned) == (["keep"], [connection])
    assert [(entry.status, entry.bytes_out, entry.way.server) for entry in world.access] == [
        (200, 2, "cas02.branch.test")
    ]
    assert (world.events, exchange.phase) == ([], OVER)


def test_without_an_idle_connection_it_waits_for_one():
    """The deadline is the dial's meanwhile; the request goes out as soon as there is a connection."""
    world = World()
    exchange, browser = world.request(head())
    waiting = (exchange.phase, browser.deadline, world.pools[0].waiting)
    connection = connected()
    exchange.on_connection(connection)

    assert waiting == (SEEKING, NEVER, [exchange])
    assert connection.transport.written.startswith(b"GET ")
    assert (exchange.phase, browser.deadline) == (ASKED, NOW + Timeouts().response_head)
    assert browser.calls == []


@pytest.mark.parametrize(
    ("raw", "first", "then", "body"),
    [
        (POST, b"hel", b"lo", b"hello"),
        (CHUNKED_POST, b"hel", b"lo", b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"),
        (CHUNKED_POST, b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n"),
        (CHUNKED_POST, b"hello", b"", b"5\r\nhello\r\n0\r\n\r\n"),
    ],
)
@pytest.mark.parametrize("waits", [False, True])
def test_a_body_goes_out_as_it_was_framed(raw, first, then, body, waits):
    """By length or in chunks, whether the connection is there before it or after."""
    world = World()
    connection = connected() if waits else world.offer()
    exchange, _ = world.request(raw, first, ended=False)
    exchange.send_body(then, ended=True)
    if waits:
        exchange.on_connection(connection)

    sent_head, _, sent_body = connection.transport.written.partition(b"\r\n\r\n")
    assert sent_body == body
    assert exchange.bytes_in == 5
    assert (b"Transfer-Encoding: chunked" in sent_head) is (raw is CHUNKED_POST)


def test_an_empty_chunked_body_is_an_empty_chunked_body():
    """A request that ends with its head's read still sends its last chunk."""
    world = World()
    connection = world.offer()
    world.request(CHUNKED_POST, b"", ended=True)

    assert connection.transport.written.endswith(b"\r\n\r\n0\r\n\r\n")


def test_nothing_more_is_read_while_there_is_no_connection():
    """The rest of a body waits at the browser until there is somebody to take it."""
    world = World()
    exchange, browser = world.request(POST, b"he", ended=False)
    before = list(browser.calls)
    exchange.on_connection(connected())

    assert (before, browser.calls) == (["hold"], ["hold", "release"])


def test_a_backend_that_is_slow_at_once_is_not_flooded():
    """When the first bytes fill the backend's buffer, the browser stays held until it has emptied."""
    world = World()
    exchange, browser = world.request(CHUNKED_POST, b"x" * 5000, ended=False)
    connection = connected()
    connection.transport.high_water = 1000
    exchange.on_connection(connection)
    held = [call for call in browser.calls if call in ("hold", "release")][-1]
    connection.resume_writing()

    assert (held, browser.calls[-1]) == ("hold", "release")


def test_back_pressure_holds_the_browser_once():
    """Each pause has its release; both mean progress or none."""
    world = World()
    connection = world.offer()
    exchange, browser = world.request(POST, b"he", ended=False)
    connection.pause_writing()
    connection.pause_writing()
    world.ticks.now += 1
    connection.resume_writing()
    connection.resume_writing()

    assert browser.calls == ["hold", "release"]
    assert exchange.progress == NOW + 1


def test_more_of_the_body_puts_the_deadline_off():
    """While the request arrives `body_progress` counts, after its end `response_head`."""
    world = World()
    world.offer()
    exchange, browser = world.request(POST, b"he", ended=False)
    deadlines = [browser.deadline]
    world.ticks.now += 10
    exchange.send_body(b"l", ended=False)
    deadlines.append(browser.deadline)
    exchange.send_body(b"lo", ended=True)
    deadlines.append(browser.deadline)

    times = Timeouts()
    assert deadlines == [NOW + times.body_progress, NOW + 10 + times.body_progress, NOW + 10 + times.response_head]


def test_a_request_that_nobody_relays_any_more_takes_no_bytes():
    """Body bytes after the end go nowhere."""
    world = World()
    connection = world.offer()
    exchange, _ = world.request(POST, b"he", ended=False)
    exchange.leave()
    connection.transport.take()
    exchange.send_body(b"llo", ended=True)
    exchange.send_tunnel(b"x")

    assert connection.transport.written == b""


# ── limits of the body ───────────────────────────────────────────────────────────────────────────


def test_a_body_announced_too_large_is_413_before_anything_is_sent():
    """No connection is taken, and the browser's is closed."""
    world = small(4)
    connection = world.offer()
    _, browser = world.request(POST)

    assert (browser.status, browser.calls, world.pools[0].idle) == (413, ["close"], [connection])


@pytest.mark.parametrize("first", [b"hello", b""])
def test_chunks_that_grow_too_large_are_413(first):
    """At the first byte or midway: the backend's connection is cut, so that it never takes the part for the whole."""
    world = small(4)
    connection = world.offer()
    exchange, browser = world.request(CHUNKED_POST, first, ended=False)
    if not first:
        exchange.send_body(b"hell", ended=False)
        exchange.send_body(b"o", ended=False)

    assert (browser.status, browser.calls[-1], exchange.phase) == (413, "close", OVER)
    assert connection.transport.is_aborted is (not first)
    assert b"0\r\n\r\n" not in connection.transport.written


def test_zero_lifts_the_limit():
    """`body_bytes = 0` takes everything."""
    world = small(0)
    world.offer()
    exchange, _ = world.request(CHUNKED_POST, b"x" * 100_000, ended=True)

    assert exchange.phase is ASKED


# ── asking once more ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_safe_request_on_a_dead_pooled_connection_is_asked_again_once(method):
    """On a connection that is dialled, not leased; when that one breaks too, it is 502."""
    world = World()
    stale, other = world.offer(asked=1), world.offer(asked=1)
    world.pools[0].idle.reverse()
    exchange, browser = world.request(head(method))
    first = stale.transport
    first.lose()
    waited = list(world.pools[0].waiting)
    again = connected()
    again.asked, again.trusted = 1, True
    second = again.transport
    exchange.on_connection(again)
    second.lose()

    assert waited == [exchange]
    assert other.transport.written == b""
    assert first.written == second.written != b""
    assert (browser.status, browser.calls) == (502, ["keep"])


@pytest.mark.parametrize(
    ("raw", "asked", "sent"),
    [
        (head("POST", "/", "Content-Length: 0"), 1, b""),
        (head("PUT", "/"), 1, b""),
        (head("DELETE", "/"), 1, b""),
        (head("GET", "/", "Content-Length: 2"), 1, b""),
        (head("GET", "/"), 0, b""),
        (head("GET", "/"), 1, b"H"),
        (head("GET", "/"), 1, b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["POST", "PUT", "DELETE", "body", "fresh connection", "one byte", "interim answer"],
)
def test_nothing_else_is_asked_again(raw, asked, sent):
    """Unsafe, with a body, on a fresh connection, or after a byte of an answer: the backend may have acted."""
    world = World()
    connection = world.offer(asked=asked)
    _, browser = world.request(raw, b"", ended=True)
    if sent:
        connection.data_received(sent)
    connection.transport.lose()

    assert (browser.status, world.pools[0].waiting) == (502, [])
    assert [event.id for event in world.events] == [1003]


# ── another server ───────────────────────────────────────────────────────────────────────────────


def test_the_next_server_is_tried_when_one_cannot_be_reached():
    """Event 39 names both; the request goes to the next one, which may have an idle connection."""
    world = World(make_site(2))
    exchange, browser = world.request(head())
    second = world.offer(pool=1)
    exchange.on_no_connection(DOWN)
    second.data_received(OK)

    assert b"Host: cas03.branch.test\r\n" in second.transport.written
    assert browser.status == 200
    assert [(event.id, event.parameters) for event in world.events] == [
        (39, ("CAS01", "cas02.branch.test", "cas03.branch.test", "connection_refused"))
    ]


def test_when_the_last_server_fails_it_is_503():
    """Event 40 ends the attempts; the page says when to come back."""
    world = World(make_site(2))
    exchange, browser = world.request(head())
    exchange.on_no_connection(DOWN)
    exchange.on_no_connection(DOWN)

    assert [event.id for event in world.events] == [39, 40]
    assert world.events[1].parameters == ("CAS01", "cas03.branch.test", "connection_refused")
    assert browser.status == 503
    assert b"\r\nRetry-After: 5\r\n" in browser.written


def test_no_other_server_is_tried_over_trust():
    """A refused certificate is 502 and event 43 at once."""
    world = World(make_site(2))
    exchange, browser = world.request(head())
    exchange.on_no_connection(UpstreamNotTrusted("Branch", "cas02.branch.test", code=18, text="self-signed"))

    assert ([event.id for event in world.events], browser.status) == ([43], 502)
    assert world.pools[1].waiting == []


# ── a policy that changes meanwhile ──────────────────────────────────────────────────────────────


def changed(world: World, **changes: object) -> FakePool:
    """Put another policy in force; gives its pool."""
    site = replace(world.site, policy=TrustPolicy(generation=1, **changes))
    pool = FakePool(site.policy)
    world.equipment = world.equip(site, [pool])
    return pool


def test_a_changed_policy_is_asked_anew():
    """A request that waits goes to the new policy's pool."""
    world = World()
    exchange, browser = world.request(head())
    pool = changed(world)
    browser.equipment = world.equipment
    exchange.on_policy_changed()

    assert pool.waiting == [exchange]


def test_what_is_refused_after_a_change_is_refused_under_the_new_policy():
    """The event names the policy that refused, not the one the request began under."""
    world = World()
    exchange, browser = world.request(head())
    changed(world, allow_untrusted=False, source="sites.Branch.trust")
    browser.equipment = world.equipment
    exchange.on_policy_changed()
    exchange.on_no_connection(UpstreamNotTrusted("Branch", "cas02.branch.test", code=18, text="self-signed"))

    event = world.events[0]
    assert (event.id, event.policy, event.policy_source, event.generation) == (43, "enforce", "sites.Branch.trust", 1)


def test_a_site_that_is_gone_is_refused():
    """A request for a site that the reload took away goes nowhere."""
    world = World()
    exchange, browser = world.request(head())
    browser.equipment = world.equip(make_site(name="Other", hosts=("other.test",), default=False), [FakePool()])
    exchange.on_policy_changed()

    assert browser.status in (421, 503)
    assert exchange.phase is OVER


def test_a_site_without_servers_is_503():
    """Where the table has no server nothing is dialled."""
    world = World(make_site(0))
    _, browser = world.request(head())

    assert (browser.status, browser.calls) == (503, ["close"])
    assert b"\r\nRetry-After: 1\r\n" in browser.written


# ── breaks ───────────────────────────────────────────────────────────────────────────────────────


def test_a_backend_that_breaks_before_its_answer_is_502():
    """The browser gets a whole answer of ours and keeps its connection."""
    world = World()
    connection = world.offer()
    _, browser = world.request(head())
    connection.data_received(b"garbage\r\n\r\n")

    assert (browser.status, browser.calls) == (502, ["keep"])
    assert [(event.id, event.proxy_status) for event in world.events] == [(1003, "http_protocol_error")]
    assert world.access[0].error == "http_protocol_error"


def test_a_backend_that_breaks_within_its_answer_is_visible():
    """The browser's connection is cut: no second status line, no last chunk."""
    world = World()
    connection = world.offer()
    _, browser = world.request(head())
    connection.data_received(BEGUN)
    written = browser.written
    connection.transport.lose()

    assert (browser.written, browser.calls) == (written, ["abort"])
    assert [(entry.status, entry.error) for entry in world.access] == [(200, "http_response_incomplete")]


def test_a_body_that_was_still_arriving_closes_the_browser():
    """After a 502 midway the position in the stream is lost."""
    world = World()
    connection = world.offer()
    _, browser = world.request(POST, b"he", ended=False)
    connection.transport.lose()

    assert (browser.status, browser.calls) == (502, ["close"])


def test_a_refusal_while_draining_closes():
    """The connection ends with the answer under way."""
    world = World()
    exchange, browser = world.request(head())
    browser.closing = True
    exchange.on_no_connection(DOWN)

    assert browser.calls == ["close"]
    assert b"\r\nConnection: close\r\n" in browser.written


def test_a_refusal_lets_a_held_browser_go():
    """Reading goes on after the answer."""
    world = World()
    exchange, browser = world.request(POST, b"he", ended=False)
    exchange.on_no_connection(DOWN)

    assert browser.calls == ["hold", "release", "close"]


def test_nothing_is_refused_twice():
    """After the end a second fault changes nothing."""
    world = World()
    exchange, browser = world.request(head())
    exchange.on_no_connection(DOWN)
    written = browser.written
    exchange.refuse(DOWN)

    assert (browser.written, len(world.access), len(world.events)) == (written, 1, 1)


# ── leaving ──────────────────────────────────────────────────────────────────────────────────────


def test_a_browser_that_leaves_ends_the_backends_request():
    """Its connection is cut at once and never lent again."""
    world = World()
    connection = world.offer()
    exchange, _ = world.request(head())
    exchange.leave()

    assert connection.transport.is_aborted
    assert (world.pools[0].returned, exchange.connection) == ([], None)
    assert [(entry.status, entry.error) for entry in world.access] == [(0, "connection_terminated")]


def test_a_browser_that_leaves_while_waiting_withdraws():
    """The pool forgets it."""
    world = World()
    exchange, _ = world.request(head())
    exchange.leave()

    assert world.pools[0].withdrawn == [exchange]


@pytest.mark.parametrize("prepared", [False, True])
def test_a_browser_may_leave_before_anything_was_asked(prepared):
    """There is nothing to end, and one line is written."""
    world = World()
    exchange, _ = world.exchange()
    if prepared:
        exchange.prepare(POST, RequestMemory())
    exchange.leave()

    assert (exchange.phase, len(world.access)) == (OVER, 1)


def test_leaving_after_the_end_changes_nothing():
    """One request makes one line."""
    world = World()
    connection = world.offer()
    exchange, _ = world.request(head())
    connection.data_received(OK)
    exchange.leave()

    assert len(world.access) == 1
    assert not connection.transport.is_aborted


# ── tunnels ──────────────────────────────────────────────────────────────────────────────────────


def tunnel() -> tuple[World, Exchange, object, object]:
    """Open a tunnel."""
    world = World()
    connection = world.offer()
    exchange, browser = world.request(UPGRADE)
    connection.data_received(SWITCH + b"hi")
    return world, exchange, browser, connection


def test_a_tunnel_passes_bytes_in_both_directions():
    """Unframed, counted, and each means progress."""
    world, exchange, browser, connection = tunnel()
    connection.transport.take()
    world.ticks.now += 5
    exchange.send_tunnel(b"ping")
    connection.data_received(b"pong")

    assert browser.written.endswith(b"\r\n\r\nhipong")
    assert (browser.status, browser.calls) == (101, ["tunnel"])
    assert (connection.transport.written, exchange.bytes_in, exchange.bytes_out) == (b"ping", 4, 6)
    assert exchange.progress == NOW + 5


def test_the_backend_ends_a_tunnel():
    """The browser's connection closes after what is on its way; nothing is an error."""
    world, _, browser, connection = tunnel()
    connection.transport.lose()

    assert browser.calls == ["tunnel", "close"]
    assert [(entry.status, entry.error) for entry in world.access] == [(101, "")]


def test_the_browser_ends_a_tunnel():
    """What it sent last still arrives: the backend's connection is closed, not cut."""
    world, exchange, _, connection = tunnel()
    exchange.leave()

    assert connection.transport.calls == ["close"]
    assert [(entry.status, entry.error) for entry in world.access] == [(101, "")]


# ── the end of a wait ────────────────────────────────────────────────────────────────────────────


def test_an_answer_that_does_not_begin_is_504():
    """After `response_head`; the backend's connection is cut and event 1002 says so."""
    world = World()
    connection = world.offer()
    exchange, browser = world.request(head())
    world.ticks.now = browser.deadline
    exchange.expire(world.ticks.now)

    assert (browser.status, browser.calls) == (504, ["keep"])
    assert connection.transport.is_aborted
    assert [(event.id, "120 s" in event.note) for event in world.events] == [(1002, True)]


def test_a_body_that_stops_arriving_is_408():
    """The browser's fault makes no event."""
    world = World()
    connection = world.offer()
    exchange, browser = world.request(POST, b"he", ended=False)
    exchange.expire(NOW + Timeouts().body_progress)

    assert (browser.status, browser.calls, world.events) == (408, ["close"], [])
    assert connection.transport.is_aborted


def test_a_backend_that_takes_no_more_of_the_body_is_504():
    """Then the browser is not to blame; the event is the backend's, not a defect of ours."""
    world = World()
    connection = world.offer()
    exchange, browser = world.request(POST, b"he", ended=False)
    connection.pause_writing()
    exchange.expire(NOW + Timeouts().body_progress)

    assert (browser.status, browser.calls[-1]) == (504, "close")
    assert [event.id for event in world.events] == [1002]


@pytest.mark.parametrize("clogged", [False, True])
def test_an_answer_that_stops_is_cut(clogged):
    """A backend that sends no more is event 1002; a browser that reads no more is nobody's event."""
    world = World()
    connection = world.offer()
    exchange, browser = world.request(head())
    connection.data_received(BEGUN)
    browser.clogged = clogged
    exchange.expire(NOW + Timeouts().body_progress)

    assert browser.calls == ["abort"]
    assert [event.id for event in world.events] == ([] if clogged else [1002])
    assert world.access[0].error


def test_progress_puts_the_end_off():
    """A wait that had progress goes on from there."""
    world = World()
    connection = world.offer()
    exchange, browser = world.request(head())
    connection.data_received(BEGUN)
    world.ticks.now += 30
    connection.data_received(b"x")
    exchange.expire(NOW + Timeouts().body_progress)

    assert (browser.deadline, exchange.phase) == (NOW + 30 + Timeouts().body_progress, ANSWERING)


def test_a_silent_tunnel_is_closed():
    """After `tunnel_idle` on both sides; with progress it goes on."""
    world, exchange, browser, connection = tunnel()
    world.ticks.now += 10
    exchange.send_tunnel(b"x")
    exchange.expire(NOW + Timeouts().tunnel_idle)
    put_off = browser.deadline
    exchange.expire(put_off)

    assert put_off == NOW + 10 + Timeouts().tunnel_idle
    assert browser.calls == ["tunnel", "close"]
    assert connection.transport.is_aborted
    assert len(world.access) == 1


def test_a_body_that_arrives_during_the_answer_is_progress():
    """It goes out, and the end of the wait counts from it."""
    world = World()
    connection = world.offer()
    exchange, _ = world.request(POST, b"he", ended=False)
    connection.data_received(BEGUN)
    connection.transport.take()
    world.ticks.now += 20
    exchange.send_body(b"l", ended=False)

    assert (connection.transport.written, exchange.progress) == (b"l", NOW + 20)

"""The browser's side: what is a request, in which order it is answered, and when the connection ends."""

import asyncio
import dataclasses
import gc
import socket
import weakref

import pytest

from proxy.front.connection import LINGER_BRIEFLY, LINGER_BYTES, LINGER_SECONDS, BrowserConnection
from proxy.message.head import MAX_EMPTY_LINES
from proxy.model.limits import Limits, Timeouts
from proxy.relay.equipment import Holder
from tests.fakes import NOW, FakePool, FakeTransport, World, head, make_seat, make_site, settle

TIMES = Timeouts()
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Tls:
    """A TLS object that knows its version."""

    def version(self) -> str:
        """Tell it."""
        return "TLSv1.3"


class Scene:
    """A browser's connection before a world."""

    def __init__(self, world: World | None = None, *, is_extra: bool = False, **extra: object) -> None:
        self.world = world or World()
        self.holder = Holder(self.world.equipment)
        self.seat = make_seat(self.world, is_extra=is_extra)
        self.connection = BrowserConnection(self.holder, self.seat, peer_trusted=False)
        self.transport = FakeTransport(self.connection, **extra)
        self.connection.connection_made(self.transport)

    def send(self, data: bytes, size: int = 1_000_000) -> None:
        """Bring bytes in pieces."""
        for position in range(0, len(data), size):
            self.connection.data_received(data[position : position + size])

    @property
    def statuses(self) -> list[int]:
        """Statuses of the answers written so far."""
        return [int(part[:3]) for part in self.transport.written.split(b"HTTP/1.1 ")[1:]]

    def wait(self, seconds: float) -> None:
        """Let the coarse clock pass and time limits be enforced."""
        self.world.ticks.now += seconds
        self.connection.look_after(self.world.ticks.now)


class Clock:
    """Delayed calls of the loop, kept instead of made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[float, object]] = []
        monkeypatch.setattr(
            asyncio.get_running_loop(), "call_later", lambda delay, call, *_: self.calls.append((delay, call))
        )


# ── heads ────────────────────────────────────────────────────────────────────────────────────────


def test_the_connection_knows_its_peer_and_its_tls():
    """Address and version go into the access log."""
    scene = Scene(ssl_object=Tls())

    assert (scene.connection.peer, scene.connection.tls_version) == (b"192.0.2.7", "TLSv1.3")
    assert Scene().connection.tls_version == ""
    assert scene.connection.current_equipment() is scene.world.equipment


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_request_is_the_same_however_it_arrives(size):
    """Byte by byte or at once: one request goes out, one answer comes back, the connection waits for the next."""
    scene = Scene()
    upstream = scene.world.offer()
    scene.send(head("POST", "/owa/", "Content-Length: 5") + b"hello", size)
    upstream.data_received(OK)

    assert upstream.transport.written.endswith(b"\r\n\r\nhello")
    assert (scene.statuses, scene.transport.is_closing()) == ([200], False)
    assert scene.connection.deadline == NOW + TIMES.keep_alive


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("lines", range(MAX_EMPTY_LINES + 3))
async def test_empty_lines_before_a_request_are_overlooked_up_to_a_bound(lines, size):
    """Beyond it the request is malformed, however the lines arrive."""
    scene = Scene()
    scene.world.offer()
    scene.send(b"\r\n" * lines + head(), size)

    assert scene.connection.is_busy is (lines <= MAX_EMPTY_LINES)
    assert scene.statuses == ([] if lines <= MAX_EMPTY_LINES else [400])


def test_empty_lines_do_not_hold_a_connection_open():
    """One every ten seconds: only the first few put the end off."""
    scene = Scene()
    for _ in range(MAX_EMPTY_LINES + 3):
        scene.wait(10)
        if scene.transport.is_closing():
            break
        scene.send(b"\r\n")

    assert scene.transport.is_closing()


def test_empty_lines_are_counted_for_each_request():
    """Those before the last request do not count for the next."""
    scene = Scene()
    upstream = scene.world.offer()
    for _ in range(3):
        scene.world.pools[0].idle = [upstream]
        scene.send(b"\r\n" * MAX_EMPTY_LINES + head())
        upstream.data_received(OK)

    assert scene.statuses == [200, 200, 200]


@pytest.mark.parametrize("size", [1, 700, 10_000])
@pytest.mark.parametrize("tail", [b"", b"\r\n\r\n"])
async def test_a_head_beyond_the_limit_is_431(size, tail):
    """With or without an end, and it is not kept."""
    scene = Scene(World(limits=Limits(head_bytes=1000)))
    scene.send(b"GET / HTTP/1.1\r\nHost: mail.test\r\nX: " + b"x" * 2000 + tail, size)

    assert scene.statuses == [431]
    assert not scene.connection.is_busy


async def test_a_malformed_request_is_400_and_the_end():
    """Nothing goes to a backend, and what follows is not read as a request."""
    scene = Scene()
    scene.send(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + head())
    scene.send(head())

    assert scene.statuses == [400]
    assert scene.world.pools[0].waiting == []
    assert b"\r\nConnection: close\r\n" in scene.transport.written


def test_a_refusal_that_is_certain_of_its_place_keeps_the_connection():
    """421 closes nothing: the next request may be another site's."""
    scene = Scene(World(make_site(default=False, hosts=("other.test",))))
    scene.send(head())
    scene.send(head())

    assert (scene.statuses, scene.transport.is_closing()) == ([421, 421], False)


async def test_an_extra_seat_gets_503_and_no_more():
    """Over a limit the first request is told so, with when to come back; the limit's event is another's to tell."""
    scene = Scene(is_extra=True)
    told = len(scene.world.events)
    scene.send(head())

    assert scene.statuses == [503]
    assert b"\r\nRetry-After: 5\r\n" in scene.transport.written
    assert b"error=connection_limit_reached" in scene.transport.written
    assert len(scene.world.events) == told
    assert scene.world.pools[0].waiting == []


def test_a_reload_holds_for_the_next_request():
    """A connection that was there before works with what is in force."""
    scene = Scene()
    pool = FakePool()
    scene.holder.now = scene.world.equip(make_site(), [pool])
    scene.send(head())

    assert len(pool.waiting) == 1


# ── pipelining ───────────────────────────────────────────────────────────────────────────────────


async def test_pipelined_requests_are_answered_in_order():
    """One at a time: the second goes out after the first's answer."""
    scene = Scene()
    upstream = scene.world.offer()
    scene.send(head("GET", "/a") + head("POST", "/b", "Content-Length: 2") + b"hi" + head("GET", "/c"))
    sent = []
    for _ in range(3):
        sent.append(upstream.transport.take())
        scene.world.pools[0].idle = [upstream]
        upstream.data_received(OK)
        await settle()

    assert [each.split(b" ")[1] for each in sent] == [b"/a", b"/b", b"/c"]
    assert sent[1].endswith(b"\r\n\r\nhi")
    assert scene.statuses == [200, 200, 200]


async def test_what_comes_after_a_body_is_the_next_request():
    """Also when it arrives with the body's last piece."""
    scene = Scene()
    upstream = scene.world.offer()
    scene.send(head("POST", "/a", "Transfer-Encoding: chunked") + b"2\r\nhi")
    scene.send(b"\r\n0\r\n\r\n" + head("GET", "/b"))
    first = upstream.transport.take()
    scene.world.pools[0].idle = [upstream]
    upstream.data_received(OK)
    await settle()

    assert first.endswith(b"\r\n\r\n2\r\nhi\r\n0\r\n\r\n")
    assert upstream.transport.written.startswith(b"GET /b ")


@pytest.mark.parametrize(("count", "paused"), [(3, False), (4, True)])
async def test_only_so_many_requests_wait(count, paused):
    """With limits.pipelined_requests waiting nothing more is read until one is answered."""
    scene = Scene(World(limits=Limits(pipelined_requests=4)))
    upstream = scene.world.offer()
    scene.send(head())
    for _ in range(count):
        scene.send(head())
    reading = scene.transport.is_reading
    scene.world.pools[0].idle = [upstream]
    upstream.data_received(OK)

    assert (reading, scene.transport.is_reading) == (not paused, True)


def test_only_so_many_bytes_wait():
    """Half a request may be long, too."""
    scene = Scene(World(limits=Limits(head_bytes=1000)))
    scene.send(head())
    scene.send(b"x" * 1001)

    assert not scene.transport.is_reading


async def test_many_pipelined_refusals_do_not_fill_the_stack():
    """A thousand requests in one read are answered one after the other."""
    scene = Scene(World(make_site(default=False, hosts=("other.test",))))
    scene.send(head() * 1000)
    while len(scene.statuses) < 1000:
        before = len(scene.statuses)
        await settle()
        assert len(scene.statuses) > before

    assert set(scene.statuses) == {421}


async def test_what_arrives_before_its_turn_does_not_overtake():
    """Bytes that come between two turns of the loop join those that wait."""
    scene = Scene()
    upstream = scene.world.offer()
    scene.send(head("GET", "/a") + head("GET", "/b")[:20])
    scene.world.pools[0].idle = [upstream]
    upstream.data_received(OK)
    upstream.transport.take()
    scene.send(head("GET", "/b")[20:])
    await settle()

    assert upstream.transport.written.startswith(b"GET /b ")
    assert upstream.transport.written.count(b"HTTP/1.1") == 1


# ── bodies ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [1, 1000])
async def test_bad_chunks_are_400_and_cut_the_backend(size):
    """At once or midway; the backend never sees an end."""
    scene = Scene()
    upstream = scene.world.offer()
    scene.send(head("POST", "/", "Transfer-Encoding: chunked") + b"2\r\nhi\r\nzz\r\n", size)

    assert scene.statuses == [400]
    assert b"0\r\n\r\n" not in upstream.transport.written
    assert not upstream.transport.written or upstream.transport.is_aborted


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_too_large_is_answered_before_the_browser_is_cut_off(chunked, monkeypatch):
    """413, then what still arrives is thrown away for a while: a reset would eat the answer."""
    scene = Scene(World(make_site(limits=Limits(body_bytes=4))))
    scene.world.offer()
    clock = Clock(monkeypatch)
    if chunked:
        scene.send(head("POST", "/", "Transfer-Encoding: chunked") + b"5\r\nhello\r\n")
    else:
        scene.send(head("POST", "/", "Content-Length: 5"))
    scene.send(b"more")
    closed = scene.transport.is_closing()
    delay, close = clock.calls[0]
    close()

    assert (scene.statuses, closed, scene.transport.is_closed) == ([413], False, True)
    assert delay == LINGER_SECONDS


async def test_lingering_takes_so_many_bytes_and_no_more(monkeypatch):
    """A browser that never stops sending is closed."""
    scene = Scene()
    clock = Clock(monkeypatch)
    scene.send(b"garbage\r\n\r\n")
    scene.send(b"x" * LINGER_BYTES)
    before = scene.transport.is_closed
    scene.send(b"x")

    assert (before, scene.transport.is_closed) == (False, True)
    assert clock.calls[0][0] == LINGER_BRIEFLY


async def test_nothing_is_answered_twice_while_lingering(monkeypatch):
    """When the time is over before the lingering is, the connection is cut without another answer."""
    scene = Scene(World(timeouts=Timeouts(body_progress=1.0)))
    Clock(monkeypatch)
    scene.send(b"garbage\r\n\r\n" + b"half a requ")
    scene.wait(1.5)

    assert (scene.statuses, scene.transport.is_aborted) == ([400], True)


async def test_a_connection_lost_while_lingering_is_closed_in_vain(monkeypatch):
    """Bytes and calls that come late find nothing."""
    scene = Scene()
    clock = Clock(monkeypatch)
    scene.send(b"garbage\r\n\r\n")
    scene.transport.lose()
    clock.calls[0][1]()
    scene.send(b"x" * (LINGER_BYTES + 1))

    assert scene.statuses == [400]


# ── flow ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_slow_browser_pauses_the_backend():
    """And between requests it is remembered for the next one."""
    scene = Scene()
    upstream = scene.world.offer()
    scene.connection.pause_writing()
    scene.send(head())
    upstream.data_received(OK[:-1])
    reading = [upstream.transport.is_reading]
    scene.connection.resume_writing()
    reading.append(upstream.transport.is_reading)
    scene.connection.pause_writing()
    reading.append(upstream.transport.is_reading)

    assert reading == [False, True, False]


def test_a_slow_backend_pauses_the_browser():
    """Its bytes wait in its own kernel."""
    scene = Scene()
    upstream = scene.world.offer()
    scene.send(head("POST", "/", "Content-Length: 5"))
    upstream.pause_writing()
    paused = not scene.transport.is_reading
    upstream.resume_writing()

    assert (paused, scene.transport.is_reading) == (True, True)


def test_a_browser_that_leaves_while_it_is_held_is_noticed():
    """Its end waits behind bytes that nobody reads: the backend's request ends all the same."""
    ours, theirs = socket.socketpair()
    with ours:
        scene = Scene(socket=ours)
        upstream = scene.world.offer()
        scene.send(head("POST", "/", "Content-Length: 5"))
        upstream.pause_writing()
        scene.wait(0.25)
        before = scene.transport.is_aborted
        theirs.close()
        scene.wait(0.25)

        assert (before, scene.transport.is_aborted) == (False, True)


# ── tunnels ──────────────────────────────────────────────────────────────────────────────────────


def test_after_a_switch_bytes_pass_unframed():
    """Those that came early go first, and nothing is read as a request any more."""
    scene = Scene()
    upstream = scene.world.offer()
    scene.send(head("GET", "/", "Connection: Upgrade", "Upgrade: websocket") + b"early")
    upstream.transport.take()
    upstream.data_received(b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi")
    scene.send(head())

    assert upstream.transport.written == b"early" + head()
    assert scene.transport.written.endswith(b"\r\n\r\nhi")


async def test_the_end_of_a_tunnel_closes():
    """Bytes that arrive afterwards go nowhere."""
    scene = Scene()
    upstream = scene.world.offer()
    scene.send(head("GET", "/", "Connection: Upgrade", "Upgrade: websocket"))
    upstream.data_received(b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    upstream.transport.lose()
    scene.send(b"late")

    assert (scene.statuses, scene.transport.is_closed) == ([101], True)


# ── time ─────────────────────────────────────────────────────────────────────────────────────────


def test_an_idle_connection_is_closed_in_silence():
    """After `request_head` when new, after `keep_alive` later: no answer that nobody asked for."""
    scene = Scene()
    scene.wait(TIMES.request_head - 0.1)
    before = scene.transport.is_closing()
    scene.wait(0.2)

    assert (before, scene.transport.is_closed, scene.transport.written) == (False, True, b"")


@pytest.mark.parametrize("first", [b"GET / HT", b"G"])
async def test_a_slow_head_is_408(first):
    """A byte now and then does not put it off: the time counts from the first."""
    scene = Scene()
    scene.send(first)
    for _ in range(3):
        scene.wait(TIMES.request_head / 3)
        scene.send(b"x")

    assert scene.statuses == [408]


async def test_a_slow_head_after_an_answer_is_408_too():
    """Its time begins with its first byte, not with the answer."""
    scene = Scene()
    upstream = scene.world.offer()
    scene.send(head())
    upstream.data_received(OK)
    scene.world.ticks.now += 50
    scene.send(b"GET")
    deadline = scene.connection.deadline
    scene.wait(TIMES.request_head)

    assert (deadline, scene.statuses) == (NOW + 50 + TIMES.request_head, [200, 408])


def test_a_close_that_takes_too_long_becomes_a_cut():
    """A browser that does not read its last answer holds nothing for ever."""
    scene = Scene()
    upstream = scene.world.offer()
    scene.send(head("GET", "/", "Connection: close"))
    upstream.data_received(OK)
    scene.wait(TIMES.body_progress)

    assert scene.transport.calls == ["close", "abort"]


def test_time_limits_of_a_request_are_the_exchanges():
    """The end of the wait for an answer is 504."""
    scene = Scene()
    scene.world.offer()
    scene.send(head())
    scene.wait(TIMES.response_head)

    assert scene.statuses == [504]


def test_a_lost_connection_expires_in_vain():
    """Nothing happens after the end."""
    scene = Scene()
    scene.transport.lose()
    scene.wait(1000)
    scene.connection.write(b"x")
    scene.connection.drain()
    scene.connection.abort()

    assert scene.transport.calls == []


# ── the end ──────────────────────────────────────────────────────────────────────────────────────


def test_the_end_of_the_browsers_stream_closes():
    """TLS knows no half-open connections: the transport may close."""
    assert Scene().connection.eof_received() is None


def test_a_lost_browser_ends_its_request_and_gives_its_seat_back():
    """The backend's connection is cut."""
    scene = Scene()
    upstream = scene.world.offer()
    scene.send(head())
    seats = scene.seat._seats
    scene.transport.lose(ConnectionResetError())

    assert upstream.transport.is_aborted
    assert (seats.occupied, scene.connection.is_busy) == (set(), False)


def test_draining_closes_an_idle_connection_at_once():
    """Nothing is in flight there."""
    scene = Scene()
    scene.connection.drain()

    assert (scene.connection.closing, scene.transport.is_closed) == (True, True)


@pytest.mark.parametrize("begun", [False, True])
def test_draining_lets_an_answer_finish(begun):
    """It says `Connection: close` if its head has not gone out, and what is pipelined behind it is not begun."""
    scene = Scene()
    upstream = scene.world.offer()
    scene.send(head() + head())
    if begun:
        upstream.data_received(OK[:-1])
    scene.connection.drain()
    closed = scene.transport.is_closing()
    upstream.data_received(OK[-1:] if begun else OK)

    assert (closed, scene.statuses, scene.transport.is_closed) == (False, [200], True)
    assert (b"\r\nConnection: close\r\n" in scene.transport.written) is not begun


def test_a_cut_tells_the_exchange_first():
    """At the end of the process: the backend's request ends, one line is written, whoever waits withdraws."""
    scene = Scene()
    scene.send(head())
    scene.connection.cut()
    scene.transport.lose()

    assert scene.transport.is_aborted
    assert len(scene.world.pools[0].withdrawn) == 1
    assert [entry.error for entry in scene.world.access] == ["connection_terminated"]


def test_an_idle_connection_can_be_cut():
    """There is nobody to tell."""
    scene = Scene()
    scene.connection.cut()

    assert (scene.transport.is_aborted, scene.world.access) == (True, [])


def test_an_answer_after_the_loss_goes_nowhere():
    """The exchange may end after its browser."""
    scene = Scene()
    upstream = scene.world.offer()
    scene.send(head())
    exchange = scene.connection._exchange
    scene.connection.transport = None
    upstream.data_received(OK)

    assert exchange.status == 200
    assert scene.transport.written == b""


def test_a_lost_connection_is_freed_without_the_collector():
    """No reference cycle keeps its buffers alive."""
    gc.disable()
    try:
        scene = Scene()
        upstream = scene.world.offer()
        scene.send(head())
        upstream.data_received(OK)
        scene.send(b"GET")
        mark = weakref.ref(scene.transport)
        scene.transport.lose()
        scene.transport = None

        assert mark() is None
    finally:
        gc.enable()


class Defective:
    """A reader with a defect."""

    def read(self, head: object) -> object:
        """Fail in a way nobody foresaw."""
        raise ZeroDivisionError(head)


async def test_a_defect_costs_one_request_and_is_told():
    """The browser gets a 500 without a trace of the defect, and event 1006 names it and its line."""
    scene = Scene()
    scene.holder.now = dataclasses.replace(scene.world.equipment, request_reader=Defective())
    scene.send(head())

    assert scene.statuses == [500]
    assert b"ZeroDivision" not in scene.transport.written
    assert [event.id for event in scene.world.events] == [1006]
    assert "ZeroDivisionError in test_connection.py, line" in scene.world.events[0].note


async def test_an_answer_on_its_way_out_is_busy():
    """A connection is busy until the browser has taken its answer."""
    scene = Scene()
    scene.transport.unsent = 1

    assert scene.connection.is_busy

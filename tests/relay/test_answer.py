"""The answer reaches the browser whole, framed for it, and no faster than it reads."""

import pytest

from proxy.model.limits import Timeouts
from proxy.relay.answer import ONE_WRITE_BYTES
from proxy.relay.state import OVER
from tests.fakes import NOW, World, head

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\n"


def ask(world: World, *lines: str, method: str = "GET", version: str = "1.1"):
    """Ask on an idle connection; gives it, the exchange and the browser."""
    connection = world.offer()
    exchange, browser = world.request(head(method, "/owa/", *lines, version=version))
    return connection, exchange, browser


def split(written: bytes) -> tuple[bytes, bytes]:
    """Part an answer into head and body."""
    answer_head, _, body = written.partition(b"\r\n\r\n")
    return answer_head, body


# ── framing ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [1, 4, 1000])
@pytest.mark.parametrize(
    ("answer", "version", "field", "body"),
    [
        (LENGTH + b"hello", "1.1", b"Content-Length: 5", b"hello"),
        (LENGTH + b"hello", "1.0", b"Content-Length: 5", b"hello"),
        (CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", "1.1", b"Transfer-Encoding: chunked", None),
        (CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", "1.0", b"Connection: close", b"hello"),
    ],
)
def test_the_body_is_framed_for_this_browser(answer, version, field, body, size):
    """Length stays length, chunks stay chunks, and HTTP/1.0 gets a body that ends with the connection."""
    connection, _, browser = ask(World(), version=version)
    for position in range(0, len(answer), size):
        connection.data_received(answer[position : position + size])

    answer_head, sent = split(browser.written)
    if body is None:
        assert sent.endswith(b"0\r\n\r\n")
        assert b"".join(sent.split(b"\r\n")[1:-3:2]) == b"hello"
    else:
        assert sent == body
    assert field in answer_head.split(b"\r\n")
    assert (b"Transfer-Encoding" in answer_head) is (version == "1.1" and answer.startswith(CHUNKED))
    assert browser.calls == ["keep" if version == "1.1" else "close"]


@pytest.mark.parametrize(("version", "end"), [("1.1", b"5\r\nhello\r\n0\r\n\r\n"), ("1.0", b"hello")])
def test_a_body_until_close_is_chunked_where_it_can_be(version, end):
    """A clean end of the backend's connection becomes a last chunk, or the end of the browser's."""
    world = World()
    connection, _, browser = ask(world, version=version)
    connection.data_received(UNTIL_CLOSE + b"hello")
    connection.eof_received()
    connection.transport.lose()

    assert split(browser.written)[1] == end
    assert browser.calls == ["keep" if version == "1.1" else "close"]
    assert world.pools[0].returned == []


def test_a_truncated_body_until_close_never_looks_whole():
    """Without a clean end there is no last chunk, and the browser's connection is cut."""
    connection, _, browser = ask(World())
    connection.data_received(UNTIL_CLOSE + b"hello")
    connection.transport.lose()

    assert split(browser.written)[1] == b"5\r\nhello\r\n"
    assert browser.calls == ["abort"]


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("HEAD", LENGTH),
        ("HEAD", CHUNKED),
        ("HEAD", UNTIL_CLOSE),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
    ],
)
def test_answers_without_a_body_have_none(method, answer):
    """HEAD, 204 and 304 end with their head, and both connections stay."""
    world = World()
    connection, _, browser = ask(world, method=method)
    connection.data_received(answer)

    answer_head, body = split(browser.written)
    assert body == b""
    assert b"Transfer-Encoding" not in answer_head
    assert (browser.calls, world.pools[0].returned) == (["keep"], [connection])


def test_keep_alive_is_said_to_http_1_0():
    """A 1.0 browser that asked for it must be told that the connection stays."""
    connection, _, browser = ask(World(), "Connection: keep-alive", version="1.0")
    connection.data_received(LENGTH + b"hello")

    assert b"\r\nConnection: keep-alive" in browser.written
    assert browser.calls == ["keep"]


def test_an_answer_that_repeats_is_written_the_same():
    """What an upstream connection remembers changes the request id only."""
    world = World()
    connection, _, first = ask(world)
    connection.data_received(LENGTH + b"hello")
    world.pools[0].idle.append(connection)
    _, second = world.request(head())
    connection.data_received(LENGTH + b"world")

    assert second.written == first.written.replace(b"hello", b"world")


@pytest.mark.parametrize("lines", [("Connection: close",), ()])
def test_a_remembered_answer_does_not_forget_who_closes(lines):
    """A browser that wants to close is told so although the last one was not."""
    world = World()
    connection, _, _ = ask(world)
    connection.data_received(LENGTH + b"hello")
    world.pools[0].idle.append(connection)
    _, browser = world.request(head("GET", "/owa/", *lines))
    connection.data_received(LENGTH + b"hello")

    assert (b"\r\nConnection: close\r\n" in browser.written) is bool(lines)


# ── writes ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("size", "writes"), [(0, 1), (5, 1), (ONE_WRITE_BYTES, 1), (ONE_WRITE_BYTES + 1, 2)])
def test_head_and_small_body_are_one_write(size, writes):
    """Up to one TLS record they are joined; beyond it the body is not copied."""
    connection, exchange, browser = ask(World())
    connection.data_received(LENGTH.replace(b"5", b"%d" % size) + b"x" * size)

    assert len(browser.writes) == writes
    assert split(browser.written)[1] == b"x" * size
    assert exchange.bytes_out == size


def test_a_body_that_comes_later_is_passed_on_as_it_comes():
    """Nothing is collected, each piece is progress, and the deadline is that of the body."""
    world = World()
    connection, exchange, browser = ask(world)
    connection.data_received(LENGTH)
    deadline = browser.deadline
    world.ticks.now += 3
    connection.data_received(b"he")
    written = browser.writes[-1]
    connection.data_received(b"llo")

    assert (deadline, written) == (NOW + Timeouts().body_progress, b"he")
    assert (exchange.progress, exchange.bytes_out, exchange.phase) == (NOW + 3, 5, OVER)


# ── interim answers ──────────────────────────────────────────────────────────────────────────────


def test_interim_answers_pass():
    """100 and 103 reach the browser with their fields, without hop-by-hop ones."""
    connection, _, browser = ask(World())
    connection.data_received(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: X\r\nX: y\r\n\r\n")

    assert browser.written == b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


def test_http_1_0_hears_no_interim_answers():
    """It would take them for the answer."""
    connection, _, browser = ask(World(), version="1.0")
    connection.data_received(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert browser.written == b""
    connection.data_received(LENGTH + b"hello")

    assert browser.status == 200


def test_an_expectation_passes_both_ways():
    """`Expect` goes to the backend, its 100 to the browser, then the body goes out."""
    world = World()
    connection = world.offer()
    exchange, browser = world.request(head("POST", "/", "Content-Length: 5", "Expect: 100-continue"), b"", ended=False)
    asked = connection.transport.take()
    connection.data_received(b"HTTP/1.1 100 Continue\r\n\r\n")
    interim = browser.written
    exchange.send_body(b"hello", ended=True)

    assert b"\r\nExpect: 100-continue\r\n" in asked
    assert (interim, connection.transport.written) == (b"HTTP/1.1 100 Continue\r\n\r\n", b"hello")


# ── flow ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_slow_browser_pauses_the_backend():
    """And reading on is progress."""
    world = World()
    connection, exchange, _ = ask(world)
    connection.data_received(LENGTH)
    world.ticks.now += 2
    exchange.clog()
    paused = connection.transport.is_reading
    exchange.unclog()

    assert (paused, connection.transport.is_reading, exchange.progress) == (False, True, NOW + 2)


def test_a_browser_that_was_slow_already_pauses_the_next_answer():
    """Nobody tells of the old clog again; without a connection there is nothing to pause."""
    world = World()
    connection, exchange, browser = ask(world)
    browser.clogged = True
    connection.data_received(LENGTH)
    reading = connection.transport.is_reading
    connection.transport.lose()
    exchange.clog()
    exchange.unclog()

    assert not reading


# ── what becomes of the connections ──────────────────────────────────────────────────────────────


def test_a_backend_that_closes_is_not_returned():
    """Its `Connection: close` is between it and us: the browser's connection stays."""
    world = World()
    connection, _, browser = ask(world)
    transport = connection.transport
    connection.data_received(LENGTH.replace(b"X: y", b"Connection: close") + b"hello")

    assert (world.pools[0].returned, transport.is_closed, browser.calls) == ([], True, ["keep"])
    assert b"Connection: close" not in browser.written


def test_surplus_bytes_reach_nobody():
    """The browser gets its body and no more; the connection is not returned."""
    world = World()
    connection, _, browser = ask(world)
    connection.data_received(LENGTH + b"helloHTTP/1.1 200 OK\r\n\r\n")

    assert split(browser.written)[1] == b"hello"
    assert (world.pools[0].returned, connection.transport.is_closed) == ([], True)


def test_an_answer_before_the_requests_end_closes_both():
    """The backend's connection holds half a body, the browser's position is unknown."""
    world = World()
    connection = world.offer()
    _, browser = world.request(head("POST", "/", "Content-Length: 5"), b"he", ended=False)
    connection.data_received(LENGTH + b"hello")

    assert b"\r\nConnection: close\r\n" in browser.written
    assert (world.pools[0].returned, connection.transport.is_closed, browser.calls) == ([], True, ["close"])


@pytest.mark.parametrize("draining", [True, False])
def test_the_browser_closes_when_it_said_so_or_we_drain(draining):
    """`Connection: close` stands in the answer."""
    world = World()
    connection = world.offer()
    _, browser = world.request(head("GET", "/", *([] if draining else ["Connection: close"])))
    browser.closing = draining
    connection.data_received(LENGTH + b"hello")

    assert b"\r\nConnection: close\r\n" in browser.written
    assert (browser.calls, world.pools[0].returned) == (["close"], [connection])


def test_without_an_access_log_nothing_is_written():
    """`log.access = false` costs nothing and breaks nothing."""
    world = World()
    world.equipment = type(world.equipment)(
        **{name: getattr(world.equipment, name) for name in world.equipment.__slots__} | {"record_access": None}
    )
    connection, _, browser = ask(world)
    connection.data_received(LENGTH + b"hello")

    assert (browser.calls, world.access) == (["keep"], [])


def test_an_upgrade_that_the_backend_declines_is_a_usual_answer():
    """200 to a request with `Upgrade` is no tunnel, and the connection may serve again."""
    world = World()
    connection, _, browser = ask(world, "Connection: Upgrade", "Upgrade: websocket")
    connection.data_received(LENGTH + b"hello")

    assert (browser.calls, world.pools[0].returned) == (["keep"], [connection])


def test_an_early_answer_lets_a_held_browser_go():
    """A backend that took no more of the body and answers all the same: reading goes on with the end."""
    world = World()
    connection = world.offer()
    _, browser = world.request(head("POST", "/", "Content-Length: 5"), b"he", ended=False)
    connection.pause_writing()
    connection.data_received(LENGTH + b"hello")

    assert browser.calls == ["hold", "release", "close"]


def test_a_chunk_that_is_not_whole_yet_writes_nothing():
    """The framing of the backend's body alone is nothing that the browser must hear of."""
    connection, _, browser = ask(World())
    connection.data_received(CHUNKED)
    written = browser.written
    connection.data_received(b"5")
    connection.data_received(b"\r\n")

    assert browser.written == written


def test_101_before_the_request_has_ended_is_refused():
    """What follows of the body would pass for bytes of the new protocol: 502, and the connection is gone."""
    world = World()
    connection = world.offer()
    _, browser = world.request(
        head("POST", "/owa/", "Connection: Upgrade", "Upgrade: echo", "Content-Length: 5"), first=b"he", ended=False
    )
    connection.data_received(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")

    assert browser.written.startswith(b"HTTP/1.1 502 ")
    assert connection.transport.is_closing()

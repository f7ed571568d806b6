"""How long a browser and a backend may take: each wait has its limit and its own end."""

import asyncio
import time
from collections.abc import Callable

import pytest

from tests.stage import OK, Heard, Script, Stage, stage
from tests.wire import hear, playing, request, requests_in

pytestmark = pytest.mark.e2e

STEP = 0.06
"""Pause between two pieces of something slow."""


@pytest.fixture(autouse=True)
def fine_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the coarse clock tick finely, so that limits of a fifth of a second can be told apart."""
    monkeypatch.setattr("proxy.service.ticker.INTERVAL_SECONDS", 0.02)


def limits(**seconds: float) -> str:
    """Write the [timeouts] table."""
    return "[timeouts]\n" + "".join(f'{key} = "{int(value * 1000)}ms"\n' for key, value in seconds.items())


async def deaf(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take a whole request and never answer."""
    del writer
    await hear(heard, reader)
    await heard.rest(reader)


def dripping(start: bytes, piece: bytes, count: int, end: bytes = b"") -> Script:
    """Make a script that answers in pieces, and then sends `end` or, without one, nothing more."""

    async def script(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hear(heard, reader)
        writer.write(start)
        for _ in range(count):
            await asyncio.sleep(STEP)
            writer.write(piece)
        writer.write(end)
        await heard.rest(reader)

    return script


def backend_closed(running: Stage) -> Callable[[], bool]:
    """Give the condition that the proxy has ended every connection to the backend."""
    return lambda: all(heard.closed for heard in running.backends["HQ"].connections)


async def test_a_head_that_stays_incomplete() -> None:
    """Half a head and then nothing: 408, the end, and the backend hears nothing."""
    async with stage({"HQ": playing(OK)}, settings=limits(request_head=0.2)) as running:
        browser = await running.browser()
        answer = await browser.ask(request()[:-2])
        assert (answer.status, answer.field(b"connection")) == (408, b"close")
        assert await browser.rest() == b""
        assert running.backends["HQ"].connections == []
        assert [entry.status for entry in running.access] == [408]
        browser.close()


@pytest.mark.parametrize("before", [b"", request() * 2])
async def test_a_head_byte_by_byte(before: bytes) -> None:
    """The time runs from the first byte: one now and then does not put it off, on a used connection neither."""
    async with stage({"HQ": playing(OK)}, settings=limits(request_head=0.3)) as running:
        browser = await running.browser()
        await browser.send(before)
        for _ in range(2 if before else 0):
            assert (await browser.answer()).status == 200
        started = time.monotonic()
        answer = asyncio.ensure_future(browser.answer())
        for byte in request(b"X-A: " + b"a" * 100):
            await browser.send(bytes((byte,)))
            await asyncio.wait([answer], timeout=STEP)
            if answer.done():
                break
        assert (await answer).status == 408
        assert 0.25 < time.monotonic() - started < 1.5
        browser.close()


async def test_a_browser_that_says_nothing() -> None:
    """A connection without a request is closed without a word."""
    async with stage({"HQ": playing(OK)}, settings=limits(request_head=0.2)) as running:
        browser = await running.browser()
        assert await browser.rest() == b""
        assert running.access == []
        browser.close()


async def test_empty_lines_put_nothing_off() -> None:
    """An empty line now and then keeps no connection open."""
    async with stage({"HQ": playing(OK)}, settings=limits(request_head=0.3, keep_alive=0.3)) as running:
        browser = await running.browser()
        started = time.monotonic()
        end = asyncio.ensure_future(browser.rest())
        while not end.done():
            await browser.send(b"\r\n")
            await asyncio.wait([end], timeout=STEP * 2)
            assert time.monotonic() - started < 2
        browser.close()


@pytest.mark.parametrize("opening", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET / HTTP/1.1"])
async def test_a_handshake_that_stays_incomplete(opening: bytes) -> None:
    """Who does not get on with the handshake is closed on, and leaves no seat taken."""
    async with stage({"HQ": playing(OK)}, settings=limits(tls_handshake=0.3)) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(opening)
        async with asyncio.timeout(4):
            await reader.read()
        writer.close()
        assert running.worker is not None
        seats = running.worker._seats
        await running.until(lambda: not seats.occupied)


async def test_an_idle_connection() -> None:
    """After an answer the connection stays for `keep_alive` and then ends without a word; on the backend's side too."""
    async with stage({"HQ": playing(OK)}, settings=limits(keep_alive=0.5, request_head=0.1)) as running:
        browser = await running.browser()
        await browser.ask(request())
        await asyncio.sleep(0.15)
        assert (await browser.ask(request())).status == 200
        assert await browser.rest() == b""
        await running.until(backend_closed(running))
        assert len(running.access) == 2
        browser.close()


@pytest.mark.parametrize("head", [request(b"Content-Length: 9", method=b"PUT") + b"abc",
                                  request(b"Transfer-Encoding: chunked", method=b"PUT") + b"9\r\nabc"])  # fmt: skip
async def test_an_upload_that_stalls(head: bytes) -> None:
    """A body that stands still: 408 to the browser, and the backend's request is broken off."""
    async with stage({"HQ": playing(OK)}, settings=limits(body_progress=0.2)) as running:
        browser = await running.browser()
        answer = await browser.ask(head)
        assert (answer.status, answer.field(b"connection")) == (408, b"close")
        await running.until(backend_closed(running))
        assert requests_in(running.backends["HQ"].raw, may_be_cut=True) == []
        browser.close()


async def test_a_slow_upload_and_a_slow_answer_that_move() -> None:
    """A body that moves may take longer than `body_progress`, up and down."""
    start = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n"
    async with stage({"HQ": dripping(start, b"x", 8)}, settings=limits(body_progress=0.4)) as running:
        browser = await running.browser()
        await browser.send(request(b"Content-Length: 8", method=b"PUT"))
        for _ in range(8):
            await asyncio.sleep(STEP)
            await browser.send(b"x")
        assert (await browser.answer()).body == b"x" * 8
        browser.close()


async def test_a_browser_that_does_not_read() -> None:
    """A browser that takes nothing of a large answer is cut off; so is the backend, and both are free again."""

    async def pouring(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hear(heard, reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")
        for _ in range(500):
            writer.write(b"x" * 100_000)
            await writer.drain()

    async with stage({"HQ": pouring}, settings=limits(body_progress=0.3)) as running:
        browser = await running.browser()
        await browser.send(request())
        await browser.head()
        await running.until(lambda: running.access)
        assert (running.access[-1].status, running.access[-1].error) == (200, "http_request_error")
        assert running.worker is not None
        seats = running.worker._seats
        await running.until(lambda: not seats.occupied)
        await running.until(backend_closed(running))
        browser.close()


async def test_a_backend_that_does_not_read() -> None:
    """A backend that takes nothing of a large body: 504."""

    async def closed_ears(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del writer
        await heard.head(reader)
        reader._transport.pause_reading()
        await asyncio.sleep(3)

    async with stage({"HQ": closed_ears}, settings=limits(body_progress=0.3)) as running:
        browser = await running.browser()
        await browser.send(request(b"Content-Length: 30000000", method=b"PUT"))
        for _ in range(300):
            browser.writer.write(b"x" * 100_000)
            await asyncio.sleep(0)
        answer = await browser.answer()
        assert answer.status == 504
        assert answer.field(b"proxy-status") == b"CAS01; error=connection_write_timeout"
        browser.close()


async def test_an_answer_that_stalls() -> None:
    """A body that stands still is cut visibly: never a short answer that looks whole."""
    start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with stage({"HQ": dripping(start, b"1\r\nx\r\n", 2)}, settings=limits(body_progress=0.3)) as running:
        browser = await running.browser()
        await browser.send(request())
        await browser.head()
        data = await browser.rest()
        assert data == b"1\r\nx\r\n1\r\nx\r\n"
        assert running.access[-1].error == "connection_read_timeout"
        browser.close()


async def test_a_backend_that_does_not_answer() -> None:
    """No answer within `response_head`: 504, event 1002, the connection to the backend is given up."""
    async with stage({"HQ": deaf}, settings=limits(response_head=0.2)) as running:
        browser = await running.browser()
        answer = await browser.ask(request())
        assert answer.status == 504
        assert answer.field(b"proxy-status") == b"CAS01; error=http_response_timeout"
        assert answer.field(b"connection") is None
        assert [event.parameters for event in running.seen(1002)] == [("CAS01", "cas.hq.test")]
        await running.until(backend_closed(running))
        browser.close()


async def test_interim_answers_do_not_put_the_answer_off() -> None:
    """1xx answers are no answer: the time for the final one goes on."""
    script = dripping(b"", b"HTTP/1.1 102 Processing\r\n\r\n", 12)
    async with stage({"HQ": script}, settings=limits(response_head=0.3)) as running:
        browser = await running.browser()
        await browser.send(request())
        answer = await browser.answer()
        while answer.status == 102:
            answer = await browser.answer()
        assert answer.status == 504
        browser.close()


async def test_a_route_may_take_longer() -> None:
    """A long poll's path has a `response_head` of its own, longer than its site's."""
    route = '[sites.routes."/owa/ev.owa".timeouts]\nresponse_head = "3s"\n'
    script = dripping(b"", b"", 6, OK)
    async with stage({"HQ": script}, settings=limits(response_head=0.2), site_settings={"HQ": route}) as running:
        slow, other = await asyncio.gather(
            running.ask(request(target=b"/owa/ev.owa?oeh=1&ns=PendingRequest")), running.ask(request())
        )
        assert (slow.status, other.status) == (200, 504)


async def test_heartbeats_keep_a_notification_open() -> None:
    """A notification that beats within `body_progress` lives on, far beyond any limit for a head."""
    start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    times = limits(body_progress=0.4, response_head=0.3, request_head=0.3, keep_alive=0.3)
    async with stage({"HQ": dripping(start, b"1\r\n \r\n", 12, b"0\r\n\r\n")}, settings=times) as running:
        assert (await running.ask(request())).body == b" " * 12


@pytest.mark.parametrize("beats", [0, 10])
async def test_an_idle_tunnel(beats: int) -> None:
    """A tunnel without a byte for `tunnel_idle` is closed on both sides; a byte in one direction keeps it open."""
    switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    script = dripping(switch, b"x", beats)
    async with stage({"HQ": script}, settings=limits(tunnel_idle=0.4, body_progress=0.1)) as running:
        browser = await running.browser()
        await browser.send(request(b"Upgrade: websocket", b"Connection: Upgrade"))
        await browser.head()
        started = time.monotonic()
        assert await browser.rest() == b"x" * beats
        assert time.monotonic() - started > 0.35 + beats * STEP / 2
        await running.until(backend_closed(running))
        browser.close()

"""Both directions at once, browsers that leave early, and good requests in any pieces."""

import asyncio
import socket
import struct

import pytest

from tests.stage import OK, Browser, Heard, Stage, stage
from tests.wire import hear, playing, request, requests_in

pytestmark = pytest.mark.e2e

GOOD = {
    "get": request(b"X-A: b"),
    "length": request(method=b"POST", body=b"five!"),
    "chunked": request(b"Transfer-Encoding: chunked", method=b"PUT")
    + b"3;a=b\r\nfiv\r\n2\r\ne!\r\n0\r\nX-A: b\r\n\r\n",
    "empty lines": b"\r\n\r\n" + request(method=b"POST", body=b"\r\n\r\n"),
    "HTTP/1.0": request(b"Connection: keep-alive", minor=0),
}


@pytest.mark.parametrize("name", GOOD)
async def test_a_good_request_may_come_in_any_pieces(name: str) -> None:
    """Cut in two at any byte, or sent byte by byte, a request means the same, and so does the next one."""
    raw = GOOD[name]
    async with stage({"HQ": playing(OK)}) as running:

        async def cut(*pieces: bytes) -> None:
            browser = await running.browser()
            for piece in pieces[:-1]:
                await browser.send(piece)
                await asyncio.sleep(0.005)
            assert (await browser.ask(pieces[-1])).status == 200
            assert (await browser.ask(raw)).status == 200

        await asyncio.gather(*(cut(raw[:place], raw[place:]) for place in range(1, len(raw))))
        await cut(*(bytes((byte,)) for byte in raw))
        asked = [one for heard in running.backends["HQ"].connections for one in requests_in(heard.raw)]
        assert len(asked) == len(raw) * 2
        assert len({(one.method, one.target, one.body) for one in asked}) == 1


async def test_an_answer_may_begin_before_the_request_has_ended() -> None:
    """A backend that answers while it reads is heard at once; both bodies run side by side to their ends."""

    async def echoing(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        for _ in range(3):
            writer.write(await heard.body(reader, 3))
        await heard.rest(reader)

    async with stage({"HQ": echoing}) as running:
        browser = await running.browser()
        await browser.send(request(b"Content-Length: 9", method=b"POST"))
        assert b"\r\nConnection: close\r\n" in await browser.head()
        for piece in (b"one", b"two", b"six"):
            await browser.send(piece)
            assert await browser.reader.readexactly(3) == piece
        assert await browser.rest() == b""
        assert requests_in(running.backends["HQ"].raw)[0].body == b"onetwosix"


async def gone(running: Stage, browser: Browser) -> None:
    """Let the browser leave; the backend must be told well within a second."""
    browser.close()
    (heard,) = running.backends["HQ"].connections
    async with asyncio.timeout(2):
        while not heard.closed:  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)
    await running.until(lambda: running.access)
    assert running.access[-1].error == "connection_terminated"


async def test_a_browser_leaves_before_the_answer() -> None:
    """The backend of a long poll is told at once that nobody waits any more."""

    async def silent(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del writer
        await hear(heard, reader)
        await heard.rest(reader)

    async with stage({"HQ": silent}) as running:
        browser = await running.browser()
        await browser.send(request())
        await running.until(lambda: running.backends["HQ"].raw)
        await gone(running, browser)


@pytest.mark.parametrize("reads", [True, False])
async def test_a_browser_leaves_during_the_answer(reads: bool) -> None:
    """A download that nobody wants any more is broken off, also when the browser had stopped reading before."""

    async def pouring(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hear(heard, reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not writer.transport.is_closing():
            writer.write(b"2710\r\n" + b"x" * 10_000 + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0.001)
        heard.closed = True

    async with stage({"HQ": pouring}) as running:
        browser = await running.browser()
        await browser.send(request())
        await browser.head()
        if not reads:
            await asyncio.sleep(0.5)
        await gone(running, browser)


async def test_a_browser_leaves_during_its_upload() -> None:
    """Half a body never becomes a whole request: the backend's connection is cut."""
    async with stage({"HQ": playing(OK)}) as running:
        browser = await running.browser()
        await browser.send(request(b"Transfer-Encoding: chunked", method=b"PUT") + b"3\r\nabc\r\n")
        await running.until(lambda: b"abc" in running.backends["HQ"].raw)
        await gone(running, browser)
        assert requests_in(running.backends["HQ"].raw, may_be_cut=True) == []


async def test_a_browser_leaves_while_its_upload_is_held_back() -> None:
    """A browser that is not read from, since the backend does not read, is noticed all the same."""
    go = asyncio.Event()

    async def deaf(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del writer
        await heard.head(reader)
        await go.wait()
        await heard.rest(reader)

    async with stage({"HQ": deaf}) as running:
        browser = await running.browser()
        await browser.send(request(b"Content-Length: 30000000", method=b"PUT"))
        for _ in range(300):
            browser.writer.write(b"x" * 100_000)
            await asyncio.sleep(0)
        await asyncio.sleep(0.3)
        browser.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        browser.writer.transport.abort()  # a reset: an end would wait behind what the proxy does not read
        async with asyncio.timeout(2):
            while not running.access:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.01)
        assert running.access[-1].error == "connection_terminated"
        go.set()


async def test_what_the_settings_say_now_holds_on_an_open_connection() -> None:
    """A reload counts for the next request of a browser that keeps its connection and repeats its fields."""
    async with stage({"HQ": playing(OK)}) as running:
        browser = await running.browser()
        await browser.ask(request())
        running.reload(running.settings.replace("hosts =", "preserve_host = true\nhosts ="))
        await browser.ask(request())
        running.reload(running.settings.replace("[trust]", "[limits]\ntarget_bytes = 64\n[trust]"))
        await browser.ask(request())
        assert (await browser.ask(request(target=b"/" + b"x" * 64))).status == 414
        hosts = [one.values(b"host") for one in requests_in(running.backends["HQ"].raw)]
        assert hosts == [[b"cas.hq.test"], [b"localhost"], [b"cas.hq.test"]]

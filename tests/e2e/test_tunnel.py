"""Upgrades: after 101 bytes pass both ways as they are, until either side closes; other answers are answers."""

import asyncio

import pytest

from tests.stage import OK, Browser, Heard, Script, Stage, stage
from tests.wire import playing, request, requests_in

pytestmark = pytest.mark.e2e

ASKING = request(b"Connection: keep-alive, Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: a==", target=b"/ws")
SWITCHED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: b\r\n\r\n"
)


def switching(then: Script) -> Script:
    """Make a script that agrees to the upgrade and goes on as `then`."""

    async def script(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await heard.head(reader):
            writer.write(SWITCHED)
            await then(heard, reader, writer)

    return script


async def echo(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send everything back."""
    del heard
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()


async def tunnel(running: Stage, early: bytes = b"") -> Browser:
    """Open a tunnel; `early` goes along with the request."""
    browser = await running.browser()
    await browser.send(ASKING + early)
    assert (await browser.head()).startswith(b"HTTP/1.1 101 ")
    return browser


async def test_bytes_pass_both_ways() -> None:
    """The switch is passed on with both its fields, then whatever is sent comes back through the tunnel."""
    async with stage({"HQ": switching(echo)}) as running:
        browser = await running.browser()
        switch = await browser.ask(ASKING)
        assert (switch.status, switch.field(b"upgrade"), switch.field(b"connection")) == (101, b"websocket", b"Upgrade")
        assert switch.field(b"sec-websocket-accept") == b"b"
        assert switch.field(b"content-length") is switch.field(b"transfer-encoding") is None
        for data in (b"\x81\x02hi", b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)) * 4000):
            await browser.send(data)
            assert await browser.reader.readexactly(len(data)) == data
        (asked,) = requests_in(running.backends["HQ"].raw)
        assert (asked.values(b"upgrade"), asked.values(b"connection")) == ([b"websocket"], [b"Upgrade"])
        assert asked.values(b"sec-websocket-key") == [b"a=="]
        browser.close()
        await running.until(lambda: running.access)
        assert running.access[-1].status == 101


async def test_bytes_that_come_early_are_not_lost() -> None:
    """What the browser sends along with its request, and the backend along with its 101, goes through first."""

    async def greeting(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        await echo(heard, reader, writer)

    async with stage({"HQ": switching(greeting)}) as running:
        browser = await tunnel(running, early=b"early")
        assert await browser.reader.readexactly(10) == b"helloearly"
        browser.close()


async def test_the_browsers_end_reaches_the_backend() -> None:
    """When the browser closes, the backend gets what was sent last, and then the end."""

    async def listening(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del writer
        await heard.rest(reader)

    async with stage({"HQ": switching(listening)}) as running:
        browser = await tunnel(running)
        await browser.send(b"last words")
        browser.close()
        (heard,) = running.backends["HQ"].connections
        await running.until(lambda: heard.closed)
        assert heard.raw.endswith(b"last words")
        await running.until(lambda: running.access)
        assert running.access[-1].error == ""


async def test_the_backends_end_reaches_the_browser() -> None:
    """When the backend closes, the browser gets what was sent last, and then the end."""

    async def leaving(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del heard, reader
        writer.write(b"x" * 1_000_000 + b"last words")

    async with stage({"HQ": switching(leaving)}) as running:
        browser = await tunnel(running)
        data = await browser.rest()
        assert len(data) == 1_000_010
        assert data.endswith(b"last words")
        browser.close()


async def test_a_deaf_side_slows_the_other() -> None:
    """What one end of a tunnel does not read stays with the other, in both directions; then all of it arrives."""
    go, size = asyncio.Event(), 30_000_000

    async def deaf(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go.wait()
        await heard.body(reader, size)
        for _ in range(size // 100_000):
            writer.write(b"y" * 100_000)
            await writer.drain()
        await heard.rest(reader)

    async with stage({"HQ": switching(deaf)}) as running:
        browser = await tunnel(running)
        sent = 0

        async def pour() -> None:
            nonlocal sent
            while sent < size:
                await browser.send(b"x" * 100_000)
                sent += 100_000

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(pour())
            await asyncio.sleep(0.4)
            before = sent
            await asyncio.sleep(0.2)
            assert before == sent < 20_000_000
            go.set()
        assert await browser.reader.readexactly(size) == b"y" * size
        browser.close()


@pytest.mark.parametrize("status", [b"200 OK", b"403 Forbidden", b"426 Upgrade Required"])
async def test_a_refused_upgrade_is_an_answer(status: bytes) -> None:
    """A backend that does not switch answers as ever, and the connection goes on."""
    answer = b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\nUpgrade: websocket\r\n\r\nno"
    async with stage({"HQ": playing(answer, OK)}) as running:
        browser = await running.browser()
        first = await browser.ask(ASKING)
        assert (first.status, first.body) == (int(status[:3]), b"no")
        assert (await browser.ask(request())).body == b"ok"
        assert len(running.backends["HQ"].connections) == 1
        browser.close()


@pytest.mark.parametrize(
    "lines",
    [
        (b"Upgrade: websocket",),
        (b"Connection: upgrade",),
        (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMA"),
        (b"Connection: Upgrade", b"Upgrade: TLS/1.3"),
    ],
)
async def test_what_is_no_upgrade_for_us_is_not_asked_for(lines: tuple[bytes, ...]) -> None:
    """Without both fields, or for HTTP/2 and TLS, no upgrade reaches the backend; the request does."""
    async with stage({"HQ": playing(OK)}) as running:
        assert (await running.ask(request(*lines))).status == 200
        (asked,) = requests_in(running.backends["HQ"].raw)
        assert asked.values(b"upgrade") == asked.values(b"connection") == asked.values(b"http2-settings") == []


async def test_http_1_0_cannot_upgrade() -> None:
    """HTTP/1.0 knows no upgrade: the fields go no further."""
    async with stage({"HQ": playing(OK)}) as running:
        assert (await running.ask(ASKING.replace(b"HTTP/1.1", b"HTTP/1.0"))).status == 200
        assert requests_in(running.backends["HQ"].raw)[0].values(b"upgrade") == []


async def test_a_switch_nobody_asked_for_is_refused() -> None:
    """101 to a plain request is 502, and what follows it reaches nobody."""
    async with stage({"HQ": playing(SWITCHED + b"secret")}) as running:
        browser = await running.browser()
        answer = await browser.ask(request())
        assert answer.status == 502
        assert b"error=http_upgrade_failed" in (answer.field(b"proxy-status") or b"")
        assert b"secret" not in answer.body
        browser.close()


async def test_a_pipelined_request_behind_an_upgrade_belongs_to_the_tunnel() -> None:
    """After a refused upgrade what was sent along is the next request, after 101 it is the tunnel's: never both."""
    async with stage({"HQ": playing(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno", OK)}) as running:
        browser = await running.browser()
        await browser.send(ASKING + request(target=b"/next"))
        assert (await browser.answer()).body == b"no"
        assert (await browser.answer()).body == b"ok"
        browser.close()


@pytest.mark.parametrize(
    "body", [b"Content-Length: 5\r\n\r\nfive!", b"Transfer-Encoding: chunked\r\n\r\n5\r\nfive!\r\n0\r\n\r\n"]
)
async def test_a_request_with_a_body_asks_for_no_upgrade(body: bytes) -> None:
    """A switch in the middle of a body would mix it with the tunnel: such a request passes without its Upgrade."""
    async with stage({"HQ": playing(OK)}) as running:
        raw = request(b"Connection: Upgrade", b"Upgrade: websocket", method=b"POST")[:-2] + body
        assert (await running.ask(raw)).status == 200
        (asked,) = requests_in(running.backends["HQ"].raw)
        assert (asked.values(b"upgrade"), asked.body) == ([], b"five!")

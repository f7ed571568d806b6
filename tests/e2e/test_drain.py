"""The end of the service: what is in flight finishes, what is idle closes, nobody new is let in."""

import asyncio

import pytest

from tests.e2e.test_tunnel import echo, switching, tunnel
from tests.stage import Heard, Stage, stage
from tests.wire import request

pytestmark = pytest.mark.e2e


class Slow:
    """A backend that begins its answers at once and finishes them when the test says so."""

    def __init__(self, begin: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no") -> None:
        self.begin = begin
        self.go = asyncio.Event()

    async def script(self, heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Play it."""
        while await heard.head(reader):
            writer.write(self.begin)
            await self.go.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"[len(self.begin) :])


def draining(running: Stage) -> asyncio.Future[bool]:
    """Begin to drain."""
    assert running.worker is not None
    return asyncio.ensure_future(running.proxy.drain())


@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"])
async def test_what_is_in_flight_finishes(begin: bytes) -> None:
    """Answers that are awaited or under way arrive whole, then their connections close; the drain is a clean one."""
    slow = Slow(begin)
    async with stage({"HQ": slow.script}) as running:
        browsers = [await running.browser() for _ in range(5)]
        for browser in browsers:
            await browser.send(request())
        await running.until(lambda: len(running.backends["HQ"].connections) == 5)
        drained = draining(running)
        await running.until(lambda: running.seen(1012))
        slow.go.set()
        for browser in browsers:
            assert (await browser.answer()).body == b"ok"
            assert await browser.rest() == b""
            browser.close()
        assert await drained


async def test_an_answer_to_come_says_that_it_is_the_last() -> None:
    """An answer whose head is written while draining carries `Connection: close`."""
    slow = Slow(b"")
    async with stage({"HQ": slow.script}) as running:
        browser = await running.browser()
        await browser.send(request() + request())
        await running.until(lambda: running.backends["HQ"].raw)
        drained = draining(running)
        await running.until(lambda: running.seen(1012))
        slow.go.set()
        assert (await browser.answer()).field(b"connection") == b"close"
        assert await browser.rest() == b""
        assert running.backends["HQ"].raw.count(b"GET ") == 1
        browser.close()
        assert await drained


async def test_idle_connections_close_and_new_ones_are_refused() -> None:
    """A browser without a request in flight is closed at once, and the port refuses connections."""
    slow = Slow()
    async with stage({"HQ": slow.script}) as running:
        running.apart_port = running.port  # a closed listener does not know it any more
        idle, busy = await running.browser(), await running.browser()
        await busy.send(request())
        await running.until(lambda: running.backends["HQ"].raw)
        drained = draining(running)
        assert await idle.rest() == b""
        with pytest.raises(ConnectionRefusedError):
            await running.browser()
        assert not drained.done()
        assert running.worker is not None
        assert not running.proxy.state.is_ready()
        slow.go.set()
        assert (await busy.answer()).body == b"ok"
        busy.close()
        assert await drained


async def test_what_outlasts_the_drain_is_cut_visibly() -> None:
    """After `timeouts.drain` the draining ends as one that cut something off; the browser sees a broken answer."""
    slow = Slow()
    async with stage({"HQ": slow.script}, settings='[timeouts]\ndrain = "300ms"') as running:
        browser = await running.browser()
        await browser.send(request())
        await running.until(lambda: running.backends["HQ"].raw)
        assert running.worker is not None
        assert not await running.proxy.drain()
        await running.proxy.stop()
        assert (await browser.rest()).endswith(b"\r\n\r\no")
        browser.close()


async def test_a_body_on_its_way_up_arrives() -> None:
    """A request whose body is still being sent when the draining begins reaches the backend whole."""

    async def script(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard.head(reader)
        for _ in range(2):
            await heard.body(reader, 5)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async with stage({"HQ": script}) as running:
        browser = await running.browser()
        await browser.send(request(b"Content-Length: 10", method=b"PUT") + b"01234")
        await running.until(lambda: running.backends["HQ"].raw.endswith(b"01234"))
        drained = draining(running)
        await running.until(lambda: running.seen(1012))
        await browser.send(b"56789")
        assert (await browser.answer()).body == b"ok"
        browser.close()
        assert await drained
        assert running.backends["HQ"].raw.endswith(b"0123456789")


async def test_a_tunnel_is_ended_politely() -> None:
    """What was sent arrives on both sides, then both get an end in good order, and nothing was cut off."""
    async with stage({"HQ": switching(echo)}) as running:
        browser = await tunnel(running)
        await browser.send(b"last words")
        assert await browser.reader.readexactly(10) == b"last words"
        drained = await running.proxy.drain()
        rest = await browser.rest()
        (heard,) = running.backends["HQ"].connections
        await running.until(lambda: running.access)

        assert (drained, rest, running.access[-1].error) == (True, b"", "")
        await running.until(lambda: heard.closed or not running.worker._plant.pools.states()[0][1].open)

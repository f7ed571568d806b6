"""Memory and descriptors of the process stay bounded, whatever the size of a body and the speed of its reader."""

import asyncio

import pytest

from tests.process import Served, serving
from tests.stage import OK, Heard, Script, Stage, stage
from tests.wire import request

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

GIB = 1 << 30
PIECE = bytes(1 << 18)
GROWTH = 32 * 1024
"""KiB over the idle process."""
UNLIMITED = "[limits]\nbody_bytes = 0"


class Peak:
    """The largest resident memory seen, against that of the process after one request."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._idle = served.resident
        self._most = self._idle

    def look(self) -> None:
        """Measure."""
        self._most = max(self._most, self._served.resident)

    @property
    def growth(self) -> int:
        """KiB above idle."""
        self.look()
        return self._most - self._idle


async def warm(running: Stage, served: Served) -> Peak:
    """Ask once and begin to measure."""
    assert (await running.ask(request(target=b"/warm"))).status == 200
    await asyncio.sleep(0.3)
    return Peak(served)


def large(up: dict[str, int], gate: asyncio.Event | None = None) -> Script:
    """Answer /warm; take a PUT of any size, after `gate` if there is one; answer anything else with a GiB."""

    async def script(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await heard.head(reader):
            if b" /warm " in head:
                writer.write(OK)
                continue
            if head.startswith(b"PUT"):
                if gate is not None:
                    await gate.wait()
                while up["bytes"] < GIB and (data := await reader.read(1 << 18)):
                    up["bytes"] += len(data)
                writer.write(OK)
                continue
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % GIB)
            for _ in range(GIB // len(PIECE)):
                writer.write(PIECE)
                await writer.drain()

    return script


async def test_a_gibibyte_down() -> None:
    """A download of 1 GiB passes through a process that hardly grows."""
    async with stage({"HQ": large({})}, apart=True) as running, serving(running) as served:
        peak = await warm(running, served)
        browser = await running.browser()
        await browser.send(request())
        assert b"Content-Length: %d\r\n" % GIB in await browser.head()
        left = GIB
        while left and (data := await browser.reader.read(1 << 20)):
            left -= len(data)
            if (left >> 17) % 50 == 0:
                peak.look()
        assert (left, peak.growth < GROWTH) == (0, True), (
            peak.growth,
            served.process.returncode,
            served.errors[-3:],
        )
        browser.close()


async def test_a_gibibyte_up() -> None:
    """An upload of 1 GiB, the limit lifted, passes through a process that hardly grows."""
    up = {"bytes": 0}
    async with stage({"HQ": large(up)}, settings=UNLIMITED, apart=True) as running, serving(running) as served:
        peak = await warm(running, served)
        browser = await running.browser()
        await browser.send(request(b"Content-Length: %d" % GIB, method=b"PUT"))
        for number in range(GIB // len(PIECE)):
            await browser.send(PIECE)
            if number % 64 == 0:
                peak.look()
        assert (await browser.answer()).status == 200
        assert (up["bytes"], peak.growth < GROWTH) == (GIB, True), peak.growth
        browser.close()


async def test_a_browser_that_reads_slowly() -> None:
    """While a browser reads 100 KiB/s, a fast backend is held back instead of being buffered."""
    async with stage({"HQ": large({})}, apart=True) as running, serving(running) as served:
        peak = await warm(running, served)
        browser = await running.browser()
        await browser.send(request())
        await browser.head()
        for _ in range(20):
            assert await browser.reader.readexactly(25_600)
            await asyncio.sleep(0.25)
            peak.look()
        assert peak.growth < GROWTH, peak.growth


async def test_a_backend_that_does_not_read() -> None:
    """While a backend is deaf, a browser that sends is held back; when it listens, everything arrives."""
    up, gate = {"bytes": 0}, asyncio.Event()
    async with stage({"HQ": large(up, gate)}, settings=UNLIMITED, apart=True) as running, serving(running) as served:
        peak = await warm(running, served)
        browser = await running.browser()
        await browser.send(request(b"Content-Length: %d" % GIB, method=b"PUT"))
        sent = 0
        try:
            while True:
                async with asyncio.timeout(2.0):
                    await browser.send(PIECE)
                sent += 1
        except TimeoutError:
            sent += 1  # it waits in the browser's own buffer
        assert sent * len(PIECE) < GIB // 4
        assert peak.growth < GROWTH, peak.growth
        gate.set()
        await running.until(lambda: up["bytes"] == sent * len(PIECE))


async def test_aborted_browsers_leave_nothing() -> None:
    """300 browsers that go away, before an answer or within it, leave no descriptor here and none at the backend."""

    async def script(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await heard.head(reader):
            if b" /warm " in head:
                writer.write(OK)
                continue
            if b" /body " in head:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
            await heard.rest(reader)

    # Connections whose browser left before they came about rest in the pool: they are not leaked, but are waited for.
    settings = '[timeouts]\nkeep_alive = "1s"'
    async with stage({"HQ": script}, settings=settings, apart=True) as running, serving(running) as served:
        await warm(running, served)
        before = served.descriptors
        for target in (b"/head", b"/body", b"/post"):
            browsers = await asyncio.gather(*(running.browser() for _ in range(100)))
            lines = (b"Content-Length: 100",) if target == b"/post" else ()
            for browser in browsers:
                await browser.send(request(*lines, target=target, method=b"POST" if lines else b"GET"))
            if target == b"/body":
                await asyncio.gather(*(browser.head() for browser in browsers))
            for browser in browsers:
                browser.writer.transport.abort()
        await served.until(lambda: served.descriptors <= before)
        await served.until(lambda: sum(not heard.closed for heard in running.backends["HQ"].connections) <= 1)
        assert (await running.ask(request(target=b"/warm"))).status == 200

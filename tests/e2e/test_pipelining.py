"""Requests sent ahead: answered one by one in their order, and only so many are taken in."""

import asyncio

import pytest

from tests.stage import OK, Browser, Heard, stage
from tests.wire import hear, playing, request, requests_in

pytestmark = pytest.mark.e2e


async def echo(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each request with its target."""
    while head := await hear(heard, reader):
        target = head.split(b" ")[1]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(target), target))
        await writer.drain()


async def bodies(browser: Browser, count: int) -> list[bytes]:
    """Read so many answers."""
    return [(await browser.answer()).body for _ in range(count)]


async def test_answers_come_in_the_order_of_the_requests() -> None:
    """Fifty requests in one write, with and without bodies, are answered in their order."""
    async with stage({"HQ": echo}) as running:
        browser = await running.browser()
        targets = [b"/owa/%d" % number for number in range(50)]
        kinds = [
            lambda target: request(target=target),
            lambda target: request(target=target, method=b"POST", body=b"\r\n\r\nGET /no HTTP/1.1\r\n\r\n"),
            lambda target: (
                request(b"Transfer-Encoding: chunked", target=target, method=b"PUT") + b"3\r\nabc\r\n0\r\n\r\n"
            ),
        ]
        await browser.send(b"".join(kinds[number % 3](target) for number, target in enumerate(targets)))
        assert await bodies(browser, 50) == targets
        assert [one.target for one in requests_in(running.backends["HQ"].raw)] == targets
        browser.close()


async def test_a_request_waits_for_the_answer_before_it() -> None:
    """The second request of a browser goes out only when the first has been answered."""
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await hear(heard, reader):
            asked.set()
            await go.wait()
            writer.write(OK)

    async with stage({"HQ": slow}) as running:
        browser = await running.browser()
        await browser.send(request(target=b"/1") + request(target=b"/2"))
        await asked.wait()
        await asyncio.sleep(0.05)
        assert [one.target for one in requests_in(running.backends["HQ"].raw)] == [b"/1"]
        go.set()
        assert await bodies(browser, 2) == [b"ok", b"ok"]
        browser.close()


async def test_what_follows_a_refusal_that_keeps_the_connection_is_answered() -> None:
    """A misdirected request among others is answered 421 in its place."""
    async with stage({"HQ": echo}) as running:
        running.reload(running.settings.replace("default = true", "default = false"))
        browser = await running.browser()
        good = request(target=b"/1", host=b"hq.localhost")
        await browser.send(good + request(host=b"nobody.example") * 100 + good)
        statuses = [(await browser.answer()).status for _ in range(102)]
        assert statuses == [200, *[421] * 100, 200]
        browser.close()


async def test_what_follows_a_broken_request_is_never_read() -> None:
    """The request before a broken one is answered, the broken one gets 400, and then the connection ends."""
    async with stage({"HQ": echo}) as running:
        browser = await running.browser()
        await browser.send(request(target=b"/1") + request(b"X-A : b") + request(target=b"/3"))
        assert (await browser.answer()).body == b"/1"
        assert (await browser.answer()).status == 400
        assert await browser.rest() == b""
        assert [one.target for one in requests_in(running.backends["HQ"].raw)] == [b"/1"]
        browser.close()


async def test_nothing_follows_connection_close() -> None:
    """A request behind `Connection: close` is not read (RFC 9112 §9.6)."""
    async with stage({"HQ": echo}) as running:
        browser = await running.browser()
        await browser.send(request(b"Connection: close", target=b"/1") + request(target=b"/2"))
        assert (await browser.answer()).body == b"/1"
        assert await browser.rest() == b""
        assert len(requests_in(running.backends["HQ"].raw)) == 1
        browser.close()


async def test_nothing_follows_an_answer_until_close() -> None:
    """An HTTP/1.0 browser sees the end of an endless answer; a request behind it is not read."""
    until_close = b"HTTP/1.1 200 OK\r\n\r\nhello"
    async with stage({"HQ": playing(until_close, close=True)}) as running:
        browser = await running.browser()
        await browser.send(request(b"Connection: keep-alive", minor=0) + request(target=b"/2"))
        answer = await browser.answer()
        assert (answer.field(b"connection"), answer.body) == (b"close", b"hello")
        assert len(requests_in(running.backends["HQ"].raw)) == 1
        browser.close()


async def test_no_more_is_read_than_may_wait() -> None:
    """While one request is being answered the proxy stops reading, and reads on when the answer has gone out."""
    go = asyncio.Event()

    async def slow(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await hear(heard, reader):
            await go.wait()
            writer.write(OK)

    async with stage({"HQ": slow}, settings="[limits]\npipelined_requests = 4\n") as running:
        browser = await running.browser()
        padding = b"X-A: " + b"a" * 16_000
        one = request(padding, padding, padding)
        sent = 0

        async def pour() -> None:
            nonlocal sent
            while sent < 400:  # 19 MB, more than the kernel keeps
                await browser.send(one)
                sent += 1

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(pour())
            await running.until(lambda: running.backends["HQ"].raw)
            await asyncio.sleep(0.3)
            before = sent
            await asyncio.sleep(0.2)
            assert before == sent < 300
            go.set()
            assert await bodies(browser, 400) == [b"ok"] * 400
        browser.close()


async def test_a_browser_that_leaves_takes_its_waiting_requests_along() -> None:
    """Requests that wait behind one that is being answered never reach the backend when the browser has gone."""
    asked = asyncio.Event()

    async def deaf(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del writer
        await heard.head(reader)
        asked.set()
        await heard.rest(reader)

    async with stage({"HQ": deaf}) as running:
        browser = await running.browser()
        await browser.send(request(target=b"/1") + request(target=b"/2"))
        await asked.wait()
        browser.close()
        backend = running.backends["HQ"]
        await running.until(lambda: all(heard.closed for heard in backend.connections))
        assert [one.target for one in requests_in(backend.raw)] == [b"/1"]

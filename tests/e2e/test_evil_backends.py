"""Backends whose answers break HTTP's rules: 502 with event 1003, and that connection is never used again."""

import asyncio

import pytest

from tests.stage import OK, Heard, Script, Stage, answering, stage
from tests.wire import hear, request, requests_in

pytestmark = pytest.mark.e2e

TEXT = b"HTTP/1.1 200 OK\r\n"
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"


def once(data: bytes, *, close: bool = False) -> Script:
    """Answer the very first request with these bytes; every connection after that one behaves."""
    good = answering(OK)
    played: list[bytes] = []

    async def script(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if played:
            await good(heard, reader, writer)
            return
        played.append(await hear(heard, reader))
        writer.write(data)
        await writer.drain()
        if close:
            heard.closed = True
        else:
            await heard.rest(reader)

    return script


async def assert_dropped(running: Stage) -> None:
    """Hold that the first connection is closed, and that the next browser is answered over another one."""
    answer = await running.ask(request(b"X-Next: yes"))
    backend = running.backends["HQ"]
    assert (answer.status, answer.body) == (200, b"ok")
    await running.until(lambda: backend.connections[0].closed)
    assert [len(requests_in(heard.raw)) for heard in backend.connections] == [1, 1]


BROKEN_HEADS = {
    "length and chunked": TEXT + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "chunked and length": TEXT + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "two lengths": TEXT + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
    "two equal lengths": TEXT + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    "list of lengths": TEXT + b"Content-Length: 2, 2\r\n\r\nok",
    "signed length": TEXT + b"Content-Length: +2\r\n\r\nok",
    "negative length": TEXT + b"Content-Length: -2\r\n\r\nok",
    "hexadecimal length": TEXT + b"Content-Length: 0x2\r\n\r\nok",
    "huge length": TEXT + b"Content-Length: 99999999999999999999\r\n\r\nok",
    "empty length": TEXT + b"Content-Length:\r\n\r\nok",
    "two codings": TEXT + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "identity": TEXT + b"Transfer-Encoding: identity\r\n\r\nok",
    "chunked twice": TEXT + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked in 1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "bare LF in a value": TEXT + b"X-A: b\nSet-Cookie: evil=1\r\nContent-Length: 2\r\n\r\nok",
    "bare CR in a value": TEXT + b"X-A: b\rSet-Cookie: evil=1\r\nContent-Length: 2\r\n\r\nok",
    "NUL in a value": TEXT + b"X-A: b\0c\r\nContent-Length: 2\r\n\r\nok",
    "NUL in the reason": b"HTTP/1.1 200 O\0K\r\nContent-Length: 2\r\n\r\nok",
    "folded line": TEXT + b"X-A: b\r\n c\r\nContent-Length: 2\r\n\r\nok",
    "space before the colon": TEXT + b"Content-Length : 2\r\n\r\nok",
    "no colon": TEXT + b"Content-Length 2\r\n\r\nok",
    "bare line feeds": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok\r\n\r\n",
    "status 099": b"HTTP/1.1 099 Low\r\nContent-Length: 2\r\n\r\nok",
    "status 600": b"HTTP/1.1 600 High\r\nContent-Length: 2\r\n\r\nok",
    "status 2000": b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok",
    "status of letters": b"HTTP/1.1 two OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/2.0": b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/0.9": b"<html>no head at all</html>\r\n\r\n",
    "HTTP/1.2": b"HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "lower case": b"http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "a request": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "101 unasked": b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "huge field": TEXT + b"X-A: " + b"a" * 20_000 + b"\r\nContent-Length: 2\r\n\r\nok",
    "many fields": TEXT + b"X-A: b\r\n" * 150 + b"Content-Length: 2\r\n\r\nok",
    "huge head": TEXT + b"X-A: %s\r\n" % (b"a" * 8000) * 9 + b"Content-Length: 2\r\n\r\nok",
    "endless head": TEXT + b"X-A: b\r\n" * 20_000,
    "endless 100": b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + OK,
    "endless 103": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 50 + OK,
    "malformed 103": b"HTTP/1.1 103 Early Hints\r\nX-A: b\nX: c\r\n\r\n" + OK,
    "a chunk in the first read": TEXT + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", BROKEN_HEADS)
async def test_a_broken_answer_is_502(name: str) -> None:
    """An answer that is none is 502 with one event 1003; not a field of it reaches the browser."""
    async with stage({"HQ": once(BROKEN_HEADS[name])}) as running:
        browser = await running.browser()
        await browser.send(request())
        answer = await browser.answer()
        while answer.status == 103:
            answer = await browser.answer()
        while answer.status == 100:
            answer = await browser.answer()
        (event,) = running.seen(1003)
        assert answer.status == 502
        assert b"evil" not in answer.raw_head + answer.body
        assert event.parameters == ("CAS01", "cas.hq.test")
        assert event.request_id.encode() == answer.field(b"x-request-id")
        assert (answer.field(b"proxy-status") or b"").startswith(b"CAS01; error=http_")
        assert running.seen(1006) == []
        await assert_dropped(running)
        browser.close()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200",
        TEXT,
        TEXT + b"Content-Le",
        TEXT + b"Content-Length: 2\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
async def test_an_end_within_the_head_is_502(data: bytes) -> None:
    """A backend that closes before its head is complete is 502 with event 1003."""
    async with stage({"HQ": once(data, close=True)}) as running:
        browser = await running.browser()
        await browser.send(request())
        answer = await browser.answer()
        if answer.status == 100:
            answer = await browser.answer()
        assert (answer.status, len(running.seen(1003))) == (502, 1)
        await assert_dropped(running)
        browser.close()


@pytest.mark.parametrize("protocol", [b"h2c", b"telnet", b"websocket, telnet", b""])
async def test_another_protocol_than_asked_for_is_502(protocol: bytes) -> None:
    """A backend that switches to a protocol the browser did not offer is 502: a tunnel is for what was asked."""
    switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + protocol + b"\r\n\r\n"
    async with stage({"HQ": once(switch)}) as running:
        answer = await running.ask(request(b"Connection: Upgrade", b"Upgrade: websocket"))
        assert (answer.status, len(running.seen(1003))) == (502, 1)
        await assert_dropped(running)


@pytest.mark.parametrize(
    ("whole", "body"),
    [
        (OK, b"ok"),
        (TEXT + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 44\r\n\r\n", b""),
    ],
)
async def test_bytes_after_the_end_reach_nobody(whole: bytes, body: bytes) -> None:
    """What follows a complete answer is thrown away with its connection: neither this browser nor the next gets it."""
    async with stage({"HQ": once(whole + EVIL)}) as running:
        browser = await running.browser()
        answer = await browser.ask(request())
        assert (answer.status in (200, 204, 304), answer.body) == (True, body)
        assert (await browser.ask(request(b"X-Next: yes"))).body == b"ok"
        browser.close()
        await running.until(lambda: running.backends["HQ"].connections[0].closed)
        assert b"X-Next" not in running.backends["HQ"].connections[0].raw


async def test_a_body_after_head_reaches_nobody() -> None:
    """A body that a backend sends in answer to HEAD is thrown away with its connection."""
    async with stage({"HQ": once(OK)}) as running:
        browser = await running.browser()
        head = await browser.ask(request(method=b"HEAD"), to_head=True)
        assert (head.status, head.field(b"content-length")) == (200, b"2")
        assert (await browser.ask(request())).raw_head.startswith(b"HTTP/1.1 200 OK\r\n")
        browser.close()
        await assert_dropped_first(running)


@pytest.mark.parametrize("lines", [b"Content-Length: 5", b"Transfer-Encoding: chunked"])
async def test_204_with_a_body_is_the_last_on_its_connection(lines: bytes) -> None:
    """A 204 that announces a body is passed on without one, and its connection is closed: the body might follow."""
    async with stage({"HQ": once(b"HTTP/1.1 204 No Content\r\n" + lines + b"\r\n\r\n")}) as running:
        answer = await running.ask(request())
        assert (answer.status, answer.field(lines.partition(b":")[0])) == (204, None)
        await assert_dropped(running)


async def assert_dropped_first(running: Stage) -> None:
    """Hold that the first connection brought one request and was closed."""
    first = running.backends["HQ"].connections[0]
    await running.until(lambda: first.closed)
    assert len(requests_in(first.raw)) == 1


async def test_an_answer_before_the_request_has_ended_closes() -> None:
    """An early answer is passed on whole; the connections on both sides carry nothing else afterwards."""
    async with stage({"HQ": once_to_the_head(OK)}) as running:
        browser = await running.browser()
        await browser.send(request(b"Content-Length: 100000", method=b"POST") + b"a" * 100)
        answer = await browser.answer()
        assert (answer.status, answer.body, answer.field(b"connection")) == (200, b"ok", b"close")
        assert await browser.rest() == b""
        browser.close()
        await running.until(lambda: running.backends["HQ"].connections[0].closed)
        assert (await running.ask(request())).body == b"ok"
        assert len(running.backends["HQ"].connections) == 2


def once_to_the_head(data: bytes) -> Script:
    """Answer the first request as soon as its head is there, and read on; later connections behave."""
    good = answering(OK)
    played: list[bytes] = []

    async def script(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if played:
            await good(heard, reader, writer)
            return
        played.append(await heard.head(reader))
        writer.write(data)
        await heard.rest(reader)

    return script

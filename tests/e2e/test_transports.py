"""The same on every event loop and TLS engine that users may have installed."""

import asyncio
import hashlib
import random

import pytest

from proxy.model.wire import Transports
from proxy.service.transports import Choice
from tests.loopback import KINDS, run_on
from tests.stage import OK, Heard, answering, stage

pytestmark = pytest.mark.e2e

GET = b"GET /owa/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
LARGE = random.Random(43).randbytes(3_000_000)


@pytest.mark.parametrize("kind", KINDS)
def test_small_requests_share_a_connection(kind):
    """Requests of every framing pass, one after the other, on one connection to the backend."""

    async def work(transports: Transports):
        async with stage({"HQ": answering(OK)}, choice=Choice(transports, kind)) as running:
            browser = await running.browser()
            post = b"POST /owa/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"
            statuses = [(await browser.ask(request)).status for request in (GET, post, GET)]
            browser.close()
            return statuses, len(running.backends["HQ"].connections)

    assert run_on(kind, work) == ([200, 200, 200], 1)


@pytest.mark.parametrize("kind", KINDS)
def test_large_bodies_arrive_whole(kind):
    """Three megabytes up and down, by length and in chunks, are the same bytes at the other end."""

    async def script(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        await heard.head(reader)
        body = await heard.body(reader, len(LARGE))
        assert hashlib.sha256(body).digest() == hashlib.sha256(LARGE).digest()
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body))
        writer.write(body + b"\r\n0\r\n\r\n")
        await writer.drain()

    async def work(transports: Transports):
        async with stage({"HQ": script}, choice=Choice(transports, kind)) as running:
            head = b"PUT /owa/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(LARGE)
            answer = await running.ask(head + LARGE)
            return answer.status, answer.body == LARGE

    assert run_on(kind, work) == (200, True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_until_the_close_ends_with_close_notify(kind):
    """A body without length is passed on as whole when the backend ends TLS in good order."""

    async def work(transports: Transports):
        script = answering(b"HTTP/1.1 200 OK\r\n\r\nall of it", close=True)
        async with stage({"HQ": script}, choice=Choice(transports, kind)) as running:
            answer = await running.ask(GET)
            return answer.field(b"transfer-encoding"), answer.body

    assert run_on(kind, work) == (b"chunked", b"all of it")


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_cut_short_is_seen_to_be_short(kind):
    """A body without length that ends without close_notify gets no last chunk (RFC 9112 §9.8)."""

    async def script(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        await heard.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhalf of")
        await writer.drain()
        writer.transport.abort()

    async def work(transports: Transports):
        async with stage({"HQ": script}, choice=Choice(transports, kind)) as running:
            browser = await running.browser()
            await browser.send(GET)
            rest = await browser.rest()
            browser.close()
            return rest.endswith(b"0\r\n\r\n"), bool(running.seen(1003))

    assert run_on(kind, work) == (False, True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_refusal_sends_nothing(kind):
    """At 0 a backend that is not trusted hears nothing, and there is one 43."""

    async def work(transports: Transports):
        trust = "allow_internal_untrusted_certs = 0"
        choice = Choice(transports, kind)
        async with stage({"HQ": answering(OK)}, faults={"HQ": "expired"}, settings=trust, choice=choice) as running:
            answer = await running.ask(GET)
            events = [(event.reason, event.code) for event in running.seen(43)]
            return answer.status, events, running.backends["HQ"].raw

    assert run_on(kind, work) == (502, [("expired", 10)], b"")


@pytest.mark.parametrize("kind", KINDS)
def test_a_tunnel_carries_both_ways(kind):
    """After 101 bytes pass in both directions until one side closes."""

    async def script(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        await heard.head(reader)
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello ")
        while data := await reader.read(1000):
            writer.write(data.upper())

    async def work(transports: Transports):
        async with stage({"HQ": script}, choice=Choice(transports, kind)) as running:
            browser = await running.browser()
            await browser.send(b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
            head = await browser.head()
            await browser.send(b"world")
            async with asyncio.timeout(5):
                said = await browser.reader.readexactly(11)
            browser.close()
            return head.split(b" ")[1], said

    assert run_on(kind, work) == (b"101", b"hello WORLD")

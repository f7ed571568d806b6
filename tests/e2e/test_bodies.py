"""Bodies in both directions: each framing, streamed; answers without one; waiting for permission to send one."""

import asyncio
import random

import pytest

from tests.stage import OK, Heard, stage
from tests.wire import hear, playing, request, requests_in

pytestmark = pytest.mark.e2e

LARGE = random.Random(7).randbytes(1_500_000)


def chunks(data: bytes, size: int) -> bytes:
    """Frame data in chunks of a size."""
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


async def test_a_body_with_its_length_goes_up_whole() -> None:
    """Content-Length: the backend gets the same length and the same bytes."""
    async with stage({"HQ": playing(OK)}) as running:
        assert (await running.ask(request(method=b"PUT", body=LARGE))).status == 200
        (one,) = requests_in(running.backends["HQ"].raw)
        assert one.values(b"content-length") == [b"1500000"]
        assert one.body == LARGE
        assert running.access[-1].bytes_in == 1_500_000


@pytest.mark.parametrize("size", [997, 40_000, 1_500_000])
async def test_a_chunked_body_goes_up_chunked(size: int) -> None:
    """Chunked: the bytes arrive as they were, however they were cut."""
    async with stage({"HQ": playing(OK)}) as running:
        head = request(b"Transfer-Encoding: chunked", method=b"PUT")
        assert (await running.ask(head + chunks(LARGE, size))).status == 200
        (one,) = requests_in(running.backends["HQ"].raw)
        assert one.values(b"transfer-encoding") == [b"chunked"]
        assert one.body == LARGE


@pytest.mark.parametrize("coding", [b"chunked", b"Chunked", b"CHUNKED"])
async def test_extensions_and_trailers_go_no_further_up(coding: bytes) -> None:
    """Chunk extensions and trailer fields are checked and dropped, the body stays."""
    async with stage({"HQ": playing(OK)}) as running:
        head = request(b"Transfer-Encoding: " + coding, b"Trailer: X-CASProxy-Trust", method=b"PUT")
        body = b'3;a=b;c="d"\r\nabc\r\n0003\r\ndef\r\n0;x\r\nX-CASProxy-Trust: trusted\r\nA: b\r\n\r\n'
        assert (await running.ask(head + body)).status == 200
        (one,) = requests_in(running.backends["HQ"].raw)
        assert one.body == b"abcdef"
        assert running.backends["HQ"].raw.count(b"X-CASProxy-Trust") == 1
        assert one.values(b"trailer") == []


async def test_no_body_is_not_an_empty_one() -> None:
    """A POST of nothing keeps its `Content-Length: 0`; a GET gets no framing field."""
    async with stage({"HQ": playing(OK)}) as running:
        await running.ask(request(b"Content-Length: 0", method=b"POST"))
        await running.ask(request())
        first, second = requests_in(running.backends["HQ"].raw)
        assert first.values(b"content-length") == [b"0"]
        assert second.values(b"content-length") == second.values(b"transfer-encoding") == []


@pytest.mark.parametrize("minor", [1, 0])
@pytest.mark.parametrize("framing", ["length", "chunked", "until close"])
async def test_an_answer_comes_down_whole(framing: str, minor: int) -> None:
    """Each framing of a backend reaches HTTP/1.1 and HTTP/1.0 as one that they understand, with the same bytes."""
    answer = {
        "length": b"HTTP/1.1 200 OK\r\nContent-Length: 1500000\r\n\r\n" + LARGE,
        "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(LARGE, 9000),
        "until close": b"HTTP/1.1 200 OK\r\n\r\n" + LARGE,
    }[framing]
    async with stage({"HQ": playing(answer, close=framing == "until close")}) as running:
        browser = await running.browser()
        got = await browser.ask(request(minor=minor))
        assert got.body == LARGE
        assert running.access[-1].bytes_out == 1_500_000
        codings, lengths = got.fields(b"transfer-encoding"), got.fields(b"content-length")
        if framing == "length":
            assert (codings, lengths) == ([], [b"1500000"])
        elif minor:
            assert (codings, lengths) == ([b"chunked"], [])
            assert got.field(b"connection") is None
        else:
            assert (codings, lengths) == ([], [])
            assert got.field(b"connection") == b"close"
        browser.close()


async def test_extensions_and_trailers_go_no_further_down() -> None:
    """What a backend adds to its chunks is dropped, and its connection is used again."""
    answer = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2;a=b\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"
    )
    async with stage({"HQ": playing(answer)}) as running:
        browser = await running.browser()
        for _ in range(2):
            got = await browser.ask(request())
            assert got.body == b"ok"
            assert got.field(b"trailer") is None
        assert len(running.backends["HQ"].connections) == 1
        browser.close()


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_answers_that_have_no_body(status: bytes) -> None:
    """204 and 304 end with their head; a 304 may announce a length; the next answer is read right."""
    more = b"Content-Length: 1234\r\n" if status.startswith(b"304") else b""
    bodiless = b"HTTP/1.1 " + status + b'\r\nETag: "a"\r\n' + more + b"\r\n"
    async with stage({"HQ": playing(bodiless, OK)}) as running:
        browser = await running.browser()
        first = await browser.ask(request(b'If-None-Match: "a"'))
        assert first.status == int(status[:3])
        assert first.field(b"content-length") == (b"1234" if more else None)
        assert first.field(b"transfer-encoding") is None
        assert (await browser.ask(request())).body == b"ok"
        assert len(running.backends["HQ"].connections) == 1
        browser.close()


async def test_permission_to_send_passes() -> None:
    """`Expect: 100-continue`: the backend is asked at once, its 100 passes, then the body."""

    async def patient(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert b"Expect: 100-continue\r\n" in await heard.head(reader)
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert await heard.body(reader, 5) == b"five!"
        writer.write(OK)
        await heard.rest(reader)

    async with stage({"HQ": patient}) as running:
        browser = await running.browser()
        asking = request(b"Expect: 100-continue", b"Content-Length: 5", method=b"POST")
        assert (await browser.ask(asking)).status == 100
        assert (await browser.ask(b"five!")).body == b"ok"
        assert [entry.status for entry in running.access] == [200]
        browser.close()


async def test_a_final_answer_instead_of_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend that answers finally at once is heard; the body is not asked for, and neither connection goes on."""
    monkeypatch.setattr("proxy.front.connection.LINGER_SECONDS", 0.2)

    async def refusing(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await heard.head(reader):
            writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")

    async with stage({"HQ": refusing}) as running:
        browser = await running.browser()
        asking = request(b"Expect: 100-continue", b"Content-Length: 5", method=b"POST")
        answer = await browser.ask(asking)
        assert (answer.status, answer.body, answer.field(b"connection")) == (401, b"no", b"close")
        await browser.send(b"five!" + request(target=b"/smuggled"))
        assert await browser.rest() == b""
        (heard,) = running.backends["HQ"].connections
        await running.until(lambda: heard.closed)
        assert requests_in(heard.raw, may_be_cut=True) == []
        assert b"five!" not in heard.raw
        browser.close()


async def test_a_browser_that_does_not_wait_for_permission() -> None:
    """A body that comes along with the expectation reaches the backend after its head."""
    async with stage({"HQ": playing(b"HTTP/1.1 100 Continue\r\n\r\n" + OK)}) as running:
        browser = await running.browser()
        assert (await browser.ask(request(b"Expect: 100-continue", method=b"POST", body=b"five!"))).status == 100
        assert (await browser.answer()).status == 200
        assert requests_in(running.backends["HQ"].raw)[0].body == b"five!"
        browser.close()


async def test_interim_answers_pass_to_http_1_1_alone() -> None:
    """103 reaches HTTP/1.1 before the answer, with its fields; HTTP/1.0 knows none."""
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nConnection: x\r\nX: y\r\n\r\n"
    async with stage({"HQ": playing(early + early + OK)}) as running:
        browser = await running.browser()
        for _ in range(2):
            hint = await (browser.ask(request()) if not _ else browser.answer())
            assert (hint.status, hint.field(b"link"), hint.field(b"x")) == (103, b"</a.css>; rel=preload", None)
        assert (await browser.answer()).status == 200
        browser.close()
        assert (await running.ask(request(minor=0))).status == 200


async def test_pieces_pass_as_they_come() -> None:
    """A notification's first chunk is at the browser before the backend sends the second; so it is upwards."""
    go = asyncio.Event()

    async def dripping(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard.head(reader)
        await heard.body(reader, 6)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        await go.wait()
        writer.write(b"3\r\ntwo\r\n0\r\n\r\n")
        await hear(heard, reader)

    async with stage({"HQ": dripping}) as running:
        browser = await running.browser()
        await browser.send(request(b"Content-Length: 6", method=b"POST") + b"one")
        await running.until(lambda: running.backends["HQ"].raw)
        await browser.send(b"two")
        await browser.head()
        assert await browser.reader.readexactly(8) == b"3\r\none\r\n"
        go.set()
        assert await browser.reader.readexactly(13) == b"3\r\ntwo\r\n0\r\n\r\n"
        browser.close()


async def test_a_slow_browser_slows_the_backend() -> None:
    """What a browser does not read stays with the backend: only buffers fill, not memory."""
    sent = 0

    async def pouring(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await heard.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")
        while sent < 500:
            writer.write(b"x" * 100_000)
            await writer.drain()
            sent += 1
        await heard.rest(reader)

    async with stage({"HQ": pouring}) as running:
        browser = await running.browser()
        await browser.send(request())
        await browser.head()
        await asyncio.sleep(0.4)
        before = sent
        await asyncio.sleep(0.2)
        assert before == sent < 300
        got = 0
        while got < 50_000_000:
            got += len(await browser.reader.read(1_000_000))
        assert got == 50_000_000
        browser.close()


async def test_a_deaf_backend_slows_the_browser() -> None:
    """What a backend does not read stays with the browser."""
    go = asyncio.Event()

    async def deaf(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard.head(reader)
        await go.wait()
        await heard.body(reader, 30_000_000)
        writer.write(OK)
        await heard.rest(reader)

    async with stage({"HQ": deaf}) as running:
        browser = await running.browser()
        sent = 0

        async def pour() -> None:
            nonlocal sent
            await browser.send(request(b"Content-Length: 30000000", method=b"PUT"))
            while sent < 300:
                await browser.send(b"x" * 100_000)
                sent += 1

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(pour())
            await asyncio.sleep(0.4)
            before = sent
            await asyncio.sleep(0.2)
            assert before == sent < 250
            go.set()
            assert (await browser.answer()).status == 200
        browser.close()

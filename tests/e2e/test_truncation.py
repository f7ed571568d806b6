"""Answers that end too early stay visibly incomplete, and the backend's connection is never used again."""

import asyncio
import socket
import ssl

import pytest

from tests.stage import OK, Browser, Heard, Script, Stage, answering, stage
from tests.wire import hear, request

pytestmark = pytest.mark.e2e

TEXT = b"HTTP/1.1 200 OK\r\n"
CHUNKED = TEXT + b"Transfer-Encoding: chunked\r\n\r\n"
QUICK = '[timeouts]\nbody_progress = "400ms"'


def starting(*pieces: bytes, end: str) -> Script:
    """Begin an answer with these pieces, then close, abort or hang; connections after the first one behave."""
    good = answering(OK)
    played: list[bytes] = []

    async def script(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if played:
            await good(heard, reader, writer)
            return
        played.append(await hear(heard, reader))
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)
        if end == "abort":
            writer.transport.abort()
        elif end == "hang":
            await heard.rest(reader)

    return script


async def begun(browser: Browser) -> bytes:
    """Read what comes after a request until the proxy ends the connection."""
    await browser.send(request())
    rest = await browser.rest()
    browser.close()
    return rest


async def assert_another(running: Stage) -> None:
    """Hold that the next browser is answered, over another connection."""
    assert (await running.ask(request())).body == b"ok"
    assert len(running.backends["HQ"].connections) == 2


@pytest.mark.parametrize("end", ["close", "abort", "hang"])
@pytest.mark.parametrize(
    "pieces",
    [
        (TEXT + b"Content-Length: 10\r\n\r\n",),
        (TEXT + b"Content-Length: 10\r\n\r\nhalf",),
        (TEXT + b"Content-Length: 10\r\n\r\n", b"half", b"more"),
    ],
)
async def test_a_body_shorter_than_announced(pieces: tuple[bytes, ...], end: str) -> None:
    """The browser gets fewer bytes than announced and the end of the connection; nothing is made up."""
    async with stage({"HQ": starting(*pieces, end=end)}, settings=QUICK) as running:
        head, _, body = (await begun(await running.browser())).partition(b"\r\n\r\n")
        assert b"Content-Length: 10" in head
        assert body == b"".join(pieces).partition(b"\r\n\r\n")[2]
        assert [event.id for event in running.events if event.id > 1001 and event.id < 1010] == [
            1002 if end == "hang" else 1003
        ]
        await assert_another(running)


@pytest.mark.parametrize("end", ["close", "abort", "hang"])
@pytest.mark.parametrize(
    "pieces",
    [
        (CHUNKED,),
        (CHUNKED, b"4\r\nhalf\r\n"),
        (CHUNKED, b"4\r\nhalf\r\n", b"6\r\nha"),
        (CHUNKED, b"4\r\nhalf\r\n", b"0\r\n"),
        (CHUNKED, b"4\r\nhalf\r\n", b"0\r\nX-Trailer: yes\r\n"),
    ],
)
async def test_chunks_without_the_last(pieces: tuple[bytes, ...], end: str) -> None:
    """No last chunk is written for a backend that did not finish its own."""
    async with stage({"HQ": starting(*pieces, end=end)}, settings=QUICK) as running:
        rest = await begun(await running.browser())
        assert rest.startswith(b"HTTP/1.1 200 OK\r\n")
        assert not rest.endswith(b"0\r\n\r\n")
        assert rest.count(b"HTTP/1.1") == 1
        assert len(running.seen(1002 if end == "hang" else 1003)) == 1
        await assert_another(running)


@pytest.mark.parametrize(
    "chunk",
    [
        b"zz\r\nevil\r\n0\r\n\r\n",
        b"-4\r\nevil\r\n0\r\n\r\n",
        b"0x4\r\nevil\r\n0\r\n\r\n",
        b" 4\r\nevil\r\n0\r\n\r\n",
        b"4\nevil\n0\n\n",
        b"ffffffffffffffff\r\nevil\r\n0\r\n\r\n",
        b"11111111111111111\r\nevil\r\n0\r\n\r\n",
        b"4;" + b"e" * 20_000 + b"\r\nevil\r\n0\r\n\r\n",
        b"5\r\nevil\r\n0\r\n\r\n",
        b"3\r\nevil\r\n0\r\n\r\n",
        b"0\r\n" + b"X-Trailer: evil\r\n" * 5_000,
        b"0\r\nX Trailer: evil\r\n\r\n",
        b"0\r\nX-Trailer: evil\n\r\n",
        b"0\r\n X: folded\r\n\r\n",
    ],
)
async def test_bad_chunks_after_good_ones(chunk: bytes) -> None:
    """Chunked framing that breaks within the body, or trailers without end, end in a cut: no last chunk is written."""
    async with stage({"HQ": starting(CHUNKED, b"4\r\ngood\r\n", chunk, end="hang")}) as running:
        rest = await begun(await running.browser())
        assert b"4\r\ngood\r\n" in rest
        assert not rest.endswith(b"0\r\n\r\n")
        assert b"X-Trailer" not in rest
        assert len(running.seen(1003)) == 1
        await assert_another(running)


@pytest.mark.parametrize("end", ["close", "abort"])
async def test_only_a_close_in_good_order_ends_a_body_without_length(end: str) -> None:
    """Without length a body is complete when TLS was ended by close_notify, and broken when it was not."""
    async with stage({"HQ": starting(TEXT + b"\r\n", b"all of it", end=end)}) as running:
        browser = await running.browser()
        await browser.send(request(b"Connection: close"))
        rest = await browser.rest()
        assert rest.endswith(b"0\r\n\r\n") == (end == "close")
        browser.close()
        assert len(running.seen(1003)) == (end == "abort")
        await assert_another(running)


@pytest.mark.parametrize(
    ("start", "end", "complete"),
    [
        (TEXT + b"\r\n", "close", True),
        (TEXT + b"\r\n", "abort", False),
        (CHUNKED + b"4\r\nhalf\r\n", "close", False),
        (CHUNKED + b"4\r\nhalf\r\n0\r\n\r\n", "close", True),
    ],
)
async def test_http_1_0_sees_the_cut_too(start: bytes, end: str, *, complete: bool) -> None:
    """A browser of HTTP/1.0, which knows the end by the close alone, gets no close_notify after a cut answer."""
    async with stage({"HQ": starting(start, end=end)}) as running:
        raw, clean = await asyncio.to_thread(read_like_1_0, running)
        assert raw.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"chunked" not in raw
        assert clean == complete


def read_like_1_0(running: Stage) -> tuple[bytes, bool]:
    """Ask with HTTP/1.0 and read to the end; tells whether that was a close_notify."""
    context = ssl.create_default_context(cadata=running.authority.certificate_pem.decode())
    raw = b""
    with (
        socket.create_connection(("127.0.0.1", running.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False) as sock,
    ):
        sock.sendall(request(minor=0))
        try:
            while data := sock.recv(4096):
                raw += data
        except (ssl.SSLEOFError, ConnectionResetError):
            return raw, False
    return raw, True

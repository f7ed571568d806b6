"""How much a browser may send and hold: each limit with its own status, and the limit itself still allowed."""

import asyncio

import pytest

from tests.stage import OK, Browser, Stage, stage
from tests.wire import playing, request, requests_in

pytestmark = pytest.mark.e2e

SMALL = """[limits]
target_bytes = 100
header_bytes = 1000
head_bytes = 2000
header_count = 10
body_bytes = 1000
"""
ROUTES = """[sites.routes."/owa/large".limits]
body_bytes = 5000
[sites.routes."/owa/endless".limits]
body_bytes = 0
"""


def target(size: int) -> bytes:
    """Give a target of so many bytes."""
    return b"/owa/".ljust(size, b"x")


def head_of(size: int) -> bytes:
    """Compose a request whose head has so many bytes."""
    lines = [b"A: " + b"a" * 900, b"B: " + b"b" * 900, b"C: "]
    return request(*lines[:-1], lines[-1] + b"c" * (size - len(request(*lines))))


def fields(count: int) -> bytes:
    """Compose a request with so many fields, Host counted."""
    return request(*[b"A: b"] * (count - 1))


def chunked(size: int, *, path: bytes = b"/owa/") -> bytes:
    """Compose a request with a chunked body of so many bytes, in two chunks."""
    head = request(b"Transfer-Encoding: chunked", method=b"PUT", target=path)
    return head + b"%x\r\n%b\r\n1\r\nx\r\n0\r\n\r\n" % (size - 1, b"x" * (size - 1))


@pytest.mark.parametrize(
    "allowed",
    [
        request(target=target(100)),
        request(b"A: " + b"a" * 999),
        head_of(2000),
        fields(10),
        request(method=b"PUT", body=b"x" * 1000),
        chunked(1000),
        request(method=b"PUT", target=b"/owa/large/a", body=b"x" * 5000),
        chunked(5000, path=b"/OWA/Large"),
        request(method=b"PUT", target=b"/owa/endless", body=b"x" * 500_000),
        chunked(500_000, path=b"/owa/endless"),
    ],
    ids=["target", "field", "head", "count", "length", "chunked", "route", "chunked route", "lifted", "chunked lifted"],
)
async def test_the_limit_itself_is_allowed(allowed: bytes) -> None:
    """A request that just keeps within a limit passes, and so does what a route allows beyond its site."""
    async with stage({"HQ": playing(OK)}, settings=SMALL, site_settings={"HQ": ROUTES}) as running:
        assert (await running.ask(allowed)).status == 200
        assert len(requests_in(running.backends["HQ"].raw)) == 1


@pytest.mark.parametrize(
    ("status", "excessive"),
    [
        (414, request(target=target(101))),
        (414, b"GET " + target(3000)),
        (431, request(b"A: " + b"a" * 1000)),
        (431, request(b"A" * 1001 + b": ")),
        (431, head_of(2001)),
        (431, b"GET /owa/ HTTP/1.1\r\n" + b"A: b\r\n" * 600),
        (431, fields(11)),
        (413, request(method=b"PUT", body=b"x" * 1001)),
        (413, request(b"Expect: 100-continue", b"Content-Length: 1001", method=b"PUT")),
        (413, request(b"Content-Length: 9223372036854775807", method=b"PUT")),
        (413, request(method=b"PUT", target=b"/owa/largest", body=b"x" * 1001)),
        (413, request(method=b"PUT", target=b"/owa/large", body=b"x" * 5001)),
        (413, chunked(1001)),
    ],
    ids=[
        "target",
        "endless target",
        "field",
        "name",
        "head",
        "endless head",
        "count",
        "length",
        "length, waiting",
        "huge length",
        "beside a route",
        "route",
        "chunked",
    ],
)
async def test_beyond_a_limit(status: int, excessive: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is refused with the limit's own status, the connection closed; the backend hears nothing."""
    monkeypatch.setattr("proxy.front.connection.LINGER_SECONDS", 0.05)
    async with stage({"HQ": playing(OK)}, settings=SMALL, site_settings={"HQ": ROUTES}) as running:
        browser = await running.browser()
        answer = await browser.ask(excessive)
        assert (answer.status, answer.field(b"connection")) == (status, b"close")
        assert await browser.rest() == b""
        assert running.backends["HQ"].raw == b""
        assert [entry.status for entry in running.access] == [status]
        browser.close()


async def test_a_chunked_body_that_grows_too_large() -> None:
    """Midway through a chunked body 413 comes, and the backend's request is broken off, not completed."""
    async with stage({"HQ": playing(OK)}, settings=SMALL) as running:
        browser = await running.browser()
        await browser.send(request(b"Transfer-Encoding: chunked", method=b"PUT") + b"384\r\n" + b"x" * 900 + b"\r\n")
        backend = running.backends["HQ"]
        await running.until(lambda: b"xxx" in backend.raw)
        answer = await browser.ask(b"65\r\n" + b"x" * 101 + b"\r\n0\r\n\r\n")
        assert answer.status == 413
        await running.until(lambda: all(heard.closed for heard in backend.connections))
        assert requests_in(backend.raw, may_be_cut=True) == []
        browser.close()


async def test_the_answer_to_a_large_upload_is_not_lost() -> None:
    """A browser that goes on sending after 413 can still read it: no reset eats the answer."""
    async with stage({"HQ": playing(OK)}, settings=SMALL) as running:
        for _ in range(2):
            browser = await running.browser()
            await browser.send(request(b"Content-Length: 600000", method=b"PUT"))
            for _ in range(6):
                await asyncio.sleep(0.05)
                await browser.send(b"x" * 100_000)
            assert (await browser.answer()).status == 413
            browser.close()


async def test_a_response_head_has_the_same_limits() -> None:
    """A backend's head beyond the limits is 502."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: " + b"a" * 3000 + b"\r\n\r\nok"
    async with stage({"HQ": playing(answer)}, settings=SMALL) as running:
        assert (await running.ask(request())).status == 502


async def ask_all(browsers: list[Browser]) -> list[int]:
    """Ask on each connection and give the statuses."""
    return [(await browser.ask(request())).status for browser in browsers]


@pytest.mark.parametrize("key", ["connections", "connections_per_client"])
async def test_connections_beyond_the_limit_are_told(key: str) -> None:
    """Who comes too many gets 503 with Retry-After; who was there is served; who leaves makes room. Event 1014."""
    async with stage({"HQ": playing(OK)}, settings=f"[limits]\n{key} = 3\n") as running:
        browsers = [await running.browser() for _ in range(4)]
        assert await ask_all(browsers[:3]) == [200, 200, 200]
        refused = await browsers[3].ask(request())
        assert (refused.status, refused.field(b"retry-after")) == (503, b"5")
        assert refused.field(b"proxy-status") == b"CAS01; error=connection_limit_reached"
        assert await browsers[3].rest() == b""
        assert len(requests_in(running.backends["HQ"].raw)) == 3
        assert [event.parameters[1] for event in running.seen(1014)] == ["all" if key == "connections" else "127.0.0.1"]
        browsers[0].close()
        await running.until(lambda: seats(running) < 3)
        newcomer = await running.browser()
        assert await ask_all([newcomer, *browsers[1:3]]) == [200, 200, 200]
        for browser in [*browsers, newcomer]:
            browser.close()


async def test_far_beyond_the_limit_connections_are_merely_closed() -> None:
    """A flood is closed without a handshake, and takes no memory."""
    async with stage({"HQ": playing(OK)}, settings="[limits]\nconnections = 1\n") as running:
        holders = [await running.browser() for _ in range(65)]
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        assert await reader.read() == b""
        for each in [writer, *holders]:
            each.close()


def seats(running: Stage) -> int:
    """Count the connections the proxy has."""
    assert running.worker is not None
    return len(running.worker._seats.occupied)

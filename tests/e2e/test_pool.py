"""Connections to backends are used again, in order, within limits, and given up the moment something is wrong."""

import asyncio

import pytest

from proxy.model.wire import Transports
from proxy.service.transports import Choice
from tests.loopback import KINDS, run_on
from tests.stage import OK, Heard, Script, Stage, answering, stage
from tests.wire import hear, request, requests_in

pytestmark = pytest.mark.e2e

EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"


class Baton:
    """A backend whose connections answer when the test says so."""

    def __init__(self) -> None:
        self.writers: list[asyncio.StreamWriter] = []
        self.go = asyncio.Event()

    async def script(self, heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer each request once `go` is set."""
        self.writers.append(writer)
        while await hear(heard, reader):
            await self.go.wait()
            writer.write(OK)


def requests_of(running: Stage) -> list[int]:
    """Count the requests on each connection to the backend."""
    return [len(requests_in(heard.raw)) for heard in running.backends["HQ"].connections]


def waiting(running: Stage) -> int:
    """Count the requests that wait for a connection."""
    assert running.worker is not None
    return sum(len(pool._waiting) for pool in running.worker._plant.pools._pools.values())


async def several(running: Stage, number: int) -> list[int]:
    """Ask so often at once; gives the statuses."""
    return [answer.status for answer in await asyncio.gather(*(running.ask(request()) for _ in range(number)))]


async def test_browsers_share_a_connection() -> None:
    """Requests one after the other, of several browsers, take one TLS handshake with the backend."""
    async with stage({"HQ": answering(OK)}) as running:
        for _ in range(5):
            assert (await running.ask(request())).status == 200
        assert requests_of(running) == [5]


async def test_the_connection_used_last_is_used_first() -> None:
    """Of several idle connections the youngest is taken, so that the others can grow old and close."""
    baton = Baton()
    async with stage({"HQ": baton.script}) as running:
        both = asyncio.ensure_future(several(running, 3))
        await running.until(lambda: len(running.backends["HQ"].connections) == 3)
        baton.go.set()
        assert await both == [200] * 3
        for _ in range(6):
            await running.ask(request())
        assert sorted(requests_of(running)) == [1, 1, 7]


async def test_idle_connections_are_closed() -> None:
    """A connection that nobody used for the idle time is closed by us, and nobody gets an error from that."""
    async with stage({"HQ": answering(OK)}, settings='[timeouts]\nkeep_alive = "300ms"') as running:
        await running.ask(request())
        await running.until(lambda: running.backends["HQ"].connections[0].closed)
        assert (await running.ask(request())).status == 200
        assert requests_of(running) == [1, 1]


async def test_the_limit_holds_and_others_wait() -> None:
    """Never are more connections open than the limit; those who wait are answered as others finish."""
    baton = Baton()
    few = {"HQ": "[sites.limits]\nupstream_connections = 2"}
    async with stage({"HQ": baton.script}, site_settings=few) as running:
        two = asyncio.ensure_future(several(running, 2))
        await running.until(lambda: sum(requests_of(running)) == 2)
        others = asyncio.ensure_future(several(running, 2))
        await running.until(lambda: waiting(running) == 2)
        baton.go.set()
        assert await two + await others == [200] * 4
        assert requests_of(running) == [2, 2]


async def test_a_busy_site_says_so() -> None:
    """Those who waited for a connection for the connect time are told 503 with Retry-After and event 1004."""
    few = {"HQ": '[sites.limits]\nupstream_connections = 1\n[sites.timeouts]\nconnect = "300ms"'}
    baton = Baton()
    async with stage({"HQ": baton.script}, site_settings=few) as running:
        first = asyncio.ensure_future(running.ask(request()))
        await running.until(lambda: requests_of(running) == [1])
        second = await running.ask(request())
        (event,) = running.seen(1004)
        assert (second.status, second.field(b"retry-after")) == (503, b"2")
        assert b"error=connection_limit_reached" in (second.field(b"proxy-status") or b"")
        assert event.parameters == ("CAS01", "cas.hq.test")
        baton.go.set()
        assert ((await first).status, requests_of(running)) == (200, [1])


async def test_more_waiting_than_the_limit_are_refused_at_once() -> None:
    """As many may wait as there are connections; the next one is told 503 without waiting."""
    few = {"HQ": '[sites.limits]\nupstream_connections = 2\n[sites.timeouts]\nconnect = "60s"'}
    baton = Baton()
    async with stage({"HQ": baton.script}, site_settings=few) as running:
        two = asyncio.ensure_future(several(running, 2))
        await running.until(lambda: sum(requests_of(running)) == 2)
        others = asyncio.ensure_future(several(running, 4))
        await running.until(lambda: len(running.seen(1004)) == 2)
        baton.go.set()
        assert sorted(await two + await others) == [200] * 4 + [503] * 2


def dying() -> Script:
    """Answer the first request of the first connection and close when the second arrives; then behave."""
    good = answering(OK)
    played: list[bytes] = []

    async def script(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if played:
            await good(heard, reader, writer)
            return
        played.append(await hear(heard, reader))
        writer.write(OK)
        await hear(heard, reader)

    return script


@pytest.mark.parametrize("method", [b"GET", b"OPTIONS"])
async def test_a_stale_connection_is_replaced_once(method: bytes) -> None:
    """A safe request without a body is sent again when its pooled connection died without an answer."""
    async with stage({"HQ": dying()}) as running:
        assert (await running.ask(request())).status == 200
        assert (await running.ask(request(method=method))).status == 200
        assert requests_of(running) == [2, 1]
        assert running.seen(1003) == []


async def test_the_replacement_is_no_pooled_one() -> None:
    """After one death the request goes over a fresh connection, not over another old one, and not a third time."""

    async def script(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hear(heard, reader)
        if b"X-Last" not in heard.raw:
            writer.write(OK)
            await hear(heard, reader)

    async with stage({"HQ": script}) as running:
        assert await several(running, 3) == [200] * 3
        pooled = len(running.backends["HQ"].connections)
        answer = await running.ask(request(b"X-Last: yes"))
        assert (answer.status, len(running.seen(1003))) == (502, 1)
        assert running.backends["HQ"].raw.count(b"X-Last") == 2
        assert len(running.backends["HQ"].connections) == pooled + 1


@pytest.mark.parametrize(
    ("method", "body"), [(b"POST", b"x"), (b"POST", b""), (b"GET", b"x"), (b"PUT", b"x"), (b"DELETE", b"")]
)
async def test_what_may_have_been_done_is_not_repeated(method: bytes, body: bytes) -> None:
    """A request that may change something, or has a body, reaches a backend at most once."""
    async with stage({"HQ": dying()}) as running:
        assert (await running.ask(request())).status == 200
        assert (await running.ask(request(b"X-Second: yes", method=method, body=body))).status == 502
        assert running.backends["HQ"].raw.count(b"X-Second") == 1
        assert len(running.seen(1003)) == 1


async def test_a_fresh_connection_that_dies_is_no_reason_to_repeat() -> None:
    """Only a pooled connection can be stale: when a fresh one closes without an answer, that is the answer."""

    async def script(heard: Heard, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await hear(heard, reader)

    async with stage({"HQ": script}) as running:
        assert (await running.ask(request())).status == 502
        assert requests_of(running) == [1]


async def test_unsolicited_bytes_reach_nobody() -> None:
    """Bytes on an idle connection close it; the next user gets an answer of his own over another one."""
    baton = Baton()
    baton.go.set()
    async with stage({"HQ": baton.script}) as running:
        await running.ask(request())
        baton.writers[0].write(EVIL)
        await running.until(lambda: running.backends["HQ"].connections[0].closed)
        assert (await running.ask(request())).body == b"ok"
        assert requests_of(running) == [1, 1]


@pytest.mark.parametrize("request_first", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_unsolicited_bytes_just_before_leasing_reach_nobody(kind: str, *, request_first: bool) -> None:
    """Bytes that wait unread when a request comes close the connection before the request is sent on it."""

    async def work(transports: Transports) -> int:
        baton = Baton()
        baton.go.set()
        async with stage({"HQ": baton.script}, choice=Choice(transports, kind)) as running:
            for _ in range(10):
                browser = await running.browser()
                assert (await browser.ask(request())).body == b"ok"
                if request_first:
                    browser.writer.write(request())
                baton.writers[-1].write(EVIL)
                if not request_first:
                    browser.writer.write(request())
                assert (await browser.answer()).body == b"ok"
                browser.close()
            return len(running.backends["HQ"].connections)

    assert run_on(kind, work) == 11


@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf"])
async def test_the_backend_learns_that_the_browser_has_gone(begin: bytes) -> None:
    """A browser that goes away takes the backend's connection with it, before the answer and within it."""

    async def script(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard.head(reader)
        writer.write(begin)
        await heard.rest(reader)

    async with stage({"HQ": script}) as running:
        browser = await running.browser()
        await browser.send(request())
        await running.until(lambda: running.backends["HQ"].raw)
        browser.writer.transport.abort()
        await running.until(lambda: running.backends["HQ"].connections[0].closed)
        assert [entry.error for entry in running.access] == ["connection_terminated"]


async def test_a_browser_that_goes_while_it_is_not_read_from_is_noticed() -> None:
    """While a deaf backend keeps us from reading a body, its browser's end is noticed all the same."""
    gone = asyncio.Event()

    async def deaf(heard: Heard, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await heard.head(reader)
        await gone.wait()
        await heard.rest(reader)

    async with stage({"HQ": deaf}) as running:
        browser = await running.browser()
        await browser.send(request(b"Content-Length: 30000000", method=b"PUT"))
        await running.until(lambda: running.backends["HQ"].raw)
        assert running.worker is not None
        (seat,) = running.worker._seats.occupied
        while not seat.protocol._gate.is_closed:  # bytes beyond this would keep the end from being sent at all
            await browser.send(b"x" * 65_536)
            await asyncio.sleep(0.001)
        browser.writer.transport.abort()
        await running.until(lambda: not running.worker._seats.occupied)
        gone.set()
        await running.until(lambda: running.backends["HQ"].connections[0].closed)
        assert [entry.error for entry in running.access] == ["connection_terminated"]

"""A site of several servers: the next one is tried when the first cannot be reached, and only then."""

from contextlib import AsyncExitStack

import pytest

from tests.broken import hang, nobody, saying, tcp
from tests.stage import OK, Stage, answering, stage
from tests.wire import request, requests_in

pytestmark = pytest.mark.e2e

ENFORCE = "allow_internal_untrusted_certs = 0"
QUICK = f'{ENFORCE}\n[timeouts]\nconnect = "300ms"\nupstream_tls_handshake = "300ms"'


def join(running: Stage, first_port: int = 0, second_port: int = 0) -> None:
    """Make HQ a site of two servers, its own and Spare's; other ports stand for servers that are broken."""
    settings, _, spare = running.settings.partition('[[sites]]\nname = "Spare"')
    entry = spare.partition("servers = [")[2].partition("]")[0]
    both = settings.replace(" }]", f" }}, {entry}]")
    for name, port in (("HQ", first_port), ("Spare", second_port)):
        if port:
            both = both.replace(f"127.0.0.1:{running.backends[name].port}", f"127.0.0.1:{port}")
    running.reload(both)


def two(**more):
    """Start two backends."""
    return stage({"HQ": answering(OK), "Spare": answering(OK)}, **{"settings": QUICK, **more})


async def test_the_first_is_used_while_it_works() -> None:
    """The second server hears nothing as long as the first can be reached."""
    async with two() as running:
        join(running)
        assert [(await running.ask(request())).status for _ in range(3)] == [200] * 3
        assert (running.backends["Spare"].raw, running.seen(39)) == (b"", [])


@pytest.mark.parametrize(("kind", "word"), [("refuses", "connection_refused"), ("hangs", "connection_timeout")])
async def test_the_second_answers_for_the_first(kind: str, word: str) -> None:
    """When the first server cannot be reached the second answers, and event 39 tells who, whom and why."""
    async with nobody() as closed, tcp(hang) as hung, two() as running:
        join(running, closed if kind == "refuses" else hung)
        answer = await running.ask(request(method=b"POST", body=b"the whole body"))
        (event,) = running.seen(39)
        (heard,) = requests_in(running.backends["Spare"].raw)
        assert (answer.status, heard.body, heard.values(b"host")) == (200, b"the whole body", [b"cas.spare.test"])
        assert event.parameters == ("CAS01", "cas.hq.test", "cas.spare.test", word)
        assert event.request_id.encode() == answer.field(b"x-request-id")
        assert (running.seen(40), running.seen(43)) == ([], [])


async def test_all_dead() -> None:
    """When no server can be reached it is 503 with Retry-After, an event 39 for the first and 40 for the last."""
    async with AsyncExitStack() as stack:
        ports = [await stack.enter_async_context(nobody()) for _ in range(2)]
        running = await stack.enter_async_context(two())
        join(running, *ports)
        answer = await running.ask(request())
        assert (answer.status, answer.field(b"retry-after")) == (503, b"5")
        assert [event.id for event in running.events if event.id in (39, 40)] == [39, 40]
        assert running.seen(40)[0].parameters == ("CAS01", "cas.spare.test", "connection_refused")


async def test_a_trust_failure_is_not_masked() -> None:
    """A first server that is not trusted ends in 502 with a 43; the second is not asked."""
    async with two(faults={"HQ": "self-signed"}) as running:
        join(running)
        assert (await running.ask(request())).status == 502
        assert (len(running.seen(43)), running.seen(39)) == (1, [])
        assert [running.backends[name].raw for name in ("HQ", "Spare")] == [b"", b""]


async def test_an_untrusted_second_server_is_refused() -> None:
    """Fail-over is no way around the switch: a second server that is not trusted gets nothing."""
    async with nobody() as port, two(faults={"Spare": "self-signed"}) as running:
        join(running, port)
        assert (await running.ask(request())).status == 502
        assert (len(running.seen(39)), len(running.seen(43))) == (1, 1)
        assert running.seen(43)[0].parameters == ("CAS01", "cas.spare.test")
        assert running.backends["Spare"].raw == b""


async def test_another_tls_failure_is_no_reason_to_go_on() -> None:
    """A first server that speaks no TLS is 502 with event 1001; the second is not asked."""
    async with tcp(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port, two() as running:
        join(running, port)
        assert (await running.ask(request())).status == 502
        assert (len(running.seen(1001)), running.seen(39), running.backends["Spare"].raw) == (1, [], b"")


async def test_each_request_begins_with_the_first() -> None:
    """A server that is back is used again by the next request."""
    async with nobody() as port, two() as running:
        join(running, port)
        assert (await running.ask(request())).status == 200
        join(running)
        assert (await running.ask(request())).status == 200
        assert [len(requests_in(running.backends[name].raw)) for name in ("HQ", "Spare")] == [1, 1]

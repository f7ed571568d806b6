"""Servers that go down and come back: what requests get meanwhile, who tries, and what is told."""

import asyncio
from collections.abc import Callable

import pytest

from proxy.certkit.faults import FAULTS
from tests.broken import nobody
from tests.e2e.test_failover import join
from tests.stage import OK, PATIENCE, Stage, answering, stage
from tests.wire import request, requests_in

pytestmark = pytest.mark.e2e

ENFORCE = 'allow_internal_untrusted_certs = 0\n[health]\nhold = "1s"\n'
TURNS = {1047, 1048, 1049}


def two(**more):
    """Start two backends."""
    return stage({"HQ": answering(OK), "Spare": answering(OK)}, **{"settings": ENFORCE, **more})


def turns(running: Stage) -> list[tuple[int, str]]:
    """Give the events of turns: number, and the server or the site."""
    return [(event.id, event.parameters[1]) for event in running.events if event.id in TURNS]


def heard(running: Stage, name: str) -> int:
    """Count the requests that a server heard."""
    return len(requests_in(running.backends[name].raw))


async def test_a_server_that_is_gone_is_told_once_and_passed_over() -> None:
    """The first request finds out (39, 1047), the others begin with the server that works."""
    async with nobody() as port, two() as running:
        join(running, port)
        answers = [(await running.ask(request())).status for _ in range(3)]
        (down,) = running.seen(1047)

        assert (answers, turns(running), len(running.seen(39))) == ([200] * 3, [(1047, "cas.hq.test")], 1)
        assert "cas.hq.test" in down.note
        assert (down.site, down.port) == ("HQ", port)


async def test_a_site_without_a_server_that_works_answers_at_once_and_is_back_soon() -> None:
    """503 with Retry-After and 1049; once a server is mended one request tries it, 1048 tells, and all is well."""
    async with two() as running:
        backend = running.backends["HQ"]
        await backend.end()
        tried = [(await running.ask(request())).status for _ in range(3)]
        answer = await running.ask(request(method=b"POST", body=b"mail"))
        (_, last) = running.seen(1049)

        assert (tried, len(running.seen(40))) == ([503] * 3, 3)
        assert (answer.status, answer.field(b"retry-after")) == (503, b"1")
        assert turns(running) == [(1047, "cas.hq.test"), (1049, "HQ"), (1049, "HQ")]
        assert last.request_id.encode() == answer.field(b"x-request-id")
        assert backend.raw == b""

        await backend.begin()
        await ask_until(running, lambda: running.seen(1048))
        assert [(await running.ask(request())).status for _ in range(3)] == [200] * 3


async def test_a_server_that_is_back_is_used_again() -> None:
    """After the hold one request tries it; from then on everybody begins there, and no request has failed."""
    async with two() as running:
        join(running)
        backend = running.backends["HQ"]
        await backend.end()
        assert (await running.ask(request())).status == 200
        assert turns(running) == [(1047, "cas.hq.test")]
        await backend.begin()
        statuses = await ask_until(running, lambda: running.seen(1048))
        before = heard(running, "Spare")
        statuses += [(await running.ask(request())).status for _ in range(3)]

        assert (set(statuses), heard(running, "Spare")) == ({200}, before)
        assert turns(running) == [(1047, "cas.hq.test"), (1048, "cas.hq.test")]


async def test_a_server_that_comes_back_untrusted_is_refused_and_not_down() -> None:
    """At 0 its 43 is not hidden behind an outage: each request after the first try gets one."""
    async with two() as running:
        backend = running.backends["HQ"]
        await backend.end()
        for _ in range(3):
            await running.ask(request())
        backend.present(FAULTS["self-signed"].make(running.authority, backend.name))
        await backend.begin()
        await ask_until(running, lambda: running.seen(1048))

        assert [(await running.ask(request())).status for _ in range(2)] == [502] * 2
        assert (len(running.seen(43)), backend.raw) == (3, b"")


@pytest.mark.parametrize("balance", ["round_robin", "least_connections"])
async def test_requests_are_spread(balance: str) -> None:
    """Where nobody signs in each request takes its turn."""
    async with two(site_settings={"HQ": f'balance = "{balance}"'}) as running:
        join(running)
        for _ in range(6):
            assert (await running.ask(request())).status == 200

        assert [heard(running, name) for name in ("HQ", "Spare")] == [3, 3]


async def test_a_client_stays() -> None:
    """All requests of an address come to one server."""
    async with two(site_settings={"HQ": 'balance = "round_robin"\naffinity = "client"'}) as running:
        join(running)
        for _ in range(6):
            assert (await running.ask(request())).status == 200

        assert sorted(heard(running, name) for name in ("HQ", "Spare")) == [0, 6]


async def ask_until(running: Stage, condition: Callable[[], object]) -> list[int]:
    """Ask again and again until something has come true; gives the statuses."""
    statuses = []
    async with asyncio.timeout(PATIENCE):
        while not condition():
            statuses.append((await running.ask(request())).status)
            await asyncio.sleep(0.05)
    return statuses

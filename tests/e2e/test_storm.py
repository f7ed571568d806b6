"""A thousand requests at once for a server that is not trusted, and people beside them who notice nothing."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from proxy.certkit.faults import FAULTS
from proxy.events.throttle import PER_SECOND
from proxy.service.ticker import INTERVAL_SECONDS
from proxy.upstream.dial import REFUSAL_SECONDS
from tests.loopback import Backend, backend
from tests.process import serving
from tests.stage import OK, Answer, Browser, Stage, answering, stage
from tests.wire import request, requests_in

pytestmark = pytest.mark.e2e

STORM = 1000
BESIDE = 10
"""Browsers that ask the trusted site all the while."""
SETTINGS = f"""allow_internal_untrusted_certs = 0
[limits]
connections_per_client = {STORM + 2 * BESIDE}
upstream_connections = {STORM}
[timeouts]
request_head = "60s"
connect = "60s"
"""
SITES = {"Storm": answering(OK), "Calm": answering(OK)}
SHORTEST_REFUSAL = REFUSAL_SECONDS - INTERVAL_SECONDS
"""The coarse clock may be a tick late when a refusal is remembered."""


def handshakes_within(seconds: float) -> int:
    """Say how many connections an untrusted server may see: each remembered refusal takes one, and one for its chain.

    A moment in which a refusal was remembered already is over is the only one in which another may be dialled.
    """
    return 2 * (math.floor(seconds / SHORTEST_REFUSAL) + 1)


@asynccontextmanager
async def counted(running: Stage, fault: str = "expired") -> AsyncIterator[tuple[Backend, str]]:
    """Put a server that counts every TCP connection in the place of the site's; gives the settings that dial it."""
    leaf = FAULTS[fault].make(running.authority, running.backends["Storm"].name)
    async with backend([leaf.server_context()], OK) as world:
        old = running.backends["Storm"].port
        yield world, running.settings.replace(f"127.0.0.1:{old}", f"127.0.0.1:{world.port}")


async def ask_in_a_row(browser: Browser, number: int) -> list[Answer]:
    """Send so many requests at once on one connection and read every answer."""
    await browser.send(request(host=b"storm.localhost") * number)
    return [await browser.answer() for _ in range(number)]


async def ask_until(browser: Browser, over: asyncio.Event) -> list[int]:
    """Ask the trusted site, again and again, until the storm is over; gives the statuses."""
    statuses = []
    while not over.is_set():
        statuses.append((await browser.ask(request(host=b"calm.localhost"))).status)
    return statuses


async def let_loose(running: Stage, browsers: int) -> tuple[list[Answer], list[int], float]:
    """Send the thousand from so many connections, at once; gives the answers, the others' statuses, and how long."""
    storming = [await running.browser() for _ in range(browsers)]
    calm = [await running.browser() for _ in range(BESIDE)]
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        beside = [group.create_task(ask_until(browser, over)) for browser in calm]
        begin = loop.time()
        rows = await asyncio.gather(*(ask_in_a_row(browser, STORM // browsers) for browser in storming))
        seconds = loop.time() - begin
        over.set()
    return [answer for row in rows for answer in row], [status for task in beside for status in task.result()], seconds


def ids_of(answers: list[Answer]) -> list[str]:
    """Give the request ids of answers, sorted."""
    return sorted((answer.field(b"x-request-id") or b"").decode() for answer in answers)


def assert_calm(running: Stage, statuses: list[int]) -> None:
    """Hold that the trusted site was asked throughout, and answered each time, by its own server."""
    calm = running.backends["Calm"]
    assert set(statuses) == {200}
    assert len(statuses) >= BESIDE
    assert sum(len(requests_in(heard.raw)) for heard in calm.connections) == len(statuses)
    assert running.backends["Storm"].connections == []


@pytest.mark.parametrize("browsers", [200, STORM])
async def test_a_thousand_refused_at_once(browsers: int) -> None:
    """Each of a thousand is 502 with its own 43, over hardly a handshake, while a trusted site goes on as ever."""
    async with stage(SITES, settings=SETTINGS) as running, counted(running) as (untrusted, settings):
        running.reload(settings)
        answers, beside, seconds = await let_loose(running, browsers)
        assert [answer.status for answer in answers] == [502] * STORM
        assert {answer.field(b"proxy-status") for answer in answers} == {b"CAS01; error=tls_certificate_error"}
        events = running.seen(43)
        assert len(events) == STORM
        assert sorted(event.request_id for event in events) == ids_of(answers)
        assert {(event.site, event.reason) for event in events} == {("Storm", "expired")}
        assert all(event.verdict is not None and event.verdict.is_explained for event in events)
        assert untrusted.received == b""
        assert 1 <= untrusted.accepted <= handshakes_within(seconds)
        assert_calm(running, beside)


def accounted(records: list[dict[str, object]]) -> int:
    """Count what records stand for: each one itself, and those that were left out before it."""
    return len(records) + sum(int(str(record.get("casproxy.left_out", 0))) for record in records)


async def test_the_log_of_a_storm_loses_none() -> None:
    """A process writes a bounded number of 43 in a storm, and they say exactly how many there were."""
    async with stage(SITES, settings=SETTINGS, apart=True) as running, counted(running) as (untrusted, settings):
        begin = time.monotonic()
        async with serving(running, settings=settings) as served:
            answers, beside, seconds = await let_loose(running, 200)
            assert [answer.status for answer in answers] == [502] * STORM
            assert await served.end() == 0
        records = served.seen(43)
        assert accounted(records) == STORM
        assert len(records) <= (PER_SECOND + 1) * (math.ceil(time.monotonic() - begin) + 1)
        assert {record["http.request.id"] for record in records} <= set(ids_of(answers))
        assert (untrusted.received, 1 <= untrusted.accepted <= handshakes_within(seconds)) == (b"", True)
        assert_calm(running, beside)

"""A proxy that is operated while hundreds use it: what is done to it costs nobody a request."""

import asyncio
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.e2e.crowd import Resuming, come_and_go, crowded, download, keep_asking, serve_crowd, upload
from tests.process import Served, serving
from tests.stage import Stage, stage
from tests.wire import request

pytestmark = pytest.mark.e2e

ENFORCE = "allow_internal_untrusted_certs = 0"
ROOMY = "[limits]\nconnections_per_client = 1000\nupstream_connections = 1000\n"
EVERYBODY = {download: 120, upload: 120, keep_asking: 30, come_and_go: 10}
IN_FLIGHT = 240
"""Bodies that stream at any time."""
RELOADS = 10


WORKERS = [1, 2]
"""One process, and several."""


@asynccontextmanager
async def apart(workers: int, sites: tuple[str, ...] = ("HQ",), **more) -> AsyncIterator[tuple[Stage, Served]]:
    """Serve in a process of its own, or several, with room for a crowd."""
    settings, of_server = f"{ENFORCE}\n{ROOMY}", f"workers = {workers}"
    scripts = dict.fromkeys(sites, serve_crowd)
    async with (
        stage(scripts, settings=settings, server_settings=of_server, apart=True, **more) as running,
        serving(running) as served,
    ):
        yield running, served


async def reload(served: Served, settings: str) -> None:
    """Put settings in force by signal, and wait until they are."""
    count = len(served.seen(1010))
    served.path.write_text(settings)
    served.send(signal.SIGHUP)
    await served.event(1010, count + 1)


@pytest.mark.parametrize("workers", WORKERS)
async def test_reloads_cost_no_request(workers: int) -> None:
    """Ten reloads by signal, each with a renewed certificate and other settings, while bodies stream both ways."""
    async with apart(workers) as (running, served):
        async with crowded(running, EVERYBODY) as crowd:
            await served.until(lambda: len(running.backends["HQ"].connections) >= IN_FLIGHT)
            for number in range(RELOADS):
                running.authority.issue("localhost").write(running.folder, "front")
                await reload(served, running.settings + f'\n[timeouts]\ndrain = "{number + 10}s"\n')
                await crowd.more(20)
        assert crowd.failures == []
        assert set(crowd.statuses) == {200}
        assert crowd.total > IN_FLIGHT
        assert {event["winlog.event_id"] for event in served.events} <= {14, 1010, 1016}
        assert await served.end() == 0


@pytest.mark.parametrize("workers", WORKERS)
async def test_a_reload_that_is_refused_costs_no_request(workers: int) -> None:
    """Nonsense under load is refused, and nobody notices."""
    async with apart(workers) as (running, served):
        async with crowded(running, {keep_asking: 20, download: 20, come_and_go: 5}) as crowd:
            for number in range(RELOADS):
                served.path.write_text(running.settings.replace("/ca.pem", "/nowhere.pem"))
                served.send(signal.SIGHUP)
                await served.event(1011, number + 1)
                await crowd.more(10)
        assert (crowd.failures, set(crowd.statuses)) == ([], {200})


@pytest.mark.parametrize("workers", WORKERS)
async def test_turning_the_switch_costs_a_trusted_site_no_request(workers: int) -> None:
    """The switch goes up and down under load: the good site never notices, the bad one follows at once, cleanly."""
    async with apart(workers, ("HQ", "Branch"), faults={"Branch": "expired"}) as (running, served):
        good = {keep_asking: 20, download: 60, upload: 60, come_and_go: 5}
        bad = {keep_asking: 4, come_and_go: 2}
        async with (
            crowded(running, good) as trusting,
            crowded(running, bad, b"branch.localhost") as other,
        ):
            for number in range(RELOADS):
                allowed = number % 2 == 0
                await reload(served, running.settings.replace(ENFORCE, f"{ENFORCE[:-1]}{int(allowed)}"))
                answer = await running.ask(request(host=b"branch.localhost"))
                assert answer.status == (200 if allowed else 502)
                await trusting.more(5)
        assert (trusting.failures, set(trusting.statuses)) == ([], {200})
        assert (other.failures, set(other.statuses)) == ([], {200, 502})


@pytest.mark.parametrize("workers", WORKERS)
async def test_a_restarted_backend_is_used_again(workers: int) -> None:
    """While a server is away its users get clean errors at once; others notice nothing, and it is back in no time."""
    async with apart(workers, ("HQ", "Branch")) as (running, served):
        host = b"branch.localhost"
        async with (
            crowded(running, {keep_asking: 20, download: 30, come_and_go: 5}) as others,
            crowded(running, {keep_asking: 20, come_and_go: 5}, host) as crowd,
        ):
            await crowd.more(50)
            await running.backends["Branch"].end()
            await served.until(lambda: crowd.statuses.keys() - {200})
            crowd.slowest = 0.0
            await crowd.more(200)
            assert crowd.slowest < 1.0
            await running.backends["Branch"].begin()
            begin = asyncio.get_running_loop().time()
            await served.until(lambda: crowd.latest == 200)
            assert asyncio.get_running_loop().time() - begin < 5.0
        assert (others.failures, set(others.statuses)) == ([], {200})
        assert (crowd.failures, set(crowd.statuses) - {200, 502, 503}) == ([], set())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("workers", WORKERS)
async def test_a_browser_resumes_after_a_reload(workers: int, version: ssl.TLSVersion) -> None:
    """Also when the certificate was renewed: a reload does not make thousands shake hands anew."""
    async with apart(workers) as (running, served):
        visitor = Resuming(running, version)
        assert await visitor.come() is False
        assert await visitor.come() is True
        running.authority.issue("localhost").write(running.folder, "front")
        await reload(served, running.settings)
        assert await visitor.come() is True

"""Several processes serve a crowd as one: what one of them suffers, and what all do at once."""

import asyncio
import json
import os
import signal
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.crowd import Resuming, come_and_go, crowded, download, keep_asking, serve_crowd, upload
from tests.process import Served, serving
from tests.stage import Stage, stage
from tests.wire import request

pytestmark = pytest.mark.e2e

ENFORCE = "allow_internal_untrusted_certs = 0"
TOKEN = "a-long-random-word"
LOST = 1051
WORKERS = 2
MEANWHILE = 20
"""Connections that a worker may take between what it told of itself and its end."""


class Company:
    """A proxy of several processes, seen from outside."""

    def __init__(self, running: Stage, served: Served, admin: int) -> None:
        self.running = running
        self.served = served
        self._admin = f"http://127.0.0.1:{admin}"

    async def get(self, path: str) -> Any:
        """Ask the admin API."""
        async with aiohttp.ClientSession() as client, client.get(self._admin + path) as answer:
            return await answer.json()

    async def post(self, path: str, body: dict[str, object]) -> Any:
        """Change something through it."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            aiohttp.ClientSession(headers=headers) as client,
            client.post(self._admin + path, json=body) as answer,
        ):
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def workers(self) -> dict[int, dict[str, Any]]:
        """Give what each worker says of itself, by process."""
        return {each["pid"]: each for each in (await self.get("/api/status"))["workers"]}

    async def complete(self, without: int = 0) -> dict[int, dict[str, Any]]:
        """Wait until all workers serve, and one process is none of them."""
        while True:
            workers = await self.workers()
            if len(workers) == WORKERS and without not in workers:
                return workers
            await asyncio.sleep(0.05)

    async def control(self) -> int:
        """Tell which process controls: the child that is no worker."""
        (control,) = children(self.served.process.pid) - (await self.workers()).keys()
        return control


def children(pid: int) -> set[int]:
    """List the child processes of a process."""
    return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def is_open(port: int) -> bool:
    """Tell whether anybody still holds the listening socket."""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


@asynccontextmanager
async def company(*, settings: str = "", **more) -> AsyncIterator[Company]:
    """Serve with several workers."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        admin = taken.getsockname()[1]
    of_server = f'workers = {WORKERS}\nadmin_token = "{TOKEN}"'
    sites = dict.fromkeys(more.pop("sites", ("HQ",)), serve_crowd)
    limits = "[limits]\nconnections_per_client = 1000\nupstream_connections = 1000\n"
    scene = stage(sites, settings=f"{ENFORCE}\n{limits}{settings}", server_settings=of_server, apart=True, **more)
    async with scene as running:
        running.settings = running.settings.replace('admin = "127.0.0.1:0"', f'admin = "127.0.0.1:{admin}"')
        async with serving(running) as served:
            yield Company(running, served, admin)


async def test_a_killed_worker_costs_only_its_own_requests() -> None:
    """Its browsers lose their connections, once; nobody else notices, and another worker takes its place."""
    async with company() as proxy:
        async with crowded(proxy.running, {keep_asking: 40, download: 40, upload: 40}) as crowd:
            await crowd.more(100)
            assert crowd.failures == []
            victim = max((await proxy.workers()).values(), key=lambda each: each["connections"])
            os.kill(victim["pid"], signal.SIGKILL)
            event = await proxy.served.event(LOST)
            assert f"Worker {victim['number']} ({victim['pid']})" in event["message"]
            assert "SIGKILL" in event["message"]
            await proxy.complete(without=victim["pid"])
            await crowd.more(100)
            lost = len(crowd.failures)
            assert 0 < lost <= victim["connections"] + MEANWHILE
            await crowd.more(200)
            assert len(crowd.failures) == lost
        assert set(crowd.statuses) == {200}
        assert await proxy.served.end() == 0


async def test_a_killed_control_process_costs_nothing() -> None:
    """Nobody loses a request; events and the admin API are back in a moment, with what was turned meanwhile kept."""
    async with company(sites=("HQ", "Branch"), faults={"Branch": "expired"}) as proxy:
        workers = await proxy.workers()
        await proxy.post("/api/trust", {"site": "Branch", "allow_internal_untrusted_certs": 1})
        async with crowded(proxy.running, {keep_asking: 20, download: 20, come_and_go: 5}) as crowd:
            os.kill(await proxy.control(), signal.SIGKILL)
            await crowd.more(100)
            await proxy.served.event(LOST)
        assert (crowd.failures, set(crowd.statuses)) == ([], {200})
        assert (await proxy.complete()).keys() == workers.keys()
        assert (await proxy.running.ask(request(host=b"branch.localhost"))).status == 200
        await proxy.post("/api/trust", {"site": None, "allow_internal_untrusted_certs": 0})
        assert (await proxy.running.ask(request(host=b"branch.localhost"))).status == 502
        await proxy.served.event(43)
        assert await proxy.served.end() == 0


async def test_nobody_outlives_the_supervisor() -> None:
    """When the parent is killed all others finish what they do and end: the port is free for the next start."""
    async with company() as proxy:
        family = children(proxy.served.process.pid)
        browser = await proxy.running.browser()
        await browser.send(request(target=b"/stream"))
        await browser.head()
        proxy.served.send(signal.SIGKILL)
        assert b"tick" * 4 in await browser.rest()
        await proxy.served.until(lambda: not any(Path(f"/proc/{each}").exists() for each in family))
        with pytest.raises(ConnectionRefusedError):
            await proxy.running.browser()


async def test_the_switch_is_turned_on_every_worker_when_the_call_returns() -> None:
    """Each of many new connections meets the new policy, whichever worker takes it."""
    async with company(sites=("HQ", "Branch"), faults={"Branch": "expired"}) as proxy:
        for value in (1, 0, 1, 0):
            told = await proxy.post("/api/trust", {"site": "Branch", "allow_internal_untrusted_certs": value})
            assert [change["after"] for change in told["changes"]] == [value]
            answers = await asyncio.gather(
                *(proxy.running.ask(request(host=b"branch.localhost")) for _ in range(20 * WORKERS))
            )
            assert {answer.status for answer in answers} == {200 if value else 502}
            heard = len(proxy.running.backends["Branch"].raw)
            if not value:
                await proxy.running.ask(request(host=b"branch.localhost"))
                assert len(proxy.running.backends["Branch"].raw) == heard


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_browser_resumes_at_every_worker(version: ssl.TLSVersion) -> None:
    """Whichever takes its connection, and those that were forked later, too, after the certificate was renewed."""
    async with company() as proxy:
        browser = Resuming(proxy.running, version)
        await browser.come()
        assert [await browser.come() for _ in range(10 * WORKERS)] == [True] * 10 * WORKERS
        for pid in await proxy.workers():
            os.kill(pid, signal.SIGKILL)
            await proxy.complete(without=pid)
        proxy.running.authority.issue("localhost").write(proxy.running.folder, "front")
        assert (await proxy.post("/api/reload", {}))["reloaded"]
        assert [await browser.come() for _ in range(10 * WORKERS)] == [True] * 10 * WORKERS


async def test_sigterm_lets_every_worker_finish() -> None:
    """What is in flight anywhere arrives whole, nobody new is let in, and the exit code is 0."""
    async with company() as proxy:
        browsers = [await proxy.running.browser() for _ in range(30)]
        for browser in browsers:
            await browser.send(request(target=b"/stream"))
            await browser.head()
        assert min(each["in_flight"] for each in (await proxy.workers()).values()) > 0
        proxy.served.send(signal.SIGTERM)
        await proxy.served.event(1012)
        with pytest.raises(ConnectionRefusedError):
            await proxy.running.browser()
        rests = await asyncio.gather(*(browser.rest() for browser in browsers))
        assert {len(rest) for rest in rests} == {20 * 1024}
        assert await proxy.served.ended() == 0
        assert [event["winlog.event_id"] for event in proxy.served.events if event["winlog.event_id"] != 1016] == [
            14,
            1012,
            1013,
        ]


@pytest.mark.parametrize("hurry", [False, True])
async def test_what_outlasts_the_drain_is_cut(hurry: bool) -> None:
    """At the limit, or at once when somebody asks a second time, which the exit code tells."""
    async with company(settings=f'[timeouts]\ndrain = "{30 if hurry else 0.2}s"\n') as proxy:
        browsers = [await proxy.running.browser() for _ in range(10)]
        for browser in browsers:
            await browser.send(request(b"Content-Length: 10", method=b"PUT"))
        await proxy.served.until(lambda: len(proxy.running.backends["HQ"].connections) == 10)
        proxy.served.send(signal.SIGTERM)
        await proxy.served.event(1012)
        if hurry:
            await proxy.served.until(lambda: not is_open(proxy.running.port))
            proxy.served.send(signal.SIGTERM)
        assert await proxy.served.ended() == 5


async def test_each_request_is_logged_once() -> None:
    """Whoever served it: one line each, whole, by one writer."""
    async with company() as proxy:
        async with crowded(proxy.running, {keep_asking: 20, come_and_go: 10}) as crowd:
            await crowd.more(500)
        await proxy.served.until(lambda: len(proxy.served.output) >= crowd.total)
        assert await proxy.served.end() == 0
        lines = [json.loads(line) for line in proxy.served.output]
        assert len(lines) == crowd.total
        assert len({line["http.request.id"] for line in lines}) == crowd.total
        assert {line["http.response.status_code"] for line in lines} == {200}

"""What GET /metrics tells after real traffic: by one process and by several, whether requests are logged or not."""

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import Callable

import pytest

from tests.exposition import Samples, read_samples
from tests.loopback import exchange
from tests.process import serving
from tests.stage import OK, Stage, answering, stage
from tests.wire import request

pytestmark = pytest.mark.e2e

SITES = {"HQ": answering(OK), "Branch": answering(OK), "Lab": answering(OK)}
FAULTS = {"Branch": "expired", "Lab": "self-signed"}
BRANCH = {"Branch": "[sites.trust]\nallow_internal_untrusted_certs = 0"}
AT = {name: f"server=cas.{name.lower()}.test" for name in SITES}
FAILURES = "casproxy_upstream_tls_trust_failures_total"
REQUESTS = ("casproxy_requests_total", "code=200", "method=GET", "site=HQ")


class Scraper:
    """Asks a proxy for its metrics, as Prometheus does."""

    def __init__(self, running: Stage) -> None:
        with socket.create_server(("127.0.0.1", 0)) as reserved:
            self._port = reserved.getsockname()[1]
        running.settings = running.settings.replace('admin = "127.0.0.1:0"', f'admin = "127.0.0.1:{self._port}"')

    async def scrape(self) -> Samples:
        """Ask once."""
        return read_samples(await self.get("/metrics", "text/plain; version=0.0.4; charset=utf-8"))

    async def get(self, path: str, content_type: str = "application/json") -> bytes:
        """Ask the admin address for something."""
        question = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        head, _, body = (await exchange(("127.0.0.1", self._port), question.encode())).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert f"Content-Type: {content_type}".encode() in head
        return body

    async def until(self, condition: Callable[[Samples], object], seconds: float = 10.0) -> Samples:
        """Ask until `condition` holds."""
        end = time.monotonic() + seconds
        while not condition(read := await self.scrape()):
            assert time.monotonic() < end, f"it never came true: {read}"
            await asyncio.sleep(0.05)
        return read


async def visit(running: Stage) -> None:
    """Ask each site, in ways that browsers do and do not."""
    for _ in range(3):
        assert (await running.ask(request())).status == 200
    assert (await running.ask(request(b"Content-Length: 0", method=b"POST"))).status == 200
    assert (await running.ask(request(method=b"BREW"))).status == 501
    for _ in range(2):
        assert (await running.ask(request(host=b"branch.localhost"))).status == 502
        assert (await running.ask(request(host=b"lab.localhost"))).status == 200
    assert (await running.ask(b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n")).status == 400


def is_whole(read: Samples) -> bool:
    """Tell whether all that `visit` did is told: a worker that is busy for long is left out of an answer."""
    requests = sum(value for labels, value in read.items() if labels[0] == "casproxy_requests_total")
    return (requests, read["casproxy_events_total", "event_id=43"]) == (10, 2)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("log", ["true", "false"])
async def test_traffic_is_told(workers: int, log: str) -> None:
    """Requests, answers of servers, handshakes and refusals, each under its site; sums are exact."""
    async with stage(
        SITES,
        faults=FAULTS,
        settings=f'[log]\naccess = {log}\n[monitor]\ninterval = "60s"\n',
        server_settings=f"workers = {workers}",
        site_settings=BRANCH,
        apart=True,
    ) as running:
        scraper = Scraper(running)
        async with serving(running) as served:
            before = await scraper.scrape()
            await visit(running)
            read = await scraper.until(is_whole)
            trusted = await scraper.until(lambda read: ("casproxy_upstream_trusted", AT["HQ"], "site=HQ") in read)
            assert bool(served.output) is (log == "true")

    assert before[FAILURES, "reason=expired", AT["Branch"], "site=Branch"] == 0
    assert before["casproxy_events_total", "event_id=43"] == 0
    assert read[REQUESTS] == 3
    assert read["casproxy_requests_total", "code=200", "method=POST", "site=HQ"] == 1
    assert read["casproxy_requests_total", "code=501", "method=other", "site="] == 1
    assert read["casproxy_requests_total", "code=502", "method=GET", "site=Branch"] == 2
    assert read["casproxy_request_duration_seconds_count", "site=HQ"] == 4
    assert read["casproxy_upstream_requests_total", "code=200", AT["HQ"], "site=HQ"] == 4
    assert read["casproxy_upstream_requests_total", "code=none", AT["Branch"], "site=Branch"] == 2
    assert 0 < read["casproxy_upstream_request_duration_seconds_sum", AT["HQ"], "site=HQ"] < 5
    assert read["casproxy_upstream_tls_handshakes_total", "outcome=trusted", AT["HQ"], "site=HQ"] >= 1
    assert read["casproxy_upstream_tls_handshakes_total", "outcome=allowed_untrusted", AT["Lab"], "site=Lab"] >= 1
    refused = read["casproxy_upstream_tls_handshakes_total", "outcome=refused", AT["Branch"], "site=Branch"]
    assert 1 <= refused <= 2, "the second may be answered by what is remembered of the first"
    assert read[FAILURES, "reason=expired", AT["Branch"], "site=Branch"] == refused
    assert read[FAILURES, "reason=self_signed", AT["Lab"], "site=Lab"] >= 1
    assert read["casproxy_events_total", "event_id=43"] == 2
    assert read["casproxy_trust_policy_info", "policy=enforce", "site=Branch", "source=sites.Branch.trust"] == 1
    assert trusted["casproxy_upstream_trusted", AT["Branch"], "site=Branch"] == 0
    assert trusted["casproxy_upstream_trusted", AT["HQ"], "site=HQ"] == 1
    end = trusted[
        "casproxy_upstream_certificate_not_after_timestamp_seconds", "position=0", AT["Branch"], "site=Branch"
    ]
    assert end < time.time(), "an expired certificate is told as well"


async def test_a_reload_is_told() -> None:
    """When, whether, and by another hash; a reload that is refused changes one number only."""
    async with stage({"HQ": answering(OK)}, apart=True) as running:
        scraper = Scraper(running)
        async with serving(running) as served:
            first = await scraper.scrape()
            served.path.write_text("this is no TOML")
            served.send(signal.SIGHUP)
            await served.event(1011)
            refused = await scraper.scrape()
            served.path.write_text(running.settings.replace("[trust]", "[trust]\nallow_internal_untrusted_certs = 0"))
            served.send(signal.SIGHUP)
            await served.event(1010)
            second = await scraper.scrape()

    told = "casproxy_config_last_reload_successful", "casproxy_config_last_reload_success_timestamp_seconds"
    assert [[read[name,] for name in told] for read in (first, refused)] == [
        [1, first[told[1],]], [0, first[told[1],]],
    ]  # fmt: skip
    assert (second[told[0],], second[told[1],] > first[told[1],]) == (1, True)
    hashes = [next(labels for labels in read if labels[0] == "casproxy_config_hash_info") for read in (first, refused)]
    assert hashes[0] == hashes[1]
    assert hashes[0] not in second
    assert second["casproxy_trust_policy_info", "policy=enforce", "site=HQ", "source=trust"] == 1


async def test_no_counter_falls_when_a_worker_is_killed() -> None:
    """What it had told stays, and its successor is added."""
    async with stage({"HQ": answering(OK)}, server_settings="workers = 2", apart=True) as running:
        scraper = Scraper(running)
        async with serving(running) as served:
            for _ in range(20):
                assert (await running.ask(request())).status == 200
            before = await scraper.until(lambda read: read[REQUESTS] == 20)
            os.kill(json.loads(await scraper.get("/api/status"))["workers"][0]["pid"], signal.SIGKILL)
            await served.event(1051)
            for _ in range(5):
                assert (await running.ask(request())).status == 200
            after = await scraper.until(lambda read: read[REQUESTS] == 25)

    counters = [labels for labels in before if labels[0].endswith(("_total", "_count", "_sum", "_bucket"))]
    assert [labels for labels in counters if after[labels] < before[labels]] == []

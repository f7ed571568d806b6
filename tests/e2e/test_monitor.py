"""The watch over backends' certificates: what it tells at start, after a reload, on its timer, and what follows."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from proxy.certkit.authority import Authority
from proxy.certkit.faults import FAULTS
from proxy.certkit.leaf import Leaf
from proxy.upstream.monitor import Standing
from tests.broken import move, nobody
from tests.loopback import backend, until
from tests.stage import OK, Stage, answering, stage
from tests.wire import request, requests_in

pytestmark = pytest.mark.e2e

NEWS = {1020, 1021, 1022, 1023}
"""Events of the watch."""
UNTRUSTED = [name for name, fault in FAULTS.items() if not fault.is_trusted]
SMALLEST_INTERVAL = "5s"
"""The settings allow no shorter one."""
PATIENCE = 30.0


def watched(switch: int, interval: str = "1h") -> str:
    """Set switch and watch; within an hour it looks at the start and after a reload alone."""
    return f'allow_internal_untrusted_certs = {switch}\n[monitor]\ninterval = "{interval}"\n'


def standings(running: Stage) -> list[Standing]:
    """Give what the watch knows of each server."""
    assert running.worker is not None
    return running.proxy.control.monitor.standings()


async def looked(running: Stage) -> None:
    """Wait until each server was looked at once."""
    await running.until(lambda: all(standing.probe is not None for standing in standings(running)))


async def look_again(running: Stage, settings: str = "") -> None:
    """Reload and wait until each server was looked at anew, by the watch itself."""
    before = [standing.probe for standing in standings(running)]
    running.reload(settings or running.settings)
    await running.until(lambda: all(standing.probe not in before for standing in standings(running)))


async def verdicts(running: Stage) -> dict[str, dict[str, Any]]:
    """Ask the admin listener for every verdict; by site."""
    assert running.worker is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", running.proxy.admin_port)
    writer.write(b"GET /api/verdicts HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 200 ")
    return {each["site"]: each for each in json.loads(body)["verdicts"]}


def news(running: Stage) -> list[tuple[int, str]]:
    """Give the events of the watch: number and site, in order."""
    return [(event.id, event.site) for event in running.events if event.id in NEWS]


def present(running: Stage, fault: str) -> None:
    """Let HQ's server present another certificate from now on."""
    server = running.backends["HQ"]
    server.present(FAULTS[fault].make(running.authority, server.name))


def requests_of(running: Stage) -> int:
    """Count the requests that HQ's server heard."""
    return sum(len(requests_in(heard.raw)) for heard in running.backends["HQ"].connections)


def is_dropped(running: Stage) -> bool:
    """Tell whether the proxy closed every connection that carried a request."""
    return all(heard.closed for heard in running.backends["HQ"].connections if heard.raw)


# ── at start ─────────────────────────────────────────────────────────────────────────────────────


async def test_at_start_0_tells_every_untrusted_server() -> None:
    """At 0 the first look tells each untrusted server by one 1020, before anybody asks, and sends no byte of HTTP."""
    sites, faults = dict.fromkeys(FAULTS, answering(OK)), {name: name for name in FAULTS}
    async with stage(sites, faults=faults, settings=watched(0)) as running:
        await looked(running)
        told = {event.site: event for event in running.seen(1020)}
        assert sorted(news(running)) == sorted((1020, name) for name in UNTRUSTED)
        for name, event in told.items():
            assert event.parameters == ("CAS01", f"cas.{name}.test")
            assert (event.reason, event.code) == (FAULTS[name].reason, FAULTS[name].code or None)
            assert (event.policy, event.port) == ("enforce", running.backends[name].port)
            assert event.verdict is not None
            assert event.verdict.is_explained
        assert {name: server.raw for name, server in running.backends.items()} == dict.fromkeys(FAULTS, b"")


async def test_at_start_1_tells_nothing_yet() -> None:
    """At 1 the first look is silent: 1043 speaks when a server is used. The verdicts are known all the same."""
    sites, faults = dict.fromkeys(FAULTS, answering(OK)), {name: name for name in FAULTS}
    async with stage(sites, faults=faults, settings=watched(1)) as running:
        await looked(running)
        assert (news(running), running.seen(1043)) == ([], [])
        known = {site: each["verdict"]["reason"] for site, each in (await verdicts(running)).items()}
        assert known == {name: fault.reason for name, fault in FAULTS.items()}
        assert {server.raw for server in running.backends.values()} == {b""}


@pytest.mark.parametrize("switch", [0, 1])
async def test_the_admin_listener_tells_every_verdict(switch: int) -> None:
    """The admin listener tells each server with its policy, its verdict, the findings and the presented chain."""
    sites, faults = dict.fromkeys(["HQ", "Branch"], answering(OK)), {"Branch": "incomplete-chain"}
    async with stage(sites, faults=faults, settings=watched(switch)) as running:
        await looked(running)
        told = await verdicts(running)
        assert list(told) == ["HQ", "Branch"]
        good, bad = told["HQ"]["verdict"], told["Branch"]["verdict"]
        assert (good["trusted"], good["reason"], good["findings"]) == (True, "", [])
        assert (bad["trusted"], bad["reason"], bad["code"], bad["explained"]) == (
            False,
            "missing_intermediate",
            20,
            True,
        )
        assert [finding["reason"] for finding in bad["findings"]] == ["missing_intermediate"]
        assert (good["presented_count"], bad["presented_count"], bad["name"]) == (1, 1, "cas.branch.test")
        for site, each in told.items():
            assert (each["policy"], each["fault"]) == ("allow" if switch else "enforce", "")
            assert each["dialled"] == f"127.0.0.1:{running.backends[site].port}"
            assert each["looked_at"] is not None
        assert told["HQ"]["tls_version"] == "TLS 1.3"


async def test_without_a_look_there_is_no_verdict() -> None:
    """With the watch off the admin listener tells no verdict until traffic meets one."""
    async with stage({"HQ": answering(OK)}, faults={"HQ": "expired"}, settings=watched(0, "0s")) as running:
        assert (await verdicts(running))["HQ"]["verdict"] is None
        assert (await running.ask(request())).status == 502
        assert (await verdicts(running))["HQ"]["verdict"]["reason"] == "expired"
        assert news(running) == []


# ── changes ──────────────────────────────────────────────────────────────────────────────────────


async def test_gone_bad_at_0_drops_the_living_connection() -> None:
    """At 0 a certificate gone bad ends the idle connection that was made before; the next request is 502."""
    async with stage({"HQ": answering(OK)}, settings=watched(0)) as running:
        browser = await running.browser()
        assert (await browser.ask(request())).status == 200
        await looked(running)
        present(running, "expired")
        await look_again(running)
        await running.until(lambda: is_dropped(running))
        assert (await browser.ask(request())).status == 502
        browser.close()
        assert requests_of(running) == 1
        assert [event.id for event in running.events if event.id in NEWS | {43}] == [1020, 1022, 43]
        (became,) = running.seen(1020)
        assert (became.parameters, became.reason, became.site) == (("CAS01", "cas.hq.test"), "expired", "HQ")


async def test_gone_bad_in_use_the_answer_is_finished() -> None:
    """An answer under way when the certificate goes bad is finished; its connection serves nobody afterwards."""
    released = asyncio.Event()

    async def holding(heard: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await heard.head(reader):
            await released.wait()
            writer.write(OK)

    async with stage({"HQ": holding}, settings=watched(0)) as running:
        asked = asyncio.ensure_future(running.ask(request()))
        await running.until(lambda: running.backends["HQ"].raw)
        await looked(running)
        present(running, "wrong-host")
        await look_again(running)
        released.set()
        assert (await asked).status == 200
        await running.until(lambda: is_dropped(running))
        assert (await running.ask(request())).status == 502
        assert requests_of(running) == 1


async def test_gone_bad_at_1_is_told_and_used() -> None:
    """At 1 it is told, too, and the connection made in good faith is dropped; the next one is used as allowed."""
    async with stage({"HQ": answering(OK)}, settings=watched(1)) as running:
        assert (await running.ask(request())).status == 200
        await looked(running)
        present(running, "expired")
        await look_again(running)
        await running.until(lambda: is_dropped(running))
        assert (await running.ask(request())).status == 200
        assert [event.id for event in running.events if event.id in NEWS | {1043}] == [1020, 1022, 1043]
        words = [one.values(b"x-casproxy-trust") for one in requests_in(running.backends["HQ"].raw)]
        assert words == [[b"trusted"], [b"allowed"]]


async def test_mended_is_told_and_used() -> None:
    """A server that was untrusted and presents a good certificate brings 1021, and the next request is answered."""
    async with stage({"HQ": answering(OK)}, faults={"HQ": "self-signed"}, settings=watched(0)) as running:
        await looked(running)
        present(running, "good")
        await look_again(running)
        assert news(running) == [(1020, "HQ"), (1021, "HQ"), (1022, "HQ")]
        assert (await verdicts(running))["HQ"]["verdict"]["trusted"] is True
        assert (await running.ask(request())).status == 200
        assert running.seen(43) == []


async def test_traffic_that_succeeds_has_the_watch_look_soon() -> None:
    """A request that a mended server answers brings 1021 without a reload, long before the interval is over."""
    async with stage({"HQ": answering(OK)}, faults={"HQ": "self-signed"}, settings=watched(0)) as running:
        await looked(running)
        present(running, "good")
        assert (await running.ask(request())).status == 200
        await running.until(lambda: running.seen(1021))
        assert (await verdicts(running))["HQ"]["verdict"]["trusted"] is True


async def test_traffic_that_is_refused_tells_the_watch() -> None:
    """A refusal in traffic is news for the watch: one 1020, and the verdict is known at once."""
    async with stage({"HQ": answering(OK)}, settings=watched(0)) as running:
        await looked(running)
        present(running, "expired")
        assert (await running.ask(request())).status == 502
        assert [event.id for event in running.events if event.id in {43, 1020}] == [1020, 43]
        assert (await verdicts(running))["HQ"]["verdict"]["reason"] == "expired"


async def test_renewed_is_told_and_harms_nothing() -> None:
    """Another good certificate is one 1022 and nothing else: the connection there is goes on."""
    async with stage({"HQ": answering(OK)}, settings=watched(0)) as running:
        assert (await running.ask(request())).status == 200
        await looked(running)
        present(running, "good")
        await look_again(running)
        (changed,) = running.seen(1022)
        assert (changed.parameters, changed.reason) == (("CAS01", "cas.hq.test"), "")
        assert (await running.ask(request())).status == 200
        assert [len(requests_in(heard.raw)) for heard in running.backends["HQ"].connections if heard.raw] == [2]
        await look_again(running)
        assert news(running) == [(1022, "HQ")]


def ending_in(days: int):
    """Make certificates that end in so many days and an hour."""

    def make(authority: Authority, host: str) -> Leaf:
        return authority.issue(host, not_after=datetime.now(UTC) + timedelta(days=days, hours=1))

    return make


async def test_the_end_is_announced_once() -> None:
    """A certificate with 9 days left is one 1023 that says so, however often it is seen; one with a month is none."""
    faults = {"HQ": ending_in(9), "Branch": ending_in(30)}
    async with stage(dict.fromkeys(faults, answering(OK)), faults=faults, settings=watched(0)) as running:
        await looked(running)
        await look_again(running)
        (event,) = running.seen(1023)
        assert (event.parameters, event.site) == (("CAS01", "cas.hq.test", "9"), "HQ")
        assert (await running.ask(request())).status == 200
        running.backends["HQ"].present(ending_in(5)(running.authority, "cas.hq.test"))
        await look_again(running)
        assert [event.parameters[2] for event in running.seen(1023)] == ["9", "5"]
        assert news(running) == [(1023, "HQ"), (1022, "HQ"), (1023, "HQ")]


# ── servers that are down ────────────────────────────────────────────────────────────────────────


async def test_a_server_that_is_down_is_no_news() -> None:
    """A server nobody answers for has no verdict and brings no event; the admin listener says why."""
    async with nobody() as port, stage({"HQ": answering(OK)}, settings=watched(0)) as running:
        await looked(running)
        running.settings = move(running, "HQ", port)
        await looked(running)
        await look_again(running)
        told = (await verdicts(running))["HQ"]
        assert (told["verdict"], told["dialled"]) == (None, f"127.0.0.1:{port}")
        assert "refused the connection" in told["fault"]
        assert news(running) == []


async def test_a_server_that_went_down_keeps_its_verdict() -> None:
    """What was known of a server before it went down stands beside the fault; its return is no news either."""
    async with stage({"HQ": answering(OK)}, settings=watched(0)) as running:
        leaf = FAULTS["expired"].make(running.authority, "cas.hq.test")
        async with backend([leaf.server_context()]) as world:
            running.settings = move(running, "HQ", world.port)
            await looked(running)
            assert (await verdicts(running))["HQ"]["fault"] == ""
        await look_again(running)
        told = (await verdicts(running))["HQ"]
        assert (told["verdict"]["reason"], "refused the connection" in told["fault"]) == ("expired", True)
        assert [event.id for event in running.events if event.id in NEWS] == [1020]
        assert world.received == b""


# ── event 1043 beside it ─────────────────────────────────────────────────────────────────────────


async def test_1043_once_for_each_certificate() -> None:
    """At 1 each untrusted certificate is one 1043 when it is used, whatever the watch has seen, and never a 1020."""
    leaves = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
    async with stage({"HQ": answering(leaves)}, faults={"HQ": "self-signed"}, settings=watched(1)) as running:
        await looked(running)
        for fault in ("self-signed", "expired", "wrong-host"):
            if fault != "self-signed":
                present(running, fault)
            await look_again(running)
            assert [(await running.ask(request())).status for _ in range(3)] == [200] * 3
        assert [event.reason for event in running.seen(1043)] == ["self_signed", "expired", "name_mismatch"]
        assert [event.id for event in running.events if event.id in NEWS] == [1022, 1022]
        assert requests_of(running) == 9


# ── on its timer ─────────────────────────────────────────────────────────────────────────────────


async def test_the_timer_looks_again() -> None:
    """At the smallest interval a certificate gone bad is told, its connection dropped, without reload or traffic."""
    async with stage({"HQ": answering(OK)}, settings=watched(0, SMALLEST_INTERVAL)) as running:
        assert (await running.ask(request())).status == 200
        await looked(running)
        present(running, "expired")
        await until(lambda: running.seen(1020) and is_dropped(running), "it never looked again", PATIENCE)
        assert (requests_of(running), running.seen(43)) == (1, [])

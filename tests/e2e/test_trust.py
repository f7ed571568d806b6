"""The switch at 0 and its turns: nothing is sent before the verdict, and no connection outlives its policy."""

import asyncio

import pytest

from proxy.certkit.faults import FAULTS
from tests.broken import Gate, move, tcp
from tests.loopback import until
from tests.stage import OK, Browser, Heard, Script, Stage, answering, stage
from tests.wire import request, requests_in

pytestmark = pytest.mark.e2e

ENFORCE = "allow_internal_untrusted_certs = 0"
ALLOW = "allow_internal_untrusted_certs = 1"
LEAVES = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
PATIENCE = 4.0


def spoil(running: Stage, fault: str = "expired") -> None:
    """Let the backend present an untrusted certificate from now on."""
    backend = running.backends["HQ"]
    backend.present(FAULTS[fault].make(running.authority, backend.name))


def turned(running: Stage, switch: int) -> str:
    """Give the settings with the switch turned."""
    return running.settings.replace("certs = 0", f"certs = {switch}").replace("certs = 1", f"certs = {switch}")


def waiting(running: Stage) -> int:
    """Count the requests that wait for a connection."""
    assert running.worker is not None
    return sum(len(pool._waiting) for pool in running.worker._plant.pools._pools.values())


def holding(released: asyncio.Event) -> Script:
    """Answer the first request of each connection once `released` is set, further ones at once."""

    async def script(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await heard.head(reader):
            await released.wait()
            writer.write(OK)

    return script


async def test_a_refilled_pool_asks_for_trust_again() -> None:
    """After the backend closed, the next handshake is a strict one: a certificate gone bad is refused."""
    async with stage({"HQ": answering(LEAVES)}, settings=ENFORCE) as running:
        assert (await running.ask(request())).status == 200
        spoil(running)
        assert (await running.ask(request())).status == 502
        assert (len(running.seen(43)), len(requests_in(running.backends["HQ"].raw))) == (1, 1)


async def test_after_an_idle_close_trust_is_asked_for_again() -> None:
    """A pooled connection that idled too long is closed, and its successor is verified."""
    settings = f'{ENFORCE}\n[timeouts]\nkeep_alive = "300ms"'
    async with stage({"HQ": answering(OK)}, settings=settings) as running:
        assert (await running.ask(request())).status == 200
        spoil(running)
        await running.until(lambda: running.backends["HQ"].connections[0].closed)
        assert (await running.ask(request())).status == 502
        assert (len(running.seen(43)), len(requests_in(running.backends["HQ"].raw))) == (1, 1)


async def test_a_retry_is_verified_too() -> None:
    """When a pooled connection dies under a request, the second attempt sends nothing to an untrusted backend."""

    async def once(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard.head(reader)
        writer.write(OK)
        await heard.head(reader)

    async with stage({"HQ": once}, settings=ENFORCE) as running:
        assert (await running.ask(request())).status == 200
        spoil(running)
        assert (await running.ask(request())).status == 502
        backend = running.backends["HQ"]
        assert len(running.seen(43)) == 1
        # The one with bytes is the first; whoever looked at the certificates afterwards sent none.
        assert [len(requests_in(heard.raw)) for heard in backend.connections if heard.raw] == [2]


async def test_turning_to_0_drops_what_was_opened_at_1() -> None:
    """After 1 → 0 an idle connection made at 1 is closed and never used, also for a browser that stays connected."""
    async with stage({"HQ": answering(OK)}, faults={"HQ": "expired"}, settings=ALLOW) as running:
        browser = await running.browser()
        assert (await browser.ask(request())).status == 200
        running.reload(turned(running, 0))
        answer = await browser.ask(request(b"X-Second: yes"))
        backend = running.backends["HQ"]
        assert (answer.status, len(running.seen(43))) == (502, 1)
        await running.until(lambda: all(heard.closed for heard in backend.connections))
        assert b"X-Second" not in backend.raw
        browser.close()


async def test_who_waits_for_a_connection_gets_none_of_the_old_policy() -> None:
    """A request that waits while 1 turns to 0 is refused with a 43, although the old connection comes back."""
    released = asyncio.Event()
    few = {"HQ": "[sites.limits]\nupstream_connections = 1"}
    async with stage({"HQ": holding(released)}, faults={"HQ": "expired"}, settings=ALLOW, site_settings=few) as running:
        backend = running.backends["HQ"]
        first = asyncio.ensure_future(running.ask(request(b"X-First: yes")))
        await running.until(lambda: backend.raw)
        second = asyncio.ensure_future(running.ask(request(b"X-Second: yes")))
        await running.until(lambda: waiting(running) == 1)
        running.reload(turned(running, 0))
        released.set()
        assert [answer.status for answer in await asyncio.gather(first, second)] == [200, 502]
        assert (len(running.seen(43)), b"X-Second" in backend.raw) == (1, False)


async def test_a_handshake_begun_at_1_is_not_used_at_0() -> None:
    """A handshake that is under way while 1 turns to 0 serves nobody afterwards."""
    async with stage({"HQ": answering(OK)}, faults={"HQ": "expired"}, settings=ALLOW) as running:
        gate = Gate(running.backends["HQ"].port)
        async with tcp(gate.play) as port:
            settings = move(running, "HQ", port)
            asked = asyncio.ensure_future(running.ask(request()))
            await running.until(lambda: gate.connections)
            running.reload(settings.replace(ALLOW, ENFORCE))
            gate.passed.set()
            assert (await asked).status == 502
            assert (len(running.seen(43)), running.backends["HQ"].raw) == (1, b"")


async def test_turning_to_1_uses_the_backend_at_once() -> None:
    """After 0 → 1 the very next request is answered: no refusal is remembered across policies."""
    async with stage({"HQ": answering(OK)}, faults={"HQ": "expired"}, settings=ENFORCE) as running:
        assert (await running.ask(request())).status == 502
        running.reload(turned(running, 1))
        assert (await running.ask(request())).status == 200
        assert [len(running.seen(number)) for number in (43, 1043)] == [1, 1]


async def test_a_repaired_backend_works_without_a_restart() -> None:
    """Once a good certificate is presented, requests are answered again within moments."""
    async with stage({"HQ": answering(OK)}, faults={"HQ": "self-signed"}, settings=ENFORCE) as running:
        assert (await running.ask(request())).status == 502
        spoil(running, "good")
        assert await first_success(running) < PATIENCE


async def first_success(running: Stage) -> float:
    """Ask until it works; gives the seconds it took."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    browser: Browser = await running.browser()
    while (await browser.ask(request())).status != 200:
        await until_later(0.1)
        assert loop.time() < begin + PATIENCE
    browser.close()
    return loop.time() - begin


async def until_later(seconds: float) -> None:
    """Let some time pass."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    await until(lambda: loop.time() >= end, "time stands still")


async def test_a_repaired_backend_is_trusted_again_at_1() -> None:
    """At 1 too a backend that presents a good certificate is verified again: the next request says `trusted`."""
    async with stage({"HQ": answering(LEAVES)}, faults={"HQ": "expired"}, settings=ALLOW) as running:
        await running.ask(request())
        spoil(running, "good")
        await running.ask(request())
        words = [one.values(b"x-casproxy-trust") for one in requests_in(running.backends["HQ"].raw)]
        assert words == [[b"allowed"], [b"trusted"]]


async def test_sites_of_one_address_share_no_connection() -> None:
    """A connection verified for one name never serves a site that asks the same address for another name."""
    async with stage({"HQ": answering(OK), "Branch": answering(OK)}, settings=ENFORCE) as running:
        hq, branch = running.backends["HQ"], running.backends["Branch"]
        running.reload(running.settings.replace(f"127.0.0.1:{branch.port}", f"127.0.0.1:{hq.port}"))
        assert (await running.ask(request())).status == 200
        assert (await running.ask(request(host=b"branch.localhost"))).status == 502
        (event,) = running.seen(43)
        assert (event.site, event.reason) == ("Branch", "name_mismatch")
        assert len(requests_in(hq.raw)) == 1


async def test_a_tls_name_is_what_is_verified() -> None:
    """`tls_name` decides over the name, for one site alone, even where URL and address are the same."""
    async with stage({"HQ": answering(OK), "Branch": answering(OK)}, settings=ENFORCE) as running:
        hq, branch = running.backends["HQ"], running.backends["Branch"]
        settings = running.settings.replace(f"127.0.0.1:{branch.port}", f"127.0.0.1:{hq.port}")
        settings = settings.replace("https://cas.branch.test", "https://cas.hq.test")
        first, _, second = settings.rpartition(f'connect_to = "127.0.0.1:{hq.port}"')
        running.reload(f'{first}connect_to = "127.0.0.1:{hq.port}", tls_name = "other.test"{second}')
        statuses = [
            (await running.ask(request(host=host))).status for host in (b"hq.localhost", b"branch.localhost") * 2
        ]
        assert statuses == [200, 502, 200, 502]
        assert [len(requests_in(heard.raw)) for heard in hq.connections if heard.raw] == [2]


async def test_sites_with_different_switches_share_no_connection() -> None:
    """One server in two sites, one at 1 and one at 0: what the first opened is not used for the second."""
    of_branch = {"Branch": f"[sites.trust]\n{ENFORCE}"}
    faults = {"HQ": "expired"}
    sites = {"HQ": answering(OK), "Branch": answering(OK)}
    async with stage(sites, faults=faults, settings=ALLOW, site_settings=of_branch) as running:
        hq, branch = running.backends["HQ"], running.backends["Branch"]
        settings = running.settings.replace(f"127.0.0.1:{branch.port}", f"127.0.0.1:{hq.port}")
        running.reload(settings.replace("https://cas.branch.test", "https://cas.hq.test"))
        statuses = [
            (await running.ask(request(host=host))).status for host in (b"hq.localhost", b"branch.localhost") * 2
        ]
        assert statuses == [200, 502, 200, 502]
        assert {event.policy_source for event in running.seen(43)} == {"sites.Branch.trust"}
        assert len(requests_in(hq.raw)) == 2

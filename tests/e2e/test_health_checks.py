"""Checks of servers in the whole proxy: what takes a server down, what requests get, and what the untrusted hear."""

import asyncio
import json
from typing import Any

import pytest

from tests.e2e.test_failover import join
from tests.process import serving
from tests.stage import OK, Script, Stage, stage
from tests.wire import request, requests_in

pytestmark = pytest.mark.e2e

CHECKED = """allow_internal_untrusted_certs = 0
[health]
path = "/owa/health"
interval = "1s"
timeout = "1s"
fall = 2
rise = 2
"""
HEALTH = b"GET /owa/health HTTP/1.1\r\n"
SORRY = b"HTTP/1.1 500 Sorry\r\nContent-Length: 0\r\n\r\n"


def site(check: bytes) -> Script:
    """Make a script: checks are answered as given, requests well."""

    async def script(heard, reader, writer) -> None:
        while head := await heard.head(reader):
            writer.write(check if head.startswith(HEALTH) else OK)
            await writer.drain()

    return script


def turns(running: Stage) -> list[tuple[int, str]]:
    """Give the events of turns: number, and the server or the site."""
    return [(event.id, event.parameters[1]) for event in running.events if event.id in (1047, 1048, 1049)]


def targets(running: Stage, name: str) -> list[bytes]:
    """List what a server was asked for."""
    return [each.target for each in requests_in(running.backends[name].raw)]


async def standings(running: Stage) -> dict[str, dict[str, Any]]:
    """Ask the admin listener how the servers stand; by name."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.proxy.admin_port)
    writer.write(b"GET /api/servers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 200 ")
    return {each["server"]: each["health"] for each in json.loads(body)["servers"]}


async def checked(running: Stage) -> dict[str, dict[str, Any]]:
    """Wait for the first check of HQ's server; gives how all stand."""
    for _ in range(100):
        if (health := await standings(running))["cas.hq.test"]["state"] != "unchecked":
            return health
        await asyncio.sleep(0.05)
    raise AssertionError("nobody was checked")


async def test_a_server_that_fails_its_checks_gets_no_requests() -> None:
    """1047 before anybody meets it; the other one serves; once it passes again 1048, and it is begun with again."""
    async with stage({"HQ": site(OK), "Spare": site(OK)}, settings=CHECKED) as running:
        join(running)
        assert (await running.ask(request())).status == 200
        running.backends["HQ"].script = site(SORRY)
        await running.until(lambda: running.seen(1047))
        (down,) = running.seen(1047)
        health = await standings(running)
        before = targets(running, "HQ").count(b"/owa/")
        statuses = [(await running.ask(request(method=b"POST", body=b"mail"))).status for _ in range(3)]

        assert (statuses, targets(running, "HQ").count(b"/owa/")) == ([200] * 3, before)
        assert down.parameters == ("CAS01", "cas.hq.test")
        assert down.note == f"{down.server} answered 500 to GET /owa/health (health.expect)."
        assert {name: each["state"] for name, each in health.items()} == {down.server: "down", "cas.spare.test": "up"}
        assert health[down.server]["why"] == down.note
        assert running.seen(39) == []

        running.backends["HQ"].script = site(OK)
        await running.until(lambda: running.seen(1048))
        assert (await running.ask(request())).status == 200
        assert turns(running) == [(1047, "cas.hq.test"), (1048, "cas.hq.test")]
        assert targets(running, "HQ").count(b"/owa/") == before + 1


async def test_a_site_whose_only_server_fails_its_checks() -> None:
    """503 with the time after which it may be back, and 1049; the server hears of its checks alone."""
    async with stage({"HQ": site(SORRY)}, settings=CHECKED) as running:
        await running.until(lambda: running.seen(1049))
        answer = await running.ask(request())

        assert (answer.status, answer.field(b"retry-after")) == (503, b"2")
        assert turns(running) == [(1047, "cas.hq.test"), (1049, "HQ"), (1049, "HQ")]
        assert set(targets(running, "HQ")) == {b"/owa/health"}


async def test_a_server_that_hangs_fails_its_checks() -> None:
    """A check ends after its time, and the reason says so."""

    async def hang(heard, reader, _writer) -> None:
        await heard.rest(reader)

    async with stage({"HQ": hang}, settings=CHECKED) as running:
        await running.until(lambda: running.seen(1047))

        assert "did not answer GET /owa/health within 1 s (health.timeout)." in running.seen(1047)[0].note


async def test_at_0_checks_send_nothing_to_a_server_that_is_not_trusted() -> None:
    """It is refused, not down: no 43 without a request, a 43 for each, and not one byte of HTTP."""
    async with stage({"HQ": site(OK)}, faults={"HQ": "self-signed"}, settings=CHECKED) as running:
        backend = running.backends["HQ"]
        health = await checked(running)
        quiet = running.seen(43)
        statuses = [(await running.ask(request())).status for _ in range(2)]

        assert (quiet, statuses, len(running.seen(43))) == ([], [502, 502], 2)
        assert health["cas.hq.test"]["state"] == "up"
        assert "certificate" in health["cas.hq.test"]["why"]
        assert (turns(running), backend.raw) == ([], b"")


async def test_at_1_checks_do_not_speak_of_use() -> None:
    """1043 speaks when a request uses an untrusted server, and once."""
    settings = CHECKED.replace("certs = 0", "certs = 1")
    async with stage({"HQ": site(OK)}, faults={"HQ": "self-signed"}, settings=settings) as running:
        await running.until(lambda: targets(running, "HQ"))
        before = running.seen(1043)
        assert (await running.ask(request())).status == 200

        assert (before, len(running.seen(1043))) == ([], 1)


async def test_several_workers_tell_a_turn_once() -> None:
    """Each of them knows, and turns away; the log has one 1047."""
    async with (
        stage({"HQ": site(SORRY)}, settings=CHECKED, server_settings="workers = 2\n", apart=True) as running,
        serving(running) as served,
    ):
        await served.event(1049)
        await asyncio.sleep(0.2)  # the other worker hears of the check at the same time, give or take
        statuses = {(await running.ask(request())).status for _ in range(8)}

        assert (statuses, len(served.seen(1047))) == ({503}, 1)
        assert await served.end() == 0

"""Several workers behind one door: nothing that one of them knows or suffers is another's loss."""

import asyncio
import json
import os
import signal
import socket
import ssl
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.loopback import ask_admin, free_port
from tests.process import Served, serving
from tests.stage import OK, Browser, Heard, Script, Stage, answering, stage
from tests.visitors import account, directory_settings, form, post, sign_in, write_users

GET = b"GET /owa/ HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Slow:
    """A backend that answers when it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()

    async def __call__(self, heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read a head, wait, answer."""
        while await heard.head(reader):
            self.asked += 1
            await self.may_answer.wait()
            writer.write(OK)


@asynccontextmanager
async def two(
    script: Script | None = None,
    *,
    settings: str = "",
    fault: str = "good",
    token: str = "",
    directory: bool = False,
    session: str = "",
) -> AsyncIterator[tuple[Stage, Served, str]]:
    """Serve a site with two workers; gives the address of the admin listener, too."""
    lines = "workers = 2\n" + (f'admin_token = "{token}"\n' if token else "")
    more = "[directory]\n" if directory else ""
    async with stage(
        {"HQ": script or answering(OK)},
        server_settings=lines,
        settings=more + settings,
        faults={"HQ": fault},
        apart=True,
    ) as running:
        admin = f"127.0.0.1:{free_port()}"
        running.settings = running.settings.replace('admin = "127.0.0.1:0"', f'admin = "{admin}"')
        if directory:
            write_users(running.folder, account("alice", "HQ"))
            tables = directory_settings(running.folder) + session
            running.settings = running.settings.replace(more, tables)
        async with serving(running) as served:
            yield running, served, admin


async def ask(admin: str, path: str) -> Any:
    """Ask the admin API; it may not be there for a moment."""
    for _ in range(100):
        try:
            return await asyncio.to_thread(ask_admin, admin, path)
        except OSError:
            await asyncio.sleep(0.1)
    raise AssertionError("The admin API does not answer")


async def workers(admin: str) -> dict[int, int]:
    """Give the workers, number to process."""
    return {each["number"]: each["pid"] for each in (await ask(admin, "/api/status"))["workers"]}


async def until_workers(admin: str, condition: Callable[[dict[int, int]], bool]) -> dict[int, int]:
    """Wait until the workers are as wanted; gives them."""
    for _ in range(200):
        if condition(found := await workers(admin)):
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"They stay {found}")


def children(served: Served) -> set[int]:
    """Give the processes that the supervisor has forked."""
    pid = served.process.pid
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


async def test_every_worker_serves_and_one_process_tells():
    """Events stand in one stream in order, requests are counted over all workers, each line is whole."""
    async with two() as (running, served, admin):
        answers = [(await running.ask(GET)).status for _ in range(40)]
        told = await ask(admin, "/api/sites")
        await served.until(lambda: len(served.output) == 40)
        found = await workers(admin)
        code = await served.end()

    assert answers == [200] * 40
    assert told["sites"][0]["traffic"]["requests"] == 40
    assert sorted(found) == [1, 2]
    assert all(json.loads(line)["http.response.status_code"] == 200 for line in served.output)
    assert (
        code,
        [event["event.code"] for event in served.events if event["event.code"] in ("14", "1012", "1013")],
    ) == (
        0,
        ["14", "1012", "1013"],
    )


async def test_a_worker_that_is_killed_costs_its_own_requests_only():
    """The other one serves on, an event names the dead one, and another takes its place."""
    async with two() as (running, served, admin):
        before = await workers(admin)
        os.kill(before[1], signal.SIGKILL)
        answers = [(await running.ask(GET)).status for _ in range(10)]
        lost = await served.event(1051)
        after = await until_workers(admin, lambda found: len(found) == 2 and found[1] != before[1])
        await served.end()

    assert answers == [200] * 10
    assert lost["winlog.event_data.param2"] == f"Worker 1 ({before[1]})"
    assert lost["winlog.event_data.param3"] == "was ended by SIGKILL"
    assert after[2] == before[2]


async def test_a_control_process_that_is_killed_costs_no_request():
    """Workers serve on; what they had to say is said to the next one, which works with what was in force."""
    async with two() as (running, served, admin):
        served.path.write_text(running.settings.replace("[trust]", "[limits]\ntarget_bytes = 64\n[trust]"))
        served.send(signal.SIGHUP)
        await served.event(1010)
        (control,) = children(served) - set((await workers(admin)).values())
        os.kill(control, signal.SIGKILL)
        answers = [(await running.ask(GET)).status for _ in range(10)]
        lost = await served.event(1051)
        long = (await running.ask(GET.replace(b"/owa/", b"/owa/" + b"x" * 64))).status
        await served.until(lambda: len(served.output) == 11)
        found = {each["key"]: each["value"] for each in (await ask(admin, "/api/config"))["keys"]}
        await served.end()

    assert (answers, long) == ([200] * 10, 414)
    assert lost["winlog.event_data.param2"] == f"The control process ({control})"
    assert found["limits.target_bytes"] == 64
    assert len(served.seen(14)) == 1


# ── what one learns, all know ────────────────────────────────────────────────────────────────────


async def test_who_signs_off_is_signed_off_everywhere():
    """Whichever worker took it; one that comes later knows it, too, and so does the file that outlives a stop."""
    async with AsyncExitStack() as stack:
        running, served, admin = await stack.enter_async_context(two(directory=True))
        browsers = [await running.browser() for _ in range(12)]
        cookie = await sign_in(browsers[0], "alice")
        ask_owa = b"GET /owa/ HTTP/1.1\r\nHost: localhost\r\nCookie: " + cookie + b"\r\n\r\n"
        before = [(await browser.ask(ask_owa)).status for browser in browsers]
        counts = [each["connections"] for each in (await ask(admin, "/api/status"))["workers"]]
        await browsers[0].ask(ask_owa.replace(b"/owa/", b"/owa/logoff.owa"))
        after = await settled(browsers, ask_owa, 302)
        found = await workers(admin)
        for pid in found.values():
            os.kill(pid, signal.SIGKILL)
        await until_workers(admin, lambda now: len(now) == 2 and not set(now.values()) & set(found.values()))
        later = [(await running.ask(ask_owa)).status for _ in range(6)]
        await served.end()

    assert (before, after, later) == ([200] * 12, [302] * 12, [302] * 6)
    assert min(counts) > 0, "one worker had every connection: nothing was proven"


async def settled(browsers: list[Browser], data: bytes, status: int) -> list[int]:
    """Ask on every connection until all answer alike: word travels between processes; gives the answers."""
    for _ in range(100):
        found = [(await browser.ask(data)).status for browser in browsers]
        if found == [status] * len(browsers):
            return found
        await asyncio.sleep(0.01)
    return found


async def test_wrong_passwords_count_wherever_they_are_tried():
    """Ten of them stop a user, however many workers took some of them."""
    async with two(directory=True, session="attempts_user = 4\n") as (running, served, _):
        statuses = []
        for _ in range(12):
            answer = await running.ask(post(form("alice", "wrong")))
            statuses.append(answer.status)
        await served.end()

    assert statuses.count(302) <= 6
    assert statuses[-4:] == [429] * 4


async def test_the_switch_is_turned_on_every_worker_at_once():
    """When the answer has come, no connection meets the old policy any more; an event says who turned it."""
    async with two(fault="self-signed", token="geheim") as (running, served, admin):
        browsers = [await running.browser() for _ in range(12)]
        before = [(await browser.ask(GET)).status for browser in browsers]
        changes = await turn(admin, 0)
        after = [(await browser.ask(GET)).status for browser in browsers]
        await turn(admin, None)
        again = [(await browser.ask(GET)).status for browser in browsers]
        told = await served.event(1050, 2)
        await served.end()

    assert (before, after, again) == ([200] * 12, [502] * 12, [200] * 12)
    assert [each["after"] for each in changes["changes"]] == [0]
    assert changes["connections_closed"] >= 1
    assert told["winlog.event_data.param3"].startswith("127.0.0.1")


async def turn(admin: str, value: int | None) -> Any:
    """Turn the switch of the site."""
    return await asyncio.to_thread(_turn, admin, value)


def _turn(admin: str, value: int | None) -> Any:
    order = urllib.request.Request(
        f"http://{admin}/api/trust",
        json.dumps({"site": "HQ", "allow_internal_untrusted_certs": value}).encode(),
        {"Content-Type": "application/json", "Authorization": "Bearer geheim"},
    )
    with urllib.request.urlopen(order, timeout=10) as answer:
        return json.load(answer)


async def test_draining_finishes_what_every_worker_has_in_flight():
    """Nobody new is let in; the exit code says whether something was cut off."""
    slow = Slow()
    async with two(slow, settings='[timeouts]\ndrain = "20s"\n') as (running, served, _):
        browsers = [await running.browser() for _ in range(8)]
        for browser in browsers:
            await browser.send(GET)
        await served.until(lambda: slow.asked == 8)
        served.send(signal.SIGTERM)
        await served.event(1012)
        await served.until(lambda: is_refused(running.port))
        slow.may_answer.set()
        answers = [(await browser.answer()).status for browser in browsers]
        code = await served.ended()

    assert (answers, code) == ([200] * 8, 0)


def is_refused(port: int) -> bool:
    """Tell whether nobody listens."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize("signals", [1, 2])
async def test_what_is_cut_off_is_told_by_the_code(signals):
    """By the drain's limit, or by a second signal."""
    slow = Slow()
    drain = "0.3s" if signals == 1 else "60s"
    async with two(slow, settings=f'[timeouts]\ndrain = "{drain}"\n') as (running, served, _):
        browser = await running.browser()
        await browser.send(GET)
        await served.until(lambda: slow.asked == 1)
        served.send(signal.SIGTERM)
        await served.event(1012)
        if signals > 1:
            served.send(signal.SIGTERM)

        assert await served.ended() == 5


async def test_nobody_stays_when_the_parent_is_killed():
    """Control and workers notice, finish and go."""
    async with two() as (_, served, _):
        found = children(served)
        served.process.kill()
        await served.ended()
        await served.until(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in found))

    assert len(found) == 3


async def test_a_browser_resumes_at_every_worker():
    """Tickets are good at all of them, and after a reload."""
    async with two() as (running, served, _):
        context = ssl.create_default_context(cadata=running.authority.certificate_pem.decode())
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        first = await asyncio.to_thread(resume, running.port, context, None)
        served.send(signal.SIGHUP)
        await served.event(1010)
        resumed = [(await asyncio.to_thread(resume, running.port, context, first[0]))[1] for _ in range(16)]
        await served.end()

    assert (first[1], resumed) == (False, [True] * 16)


def resume(port: int, context: ssl.SSLContext, session: ssl.SSLSession | None) -> tuple[ssl.SSLSession | None, bool]:
    """Shake hands; gives the session, and whether it was resumed."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as raw,
        context.wrap_socket(raw, server_hostname="localhost", session=session) as sock,
    ):
        sock.sendall(GET)
        sock.recv(1)
        return sock.session, bool(sock.session_reused)


async def test_browsers_are_spread_over_the_workers():
    """Also those that come all at once: a machine with many processors would be idle but for one."""
    async with two() as (running, served, admin):
        browsers = await asyncio.gather(*(running.browser() for _ in range(120)))
        counts = sorted(each["connections"] for each in (await ask(admin, "/api/status"))["workers"])
        for browser in browsers:
            browser.close()
        await served.end()

    assert sum(counts) == 120
    assert counts[0] >= 30  # half of 120 by chance: fewer than 30 once in ten million times


async def test_browsers_that_wait_for_a_worker_that_is_gone_are_taken_by_another():
    """It may have died again and again, and the next one come late; nobody's connection is lost."""
    async with two() as (running, served, admin):
        found = await workers(admin)
        os.kill(found[1], signal.SIGSTOP)
        answers = await asyncio.gather(*(running.ask(GET) for _ in range(20)))
        os.kill(found[1], signal.SIGCONT)
        await served.end()

    assert [answer.status for answer in answers] == [200] * 20

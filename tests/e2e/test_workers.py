"""Several workers behind one door: nothing that one of them knows or suffers is another's loss."""

import asyncio
import json
import os
import signal
import socket
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.process import Served, serving
from tests.stage import OK, Stage, answering, stage

GET = b"GET /owa/ HTTP/1.1\r\nHost: localhost\r\n\r\n"


@asynccontextmanager
async def two(settings: str = "", **more: Any) -> AsyncIterator[tuple[Stage, Served, str]]:
    """Serve a site with two workers; gives the address of the admin listener, too."""
    async with stage({"HQ": answering(OK)}, server_settings="workers = 2\n", settings=settings, apart=True) as running:
        admin = f"127.0.0.1:{free_port()}"
        running.settings = running.settings.replace('admin = "127.0.0.1:0"', f'admin = "{admin}"')
        async with serving(running, **more) as served:
            yield running, served, admin


def free_port() -> int:
    """Give a port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


async def ask(admin: str, path: str) -> Any:
    """Ask the admin API; it may not be there for a moment."""
    for _ in range(100):
        try:
            return await asyncio.to_thread(_ask, admin, path)
        except OSError:
            await asyncio.sleep(0.1)
    raise AssertionError("The admin API does not answer")


def _ask(admin: str, path: str) -> Any:
    with urllib.request.urlopen(f"http://{admin}{path}", timeout=10) as answer:
        return json.load(answer)


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

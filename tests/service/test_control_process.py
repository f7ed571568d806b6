"""Control and workers as processes of their own, run beside each other in one loop."""

import asyncio
import contextlib
import gc
import json
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from proxy.service.certificates import Stock
from proxy.service.control_process import ControlProcess
from proxy.service.heritage import Heritage
from proxy.service.load import load
from proxy.service.sockets import Sockets, bind_all
from proxy.service.worker_process import WorkerProcess
from tests.loopback import ask_admin, until
from tests.stage import OK, PATIENCE, Stage, answering, stage

GET = b"GET /owa/ HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(autouse=True)
def collector():
    """Leave the garbage collector as it was."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def duplicate(sockets: Sockets) -> Sockets:
    """Give what a fork would have."""
    return Sockets(
        https=tuple(tuple(each.dup() for each in address) for address in sockets.https),
        redirect=tuple(each.dup() for each in sockets.redirect),
        admin=sockets.admin.dup(),
    )


class Family:
    """The processes of a proxy, as tasks."""

    def __init__(self, running: Stage, capfd: pytest.CaptureFixture[str]) -> None:
        self.running = running
        self.path = running.folder / "casproxy.toml"
        self.path.write_text(running.settings)
        read = partial(load, str(self.path), {}, {})
        self.lifeline, self.hold = os.pipe()
        self.sockets = bind_all(read().settings.server, 2)
        running.apart_port = self.sockets.https_addresses[0][1]
        self.meeting = socket.socket(socket.AF_UNIX)
        self.meeting.bind(str(running.folder / "meeting"))
        self.meeting.listen()
        self.meeting.setblocking(False)
        self.heritage = Heritage(
            loaded=read(),
            load=read,
            sockets=self.sockets,
            stock=Stock(1),
            meeting=str(running.folder / "meeting"),
            lifeline=self.lifeline,
            colour=False,
        )
        self.tasks: list[asyncio.Task[int]] = []
        self._capfd = capfd
        self._told = ""

    def inherit(self) -> Heritage:
        """Give what a fork would have."""
        return replace(self.heritage, sockets=duplicate(self.sockets), lifeline=os.dup(self.lifeline))

    def begin(self, process: ControlProcess | WorkerProcess) -> asyncio.Task[int]:
        """Let a process live."""
        self.tasks.append(asyncio.get_running_loop().create_task(process.run(), name=type(process).__name__))
        return self.tasks[-1]

    def control(self, *, is_first: bool = True) -> asyncio.Task[int]:
        """Begin control."""
        return self.begin(ControlProcess(self.inherit(), self.meeting.dup(), is_first=is_first))

    def worker(self, number: int) -> asyncio.Task[int]:
        """Begin a worker."""
        return self.begin(WorkerProcess(number, self.inherit()))

    def events(self, number: int) -> list[dict[str, Any]]:
        """Give the records of an event so far."""
        self._told += self._capfd.readouterr().err
        records = [json.loads(line) for line in self._told.splitlines()]
        return [record for record in records if record["event.code"] == str(number)]

    async def told(self, number: int) -> None:
        """Wait for an event."""
        await until(lambda: bool(self.events(number)), f"no event {number}")

    async def ask(self, path: str) -> Any:
        """Ask the admin API."""
        return await asyncio.to_thread(ask_admin, f"127.0.0.1:{self.sockets.admin_port}", path)

    async def end(self) -> list[int]:
        """End as a supervisor that goes does; gives the exit codes."""
        if self.hold:
            os.close(self.hold)
            self.hold = 0
        async with asyncio.timeout(20):
            return await asyncio.gather(*self.tasks)


@contextlib.asynccontextmanager
async def family(capfd: pytest.CaptureFixture[str], lines: str = "workers = 2\n", **more: Any) -> AsyncIterator[Family]:
    """Make the processes of a proxy; whoever began is ended."""
    more = {"settings": '[log]\nformat = "json"\n', **more}
    async with stage({"HQ": answering(OK)}, server_settings=lines, apart=True, **more) as running:
        made = Family(running, capfd)
        try:
            yield made
        finally:
            await made.end()
            made.sockets.close()
            made.meeting.close()
            os.close(made.lifeline)


async def test_they_serve_as_one_and_end_when_their_parent_goes(capfd):
    """One event for the start and one for the end, one number for all requests, access lines from everybody."""
    async with family(capfd) as made:
        made.control()
        made.worker(1)
        made.worker(2)
        await made.told(14)
        answers = [(await made.running.ask(GET)).status for _ in range(6)]
        status, sites = await made.ask("/api/status"), await made.ask("/api/sites")
        codes = await made.end()
        numbers = [len(made.events(number)) for number in (14, 1012, 1013)]

    assert answers == [200] * 6
    assert (status["ready"], [each["number"] for each in status["workers"]]) == (True, [1, 2])
    assert sites["sites"][0]["traffic"]["requests"] == 6
    assert (codes, numbers) == ([0, 0, 0], [1, 1, 1])
    assert [json.loads(line)["http.response.status_code"] for line in capfd.readouterr().out.splitlines()] == []


async def test_a_worker_waits_for_control(capfd):
    """It serves nobody before it knows what is in force; and when the end comes first, it has served nobody."""
    async with family(capfd, "workers = 1\n") as made:
        worker = made.worker(1)
        sock = socket.create_connection(("127.0.0.1", made.running.apart_port))
        sock.close()
        assert not worker.done()
        assert await made.end() == [0]


async def test_control_that_comes_again_says_nothing_of_a_start(capfd):
    """It takes over what the worker works with, and the worker goes on."""
    async with family(capfd, "workers = 1\n") as made:
        first = made.control()
        made.worker(1)
        await made.told(14)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        made.tasks.remove(first)
        between = (await made.running.ask(GET)).status
        made.control(is_first=False)

        async def is_ready() -> bool:
            try:
                return bool((await made.ask("/api/status"))["ready"])
            except OSError:
                return False

        async with asyncio.timeout(PATIENCE):
            while not await is_ready():  # each time another thread asks, and the loop turns
                pass
        sites = await made.ask("/api/sites")

        assert (between, sites["sites"][0]["traffic"]["requests"], len(made.events(14))) == (200, 1, 1)

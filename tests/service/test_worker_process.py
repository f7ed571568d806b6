"""One worker as a process of its own: what control says to it, and what it says."""

import asyncio
import contextlib
import gc
import json
import os
from collections.abc import AsyncIterator

import pytest

from proxy.metrics.names import REQUESTS
from proxy.service.certificates import Stock
from proxy.service.crew import CannotApply
from proxy.service.fleet import Fleet
from proxy.service.heritage import Heritage
from proxy.service.sockets import bind_all
from proxy.service.worker_process import WorkerProcess
from proxy.session.notice import Ended
from tests.company import SESSION, Scene, scene
from tests.loopback import until

GET = b"GET /owa/ HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(autouse=True)
def collector():
    """Leave the garbage collector as it was."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


class Hired:
    """A worker that runs as a task, at the control of a scene."""

    def __init__(self, made: Scene, fleet: Fleet) -> None:
        self.made = made
        self.fleet = fleet
        loaded = made.control.in_force.loaded
        self.lifeline, self._hold = os.pipe()
        sockets = bind_all(loaded.settings.server)
        made.running.apart_port = sockets.https_addresses[0][1]
        self.process = WorkerProcess(
            1,
            Heritage(
                loaded=loaded,
                load=lambda: loaded,
                sockets=sockets,
                stock=Stock(1),
                meeting=made.path,
                lifeline=self.lifeline,
                colour=False,
            ),
        )
        self.work = asyncio.get_running_loop().create_task(self.process.run(), name="worker")

    async def ask(self, data: bytes = GET) -> int:
        """Ask the worker; gives the status."""
        return (await self.made.running.ask(data)).status

    def hang_up(self) -> None:
        """Go, as a supervisor that was killed."""
        if self._hold:
            os.close(self._hold)
            self._hold = 0


@contextlib.asynccontextmanager
async def hired(tmp_path) -> AsyncIterator[Hired]:
    """Hire a worker and wait until it serves."""
    async with scene(tmp_path) as made:
        fleet = await made.open()
        worker = Hired(made, fleet)
        try:
            await until(fleet.are_serving, "it never served")
            yield worker
        finally:
            worker.hang_up()
            async with asyncio.timeout(20):
                await worker.work
            os.close(worker.lifeline)


async def test_it_serves_and_says_what_it_did(tmp_path):
    """Lines, counts and events come to control; the last words before the end, too."""
    async with hired(tmp_path) as worker:
        status = await worker.ask()
        (report,) = await worker.fleet.reports()
        worker.hang_up()
        code = await worker.work
        await worker.fleet.until_empty()
        lines = [json.loads(line) for line, _ in worker.made.lines]

    assert (status, code, report.number, report.pid) == (200, 0, 1, os.getpid())
    assert [line["http.response.status_code"] for line in lines] == [200]
    assert worker.made.totals.merged()[REQUESTS]["HQ", "GET", "200"] == 1


async def test_it_works_with_what_control_says(tmp_path):
    """For the next request; a file that is wrong changes nothing and is told."""
    async with hired(tmp_path) as worker:
        control = worker.made.control
        running = worker.made.running
        (running.folder / "casproxy.toml").write_text(
            running.settings.replace("[trust]", "[limits]\ntarget_bytes = 64\n[trust]")
        )
        loaded = running._load((running.folder / "casproxy.toml").read_text())
        await worker.fleet.apply(control.in_force._replace(revision=5, loaded=loaded))
        long = await worker.ask(GET.replace(b"/owa/", b"/owa/" + b"x" * 64))
        (running.folder / "front.pem").write_text("broken")
        with pytest.raises(CannotApply, match="A file could not be read"):
            await worker.fleet.apply(control.in_force._replace(revision=6))

        assert (long, worker.process._in_force.revision) == (414, 5)


async def test_access_lines_stop_where_nobody_wants_them(tmp_path):
    """Requests are counted all the same."""
    async with hired(tmp_path) as worker:
        running = worker.made.running
        loaded = running._load(running.settings + "[log]\naccess = false\n")
        await worker.fleet.apply(worker.made.control.in_force._replace(revision=5, loaded=loaded))
        await worker.ask()
        await worker.fleet.reports()

        assert worker.made.lines == []
        assert worker.made.totals.merged()[REQUESTS]["HQ", "GET", "200"] == 1


async def test_it_learns_what_others_were_told(tmp_path):
    """Before it came, and afterwards; and forgets connections that were made in good faith."""
    other = "1" * 32
    async with hired(tmp_path) as worker:
        await worker.ask()
        (site,) = worker.made.control.in_force.loaded.topology.sites
        worker.fleet._tell_all("learn", Ended(other, 5e9))
        worker.fleet.renew(site.servers[0], site.policy, trusted=True)
        worker.fleet.note_check(site.servers[0], site.policy, ok=True, why="")
        (report,) = await worker.fleet.reports()
        book = worker.process._worker._plant.reception.book

        assert (book.revoked.has(SESSION, 1.0), book.revoked.has(other, 1.0)) == (True, True)
        assert [each.state.idle for each in report.upstreams] == [0]


async def test_words_in_the_same_breath_as_the_welcome_are_not_lost(tmp_path):
    """Control may say more before the worker has begun."""
    async with scene(tmp_path) as made:
        fleet = await made.open()
        worker = Hired(made, fleet)
        process = worker.process
        newer = made.control.in_force._replace(revision=9)
        closed = process._apply(newer)
        process._learn(Ended("2" * 32, 5e9))
        early = (process._report(), process._renew(None, None, True), process._check(None, None, True, ""))
        await until(fleet.are_serving, "it never served")
        worker.hang_up()
        book = process._worker._plant.reception.book

        assert await worker.work == 0
        assert (closed, early, process._in_force) == (0, (None, None, None), newer)
        assert book.revoked.has("2" * 32, 1.0)
        os.close(worker.lifeline)


async def test_a_new_control_is_told_what_the_worker_works_with(tmp_path):
    """And tells what is newer."""
    async with hired(tmp_path) as worker:
        control = worker.made.control
        await worker.fleet.close()
        await until(lambda: worker.process._link._channel is None, "the line never broke")
        (tmp_path / "control").unlink()
        control.in_force = control.in_force._replace(revision=9)
        fleet = await worker.made.open()
        await until(fleet.are_serving, "it never came back")

        assert worker.process._in_force.revision == 9
        assert await worker.ask() == 200

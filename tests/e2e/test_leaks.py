"""What a day brings, in a minute: requests, connections and reloads without number leave nothing behind."""

import asyncio
import signal
import ssl
from typing import NamedTuple

import pytest

from tests.loopback import backend
from tests.process import Served, serving
from tests.stage import OK, PATIENCE, Stage, answering, stage
from tests.wire import request

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(400)]

REQUESTS, CONNECTIONS, RELOADS = 100_000, 10_000, 100
ROUNDS, WARM_UP = 10, 3
"""What the rounds after the first ones add is a leak."""
IN_A_ROW = 16
"""Requests sent at once on one connection."""
TOGETHER = 20
"""Browsers at a time."""
GROWTH = 4 * 1024
"""KiB that they may add, the allocator's unrest: 60 bytes lost with each request, or 600 with a connection, is more."""
POOLED = 40
"""Connections to the backend that may be idle when the process is weighed, and descriptors it has anyway."""


class Weight(NamedTuple):
    """What a process holds."""

    resident: int
    descriptors: int


class Day:
    """Everything that happens to one proxy."""

    def __init__(self, running: Stage, served: Served) -> None:
        self._running = running
        self._served = served
        self._context = ssl.create_default_context(cadata=running.authority.certificate_pem.decode())
        self.answers = self.connections = self.reloads = 0

    async def pass_round(self) -> None:
        """Do a round's share, a reload after each share of the rest."""
        for _ in range(RELOADS // ROUNDS):
            async with asyncio.TaskGroup() as group:
                for number in range(TOGETHER):
                    group.create_task(self._ask(REQUESTS // RELOADS // TOGETHER))
                    group.create_task(self._come(CONNECTIONS // RELOADS // TOGETHER, number))
            await self._reload()

    async def weigh(self) -> Weight:
        """Weigh the process once its browsers are gone."""
        await self._served.until(lambda: self._served.descriptors <= POOLED + TOGETHER)
        return Weight(self._served.resident, self._served.descriptors)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self.connections += 1
        async with asyncio.timeout(PATIENCE):
            return await asyncio.open_connection(
                "127.0.0.1", self._running.port, ssl=self._context, server_hostname="localhost"
            )

    async def _ask(self, number: int) -> None:
        """Ask on one connection, many times in a row."""
        reader, writer = await self._connect()
        while number > 0:
            row = min(IN_A_ROW, number)
            writer.write(request() * row)
            for _ in range(row):
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
                assert await reader.readexactly(2) == b"ok"
            self.answers += row
            number -= row
        writer.close()

    async def _come(self, number: int, kind: int) -> None:
        """Connect, and leave in one of the ways in which browsers leave."""
        for _ in range(number):
            if kind % 4 == 0:  # before the handshake is over
                reader, writer = await asyncio.open_connection("127.0.0.1", self._running.port)
                writer.write(b"\x16\x03\x01\x02\x00\x01")
                self.connections += 1
            else:
                reader, writer = await self._connect()
                if kind % 4 == 1:  # in the middle of a request
                    writer.write(request()[:-9])
                elif kind % 4 == 2:  # without waiting for the answer
                    writer.write(request())
                else:
                    writer.write(request(b"Connection: close"))
                    assert (await reader.read()).endswith(b"ok")
            await writer.drain()
            writer.transport.abort()

    async def _reload(self) -> None:
        """Put other settings in force; every other time another policy, so that contexts and pools are made anew."""
        self.reloads += 1
        text = self._running.settings.replace("body_bytes = 1000", f"body_bytes = {1000 + self.reloads}")
        self._served.path.write_text(text.replace("certs = 0", f"certs = {self.reloads // 2 % 2}"))
        self._running.authority.issue("localhost").write(self._running.folder, "front")
        self._served.send(signal.SIGHUP)
        await self._served.event(1010, self.reloads)


async def test_a_day_leaves_nothing_behind() -> None:
    """Memory and descriptors are what they were after the first rounds."""
    settings = "allow_internal_untrusted_certs = 0\n[log]\naccess = false\n[limits]\nbody_bytes = 1000\n"
    async with stage({"HQ": answering(OK)}, settings=settings, apart=True) as running:
        leaf = running.authority.issue(running.backends["HQ"].name)
        async with backend([leaf.server_context()], OK) as world:
            running.settings = running.settings.replace(f":{running.backends['HQ'].port}", f":{world.port}")
            async with serving(running) as served:
                day = Day(running, served)
                weights = []
                for _ in range(ROUNDS):
                    await day.pass_round()
                    weights.append(await day.weigh())
                weights = weights[WARM_UP - 1 :]
                assert (day.answers, day.reloads) == (REQUESTS, RELOADS)
                assert day.connections >= CONNECTIONS
                assert weights[-1].resident - weights[0].resident < GROWTH, weights
                assert weights[-1].descriptors - weights[0].descriptors < TOGETHER, weights
                assert await served.end() == 0

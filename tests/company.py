"""A control that runs with a fleet that workers may join: what both say to each other, in one process."""

import contextlib
import socket
from collections.abc import AsyncIterator, Callable

from proxy.metrics.totals import Totals
from proxy.service.control import Control
from proxy.service.crew import InForce, Report
from proxy.service.fleet import Fleet
from proxy.service.link import Hello, Link, Welcome
from proxy.service.register import Register
from proxy.session.notice import Ended
from tests.stage import OK, Stage, answering, stage

SESSION = "0" * 32


class Scene:
    """A fleet that workers may join, and what they made of it."""

    def __init__(self, running: Stage, path: str) -> None:
        self.running = running
        self.control: Control = running.proxy.control
        self.path = path
        self.lines: list[tuple[bytes, int]] = []
        self.resumed: list[Welcome] = []
        self.heard: list[tuple[object, ...]] = []
        self.fleet: Fleet | None = None
        self.links: list[Link] = []
        self.works_with: InForce | None = None
        self.totals = Totals()

    async def open(self) -> Fleet:
        """Begin to take workers."""
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(self.path)
        sock.listen()
        sock.setblocking(False)
        register = Register("", print)
        register.learn(Ended(SESSION, 5e9))
        self.fleet = Fleet(self.control, self.totals, register, lambda *line: self.lines.append(line))
        await self.fleet.listen(sock)
        return self.fleet

    def link(self, number: int, **verbs: Callable[..., object]) -> Link:
        """Make the line of a worker that keeps what it hears; `verbs` does otherwise."""

        def hear(*what: object) -> int:
            self.heard.append((number, *what))
            return number

        link = Link(
            self.path,
            {
                "apply": lambda in_force: hear("apply", in_force.revision),
                "learn": lambda notice: hear("learn", notice),
                "renew": lambda server, _policy, trusted: hear("renew", server.host, trusted),
                "report": lambda: (report(number), {}),
                **verbs,
            },
            lambda: Hello(number, 10_000_000 + number, self.works_with),
            self.resumed.append,
        )
        self.links.append(link)
        return link


@contextlib.asynccontextmanager
async def scene(tmp_path) -> AsyncIterator[Scene]:
    """Make the scene with a control that runs."""
    async with stage({"HQ": answering(OK)}) as running:
        made = Scene(running, str(tmp_path / "control"))
        try:
            yield made
        finally:
            for link in made.links:
                await link.close()
            if made.fleet is not None:
                await made.fleet.close()


def report(number: int) -> Report:
    """Make a report of a worker that does nothing."""
    return Report(number, 10_000_000 + number, 1.0, number, 0, "asyncio", (), ())

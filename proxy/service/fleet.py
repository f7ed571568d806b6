"""Workers in other processes, as control sees them: it tells and asks them, they tell it what happens.

A worker that cannot follow the others (a file changed under it, it does not answer) is sent away; the supervisor lets
another take its place, which begins with what is in force.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from proxy.events.record import Event
from proxy.health.standing import Turn
from proxy.metrics.names import Snapshot
from proxy.metrics.totals import Totals
from proxy.model.sites import Server, TrustPolicy
from proxy.model.verdict import Verdict
from proxy.service.channel import Channel, ChannelLost
from proxy.service.control import Control
from proxy.service.crew import CannotApply, InForce, Report
from proxy.service.link import Hello, Welcome
from proxy.service.register import Register
from proxy.session.notice import Notice
from proxy.sinks.batch import WriteLines

PROCESS_LOST = 1051
REPORT_SECONDS = 2.0
"""A worker that is busy for longer is left out of what is told."""


@dataclass(slots=True)
class Member:
    """A worker."""

    hello: Hello
    channel: Channel
    revision: int
    """Of what it works with."""
    is_serving: bool = False
    """Whether it has said that it serves, and not that it ends."""

    @property
    def who(self) -> tuple[int, int]:
        """Number and process: whoever takes its place differs in the latter."""
        return self.hello.number, self.hello.pid


class Fleet:
    """All workers; a `Crew`. `everybody` is called once, when so many serve as there should be."""

    def __init__(self, control: Control, totals: Totals, register: Register, write: WriteLines) -> None:
        self._control = control
        self._totals = totals
        self._register = register
        self._write = write
        self._members: dict[Channel, Member] = {}
        self._latest = control.in_force
        self._empty = asyncio.Event()
        self._empty.set()
        self._listening: asyncio.Server | None = None
        self.everybody: Callable[[str], None] = lambda _transports: None
        """Told that all serve, and through which transports."""
        self._is_complete = False
        self.expected = 0
        """Workers that must serve before all are said to; where others have said so before, one is enough."""

    async def listen(self, sock: socket.socket) -> None:
        """Take workers from a socket that is bound."""
        self._listening = await asyncio.get_running_loop().create_unix_server(self._open, sock=sock)

    async def close(self) -> None:
        """Hang up on everybody."""
        if self._listening is not None:
            self._listening.close()
        for channel in list(self._members):
            channel.close()
        await asyncio.sleep(0)

    async def until_empty(self) -> None:
        """Wait until every worker has gone, and all that it said has been heard."""
        await self._empty.wait()

    # ── as a crew ────────────────────────────────────────────────────────────────────────────────

    async def apply(self, in_force: InForce) -> int:
        """Have one worker try it, then all others; see `Crew`."""
        closed = 0
        for first in list(self._members.values()):
            try:
                closed += await self._apply(first, in_force)
            except ChannelLost:
                continue
            break
        self._latest = in_force  # who comes from here on begins with it
        while behind := [each for each in self._members.values() if each.revision < in_force.revision]:
            closed += sum(await asyncio.gather(*(self._apply_or_part(each, in_force) for each in behind)))
        return closed

    def renew(self, server: Server, policy: TrustPolicy, *, trusted: bool) -> None:
        """Have nobody use a connection again that was made while a server's trust stood otherwise."""
        self._tell_all("renew", server, policy, trusted)

    def note_check(self, server: Server, policy: TrustPolicy, *, ok: bool, why: str) -> None:
        """Tell everybody how a check of a server went."""
        self._tell_all("checked", server, policy, ok, why)

    def are_serving(self) -> bool:
        """Tell whether anybody takes requests."""
        return any(each.is_serving for each in self._members.values())

    async def reports(self) -> list[Report]:
        """Ask everybody how they are doing, and what they counted."""
        members = [each for each in self._members.values() if each.is_serving]
        found = await asyncio.gather(*map(self._report, members))
        return sorted((each for each in found if each is not None), key=lambda report: report.number)

    # ── what workers say ─────────────────────────────────────────────────────────────────────────

    def _open(self) -> Channel:
        channel: Channel

        def on(verb: Callable[..., object]) -> Callable[..., object]:
            return lambda *arguments: verb(channel, *arguments)

        control = self._control
        channel = Channel(
            {
                "hello": on(self._on_hello),
                "serving": on(self._on_serving),
                "ending": on(self._on_ending),
                "event": control.outlets.emit,
                "lines": self._write,
                "refused": self._on_refused,
                "trusted": control.monitor.note_success,
                "turned": on(self._on_turned),
                "notice": on(self._on_notice),
                "counted": on(self._on_counted),
                "process_lost": self._on_process_lost,
            },
            self._on_lost,
        )
        return channel

    def _on_hello(self, channel: Channel, hello: Hello) -> Welcome:
        if hello.in_force is not None and self._control.adopt(hello.in_force):
            self._latest = self._control.in_force
        revision = hello.in_force.revision if hello.in_force is not None else self._latest.revision
        self._empty.clear()
        self._members[channel] = Member(hello, channel, revision)
        return Welcome(self._latest, self._register.notices())

    def _on_serving(self, channel: Channel, transports: str) -> None:
        member = self._members[channel]
        member.is_serving = True
        if not self._is_complete and sum(each.is_serving for each in self._members.values()) >= self.expected:
            self._is_complete = True
            self.everybody(transports)

    def _on_ending(self, channel: Channel) -> None:
        self._members[channel].is_serving = False

    def _on_refused(self, server: Server, policy: TrustPolicy, verdict: Verdict) -> None:
        self._control.monitor.note_refusal(server, policy, verdict)

    def _on_turned(self, channel: Channel, turn: Turn) -> None:
        self._control.hear(self._members[channel].hello.number, turn)

    def _on_notice(self, channel: Channel, notice: Notice) -> None:
        self._register.learn(notice)
        for other in self._members:
            if other is not channel:
                other.tell("learn", notice)

    def _on_counted(self, channel: Channel, snapshot: Snapshot) -> None:
        self._totals.take(self._members[channel].who, snapshot)

    def _on_process_lost(self, number: int, pid: int, how: str) -> None:
        who = f"Worker {number}" if number else "The control process"
        us = self._control.name
        self._control.outlets.emit(Event(id=PROCESS_LOST, parameters=(us, f"{who} ({pid})", how)))

    def _on_lost(self, channel: Channel) -> None:
        member = self._members.pop(channel, None)
        if member is not None:
            self._totals.retire(member.who)
            self._control.forget(member.hello.number)
        if not self._members:
            self._empty.set()

    # ── parts ────────────────────────────────────────────────────────────────────────────────────

    async def _apply(self, member: Member, in_force: InForce) -> int:
        answer = await member.channel.ask("apply", in_force)
        if isinstance(answer, str):
            raise CannotApply(answer)
        member.revision = in_force.revision
        return int(answer)

    async def _apply_or_part(self, member: Member, in_force: InForce) -> int:
        try:
            return await self._apply(member, in_force)
        except (CannotApply, ChannelLost):
            member.revision = in_force.revision  # asked once
            member.is_serving = False
            with suppress(ProcessLookupError):
                os.kill(member.hello.pid, signal.SIGTERM)
            return 0

    async def _report(self, member: Member) -> Report | None:
        try:
            report, snapshot = await member.channel.ask("report", patience=REPORT_SECONDS)
        except ChannelLost:
            return None
        self._totals.take(member.who, snapshot)
        assert isinstance(report, Report)
        return report

    def _tell_all(self, verb: str, *arguments: object) -> None:
        for channel in self._members:
            channel.tell(verb, *arguments)

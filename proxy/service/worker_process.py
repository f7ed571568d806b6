"""One worker as a process of its own, from its fork to its end; what it serves is `worker`'s."""

import asyncio
import gc
import os
import signal
from collections.abc import Callable

from proxy.metrics.meter import Meter
from proxy.metrics.names import Snapshot
from proxy.model.sites import Server, TrustPolicy
from proxy.service.build import Outlets
from proxy.service.calls import OK, Calls
from proxy.service.channel import ChannelLost
from proxy.service.crew import CannotApply, InForce, Report
from proxy.service.heritage import Heritage
from proxy.service.link import Hello, Link, Welcome
from proxy.service.memory import tune_collector
from proxy.service.signin import Company
from proxy.service.worker import Worker
from proxy.session.notice import Notice
from proxy.sinks.batch import Batch
from proxy.upstream.dial import Watch

JOIN_SECONDS = 0.05
"""Between two tries to reach control, before anything is served."""
COUNTED_SECONDS = 2.0
"""How often it is told what was counted: so much is forgotten of a worker that is killed."""


class WorkerProcess:
    """Joins control, serves, ends."""

    def __init__(self, number: int, heritage: Heritage) -> None:
        self._number = number
        self._heritage = heritage
        self._in_force: InForce | None = None
        self._worker: Worker | None = None
        self._early: list[Notice] = []
        self._meter = Meter()
        verbs: dict[str, Callable[..., object]] = {
            "apply": self._apply,
            "renew": self._renew,
            "checked": self._check,
            "learn": self._learn,
            "report": self._report,
        }
        self._link = Link(heritage.meeting, verbs, self._hello, self._resume)
        self._batch = Batch(self._meter.count, self._link.write_lines if heritage.loaded.settings.log.access else None)
        self._next = 0.0

    async def run(self) -> int:
        """Serve until a signal ends it; gives the exit code, 5 when the drain cut something off."""
        calls = Calls(ends=(signal.SIGTERM,))
        self._heritage.watch_lifeline(calls.ask_to_end)
        self._heritage.sockets.admin.close()
        try:
            welcome = await calls.unless_ended(self._join())
            return OK if welcome is None else await self._serve(welcome, calls)
        finally:
            await self._link.close()
            self._heritage.sockets.close()

    async def _serve(self, welcome: Welcome, calls: Calls) -> int:
        if self._in_force is None:  # else control has said more in the same breath
            self._in_force = welcome.in_force
        worker = self._worker = self._make_worker(self._in_force)
        for notice in (*welcome.notices, *self._early):
            worker.learn(notice)
        try:
            await worker.start()
            self._link.say("serving", worker.transport_sentence)
            tune_collector()
            return await calls.until_ended(self._drain)
        finally:
            self._link.say("ending")
            await worker.stop()
            self._batch.flush()
            self._link.tell_counts(self._meter.snapshot())
            gc.unfreeze()

    async def _join(self) -> Welcome:
        """Serve nobody before control has said what is in force and who has signed off."""
        while True:
            try:
                return await self._link.join()
            except (OSError, ChannelLost):
                await asyncio.sleep(JOIN_SECONDS)

    def _make_worker(self, in_force: InForce) -> Worker:
        link, heritage = self._link, self._heritage
        watch = Watch(refused=link.note_refusal, trusted=link.note_success, handshake=self._meter.note_handshake)
        outlets = Outlets(
            emit=link.emit,
            record_access=self._batch.record,
            watch=watch,
            company=Company(tell=link.tell, keeps_ended=False),
            turned=link.tell_turn,
        )
        worker = Worker(in_force.loaded, outlets, heritage.sockets, number=self._number, stock=heritage.stock)
        worker.add_sweep(self._tick)
        return worker

    async def _drain(self) -> bool:
        self._link.say("ending")
        assert self._worker is not None
        return await self._worker.drain()

    def _tick(self, now: float) -> None:
        self._batch.flush()
        self._link.tick(now)
        if now >= self._next:
            self._next = now + COUNTED_SECONDS
            self._link.tell_counts(self._meter.snapshot())

    # ── what control says ────────────────────────────────────────────────────────────────────────

    def _hello(self) -> Hello:
        return Hello(self._number, os.getpid(), self._in_force)

    def _resume(self, welcome: Welcome) -> None:
        """Go on with a control process that was started anew; it has taken over what we work with, if we are ahead."""
        worker = self._worker
        assert worker is not None
        assert self._in_force is not None
        if welcome.in_force.revision > self._in_force.revision:
            self._apply(welcome.in_force)
        if worker.is_serving:
            self._link.say("serving", worker.transport_sentence)

    def _apply(self, in_force: InForce) -> int | str:
        """Work with this; gives how many idle connections were closed, or why nothing has changed."""
        if self._worker is None:
            self._in_force = in_force
            return 0
        try:
            closed = self._worker.apply(in_force.loaded)
        except CannotApply as fault:
            return str(fault)
        self._in_force = in_force
        self._meter.arrange(in_force.loaded.topology)
        self._batch.turn(self._link.write_lines if in_force.loaded.settings.log.access else None)
        return closed

    def _renew(self, server: Server, policy: TrustPolicy, trusted: bool) -> None:
        if self._worker is not None:
            self._worker.renew(server, policy, trusted=trusted)

    def _check(self, server: Server, policy: TrustPolicy, ok: bool, why: str) -> None:
        if self._worker is not None:
            self._worker.note_check(server, policy, ok=ok, why=why)

    def _learn(self, notice: Notice) -> None:
        if self._worker is not None:
            self._worker.learn(notice)
        else:
            self._early.append(notice)

    def _report(self) -> tuple[Report, Snapshot] | None:
        if self._worker is None:
            return None
        self._batch.flush()
        return self._worker.report(), self._meter.snapshot()

"""The clock turns, whatever its sweeps do."""

import asyncio

import pytest

from proxy.model.clock import Ticks
from proxy.service.ticker import Ticker
from tests.fakes import settle


class Scene:
    """A ticker whose timer is turned by hand."""

    def __init__(self, *sweeps, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loop = asyncio.get_running_loop()
        self.now = 100.0
        self.timers: list[asyncio.TimerHandle] = []
        monkeypatch.setattr(self.loop, "time", lambda: self.now)
        monkeypatch.setattr(self.loop, "call_later", self._call_later)
        self.ticks = Ticks(0.0)
        self.ticker = Ticker(self.ticks, sweeps)

    def _call_later(self, delay, call, *arguments):
        handle = asyncio.TimerHandle(self.now + delay, call, arguments, self.loop)
        self.timers.append(handle)
        return handle

    async def turn(self) -> None:
        """Let a quarter of a second pass."""
        self.now += 0.25
        due, self.timers = self.timers, []
        for handle in due:
            if not handle.cancelled():
                handle._run()
        await settle()


async def test_it_turns_the_clock_and_calls_every_sweep(monkeypatch):
    """At once and then every quarter of a second, each with the time."""
    seen = []
    scene = Scene(seen.append, lambda now: seen.append(-now), monkeypatch=monkeypatch)
    scene.ticker.start()
    await settle()
    await scene.turn()

    assert seen == [100.0, -100.0, 100.25, -100.25]
    assert scene.ticks.now == 100.25


async def test_sweeps_may_be_added_later(monkeypatch):
    """The list is the owner's."""
    sweeps, seen = [], []
    scene = Scene(monkeypatch=monkeypatch)
    scene.ticker = Ticker(scene.ticks, sweeps)
    scene.ticker.start()
    sweeps.append(seen.append)
    await scene.turn()

    assert seen == [100.25]


async def test_a_failing_sweep_stops_neither_the_clock_nor_the_others(monkeypatch):
    """Time limits protect everybody: one timer goes on, every other sweep is called, and the defect is told."""
    seen, told = [], []

    def fail(_now: float) -> None:
        raise ZeroDivisionError

    scene = Scene(fail, seen.append, monkeypatch=monkeypatch)
    scene.loop.set_exception_handler(lambda _loop, context: told.append(type(context["exception"])))
    scene.ticker.start()
    await settle()
    for _ in range(3):
        await scene.turn()

    assert seen == [100.0, 100.25, 100.5, 100.75]
    assert told == [ZeroDivisionError] * 4
    assert len(scene.timers) == 1


async def test_after_stop_nothing_is_called(monkeypatch):
    """Neither the timer nor what was due already; stopping twice is stopping."""
    seen = []
    scene = Scene(seen.append, monkeypatch=monkeypatch)
    scene.ticker.start()
    scene.ticker.stop()
    scene.ticker.stop()
    await settle()
    await scene.turn()

    assert seen == []


async def test_a_ticker_that_never_started_can_be_stopped(monkeypatch):
    """A start that failed half way ends like any other."""
    scene = Scene(monkeypatch=monkeypatch)
    scene.ticker.stop()

    assert scene.timers == []

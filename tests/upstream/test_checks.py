"""Who is asked when, how many at once, and what is told; asking is done by hand."""

import asyncio
from dataclasses import replace

import pytest

from proxy.model.health import HealthRules
from proxy.model.limits import Timeouts
from proxy.model.sites import TrustPolicy
from proxy.upstream.asking import Check, Finding
from proxy.upstream.checks import AT_ONCE, JITTER, Checks
from tests.fakes import make_server, settle

RULES = HealthRules(path="/owa/", interval=10.0)
POLICY = TrustPolicy()
WRONG = Finding(ok=False, why="It is gone.")


def check(number: int = 2, rules: HealthRules = RULES) -> Check:
    """Make a server to ask."""
    return Check(make_server(number), POLICY, Timeouts(), rules)


class Scene:
    """Checks whose answers are the test's."""

    def __init__(self, *wanted: Check, chance: float = 0.5) -> None:
        self.answer: Finding | None = Finding(ok=True, why="")
        self.asked: list[int] = []
        self.told: list[tuple[str, bool, str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.checks = Checks(self.ask, self.tell, lambda: chance)
        self.checks.watch(wanted)

    async def ask(self, wanted: Check) -> Finding | None:
        """Answer, when the gate is open."""
        self.asked.append(wanted.server.connect_port - 8440)
        await self.gate.wait()
        return self.answer

    def tell(self, server, policy, ok, why) -> None:
        """Keep what is told."""
        assert policy == POLICY
        self.told.append((server.host, ok, why))

    async def tick(self, *moments: float) -> list[int]:
        """Let time pass; gives who was asked at which of these moments."""
        before = len(self.asked)
        for now in moments:
            self.checks.tick(now)
            await settle()
        return self.asked[before:]


async def test_every_server_with_a_path_is_asked_at_once():
    """And what it says is told; where no path is set nobody asks."""
    scene = Scene(check(2), check(3), check(4, HealthRules()))

    assert await scene.tick(1.0) == [2, 3]
    assert scene.told == [("cas02.branch.test", True, ""), ("cas03.branch.test", True, "")]


async def test_the_timer_asks_again_after_the_interval():
    """Not before."""
    scene = Scene(check())

    assert [await scene.tick(now) for now in (1.0, 5.0, 10.9, 11.0, 20.9, 21.0)] == [[2], [], [], [2], [], [2]]


@pytest.mark.parametrize(("chance", "factor"), [(0.0, 1 - JITTER), (1.0, 1 + JITTER)])
async def test_checks_are_moved_about(chance, factor):
    """By a tenth of the interval either way."""
    scene = Scene(check(), chance=chance)

    assert [await scene.tick(now) for now in (0.0, 10.0 * factor - 0.1, 10.0 * factor + 0.1)] == [[2], [], [2]]


async def test_few_at_once_and_one_at_a_time_for_each_server():
    """A hundred servers that hang are no hundred connections, and one that hangs is not asked twice."""
    scene = Scene(*map(check, range(2, 102)))
    scene.gate.clear()

    assert len(await scene.tick(1.0, 50.0, 100.0)) == AT_ONCE
    assert len(set(scene.asked)) == AT_ONCE
    await scene.checks.close()


async def test_nobody_is_kept_back_by_those_that_hang():
    """Who has waited longest is asked first, however many of the others are due again."""
    scene = Scene(*map(check, range(2, 102)))
    for now in range(0, 60, 10):
        scene.gate.clear()
        await scene.tick(float(now))
        scene.gate.set()
        await settle()

    assert len(set(scene.asked)) == 100


async def test_what_is_wrong_is_told():
    """With its reason."""
    scene = Scene(check())
    scene.answer = WRONG
    await scene.tick(1.0)

    assert scene.told == [("cas02.branch.test", False, "It is gone.")]


async def test_a_fault_of_ours_says_nothing_of_the_server():
    """So nothing is told."""
    scene = Scene(check())
    scene.answer = None
    await scene.tick(1.0)

    assert (scene.asked, scene.told) == ([2], [])


async def test_a_reload_keeps_the_time_of_servers_that_stay():
    """Who is new, or has other rules, is asked at once; who is gone is told of no more."""
    scene = Scene(check(2), check(3), check(4))
    await scene.tick(1.0)
    scene.checks.watch([check(2), check(3, replace(RULES, fall=9)), check(5)])

    assert await scene.tick(2.0) == [3, 5]
    assert await scene.tick(11.0) == [2]


async def test_a_check_that_a_reload_overtook_is_not_told():
    """It was made by rules, or of a server, of yesterday."""
    scene = Scene(check(2), check(3))
    scene.gate.clear()
    await scene.tick(1.0)
    scene.checks.watch([check(3, replace(RULES, path="/other"))])
    scene.gate.set()
    await settle()

    assert scene.told == []


async def test_the_end_breaks_off_what_is_under_way():
    """Nothing is left, nothing is told."""
    scene = Scene(check())
    scene.gate.clear()
    await scene.tick(1.0)
    await scene.checks.close()

    assert scene.told == []
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("check ")]

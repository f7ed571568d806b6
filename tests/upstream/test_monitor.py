"""Who is looked at when, what is told, and when connections are dropped; looks are made by hand."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from proxy.errors import UpstreamUnreachable
from proxy.events.record import Event
from proxy.model.limits import Timeouts
from proxy.model.sites import Server, TrustPolicy
from proxy.model.verdict import CertificateFacts, Finding, Link, Reason, Verdict, Whence
from proxy.upstream.monitor import AT_ONCE, JITTER, Habits, Monitor, Watched
from proxy.upstream.probe import Probe
from tests.fakes import make_server, settle

AT = datetime(2026, 6, 1, tzinfo=UTC)
ENFORCE, ALLOW = TrustPolicy(allow_untrusted=False), TrustPolicy()


def verdict(*reasons: Reason, days: float = 300) -> Verdict:
    """Make a verdict about a certificate with so many days left."""
    leaf = CertificateFacts(size=1, sha256="a", not_after=AT + timedelta(days=days))
    return Verdict(
        trusted=not reasons,
        name="cas02.branch.test",
        findings=tuple(Finding(reason=reason, sentence="", cure="") for reason in reasons),
        presented=(leaf,),
        path=(Link(whence=Whence.PRESENTED, subject="", certificate=leaf, position=0),),
        at=AT,
    )


GOOD, BAD = verdict(), verdict(Reason.EXPIRED)


class Scene:
    """A monitor whose looks give what the test says."""

    def __init__(self, *, chance: float = 0.5) -> None:
        self.answer: Verdict | None = GOOD
        self.looks: list[Server] = []
        self.events: list[Event] = []
        self.dropped: list[tuple[Server, TrustPolicy, bool]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.monitor = Monitor(
            self.look, self.events.append, lambda *key: self.dropped.append(key), "CAS01", lambda: chance
        )

    async def look(self, server: Server, policy: TrustPolicy, timeouts: Timeouts) -> Probe:
        """Look, when the gate is open."""
        del policy, timeouts
        self.looks.append(server)
        await self.gate.wait()
        if self.answer is None:
            return Probe(server, AT, fault=UpstreamUnreachable("Branch", server.authority, "It does not answer."))
        return Probe(server, AT, verdict=self.answer)

    def watch(self, *policies: TrustPolicy, interval: float = 300.0) -> None:
        """Watch a server under each policy."""
        watched = [Watched(make_server(number), policy, Timeouts()) for number, policy in enumerate(policies, 2)]
        self.monitor.watch(watched, Habits(interval=interval))

    async def tick(self, now: float, answer: Verdict | None) -> list[int]:
        """Let time come to `now`; gives the events told by it."""
        self.answer, told = answer, len(self.events)
        self.monitor.tick(now)
        await settle()
        return [event.id for event in self.events[told:]]


async def test_every_server_is_looked_at_on_start():
    """The first tick looks at all of them and tells who is not trusted under 0."""
    scene = Scene()
    scene.watch(ENFORCE, ENFORCE)
    told = await scene.tick(1.0, BAD)

    assert scene.looks == [make_server(2), make_server(3)]
    assert told == [1020, 1020]
    assert [standing.known.verdict for standing in scene.monitor.standings()] == [BAD, BAD]


async def test_the_timer_looks_again_after_the_interval():
    """Not before, and then again and again."""
    scene = Scene()
    scene.watch(ENFORCE)
    for now in (1.0, 2.0, 300.0, 301.0, 302.0, 601.0):
        await scene.tick(now, GOOD)

    assert len(scene.looks) == 3


@pytest.mark.parametrize(("chance", "factor"), [(0.0, 1 - JITTER), (1.0, 1 + JITTER)])
async def test_looks_are_moved_about(chance, factor):
    """By a tenth of the interval either way."""
    scene = Scene(chance=chance)
    scene.watch(ENFORCE)
    for now in (0.0, 300.0 * factor - 1, 300.0 * factor + 0.1):
        await scene.tick(now, GOOD)

    assert len(scene.looks) == 2


async def test_few_looks_at_once_and_one_at_a_time_for_each_server():
    """A hundred servers that hang are no hundred connections."""
    scene = Scene()
    scene.gate.clear()
    scene.watch(*[replace(ENFORCE, generation=number) for number in range(20)])
    for now in (1.0, 2.0, 900.0):
        await scene.tick(now, GOOD)
    under_way = len(scene.looks)
    scene.gate.set()
    for now in range(901, 912):
        await scene.tick(float(now), GOOD)

    assert under_way == AT_ONCE
    assert len(set(scene.looks)) == 20


async def test_changes_are_told_and_connections_dropped_under_0():
    """Turned bad, turned good: both drop what was made before, each is told once."""
    scene = Scene()
    scene.watch(ENFORCE)
    told = [await scene.tick(now, answer) for now, answer in ((0, GOOD), (400, BAD), (800, BAD), (1200, GOOD))]

    assert told == [[], [1020], [], [1021]]
    assert scene.dropped == [(make_server(2), ENFORCE, trusted) for trusted in (False, True)]


async def test_under_1_a_server_never_trusted_is_left_to_the_event_of_its_use():
    """1043 speaks when it is used; turning bad later is told here, and nothing made before is used again."""
    scene = Scene()
    scene.watch(ALLOW)
    told = [await scene.tick(now, answer) for now, answer in ((0, BAD), (400, GOOD), (800, BAD))]

    assert told == [[], [1021], [1020]]
    assert len(scene.dropped) == 2


async def test_a_server_that_cannot_be_reached_changes_nothing():
    """It is not known to be untrusted; the last verdict stays beside the fault."""
    scene = Scene()
    scene.watch(ENFORCE)
    await scene.tick(0, GOOD)
    told = await scene.tick(400, None)
    (standing,) = scene.monitor.standings()

    assert told == []
    assert (standing.known.verdict, standing.probe.verdict) == (GOOD, None)
    assert standing.probe.fault is not None


async def test_an_end_that_comes_near_is_told_with_its_days():
    """The third parameter counts whole days."""
    scene = Scene()
    scene.watch(ENFORCE)
    await scene.tick(0, verdict(days=9.5))

    assert [(event.id, event.parameters) for event in scene.events] == [(1023, ("CAS01", "cas02.branch.test", "9"))]


async def test_a_refusal_of_traffic_is_news_without_a_look():
    """What a dial found out is kept, told and acted upon at once."""
    scene = Scene()
    scene.watch(ENFORCE)
    await scene.tick(0, GOOD)
    scene.monitor.note_refusal(make_server(2), ENFORCE, BAD)

    assert [event.id for event in scene.events] == [1020]
    assert scene.dropped == [(make_server(2), ENFORCE, False)]
    assert len(scene.looks) == 1


async def test_a_success_of_traffic_asks_for_a_look():
    """A server that was not trusted and now is will be told of at the next tick, not after the interval."""
    scene = Scene()
    scene.watch(ENFORCE)
    await scene.tick(0, BAD)
    scene.monitor.note_success(make_server(2), ENFORCE)

    assert await scene.tick(1, GOOD) == [1021]


async def test_strangers_are_not_noted():
    """A policy that a reload took away may still have dials under way."""
    scene = Scene()
    scene.watch(ENFORCE)
    scene.monitor.note_refusal(make_server(2), replace(ENFORCE, generation=9), BAD)
    scene.monitor.note_success(make_server(9), ENFORCE)

    assert scene.events == []


async def test_without_an_interval_nothing_is_looked_at_or_told():
    """What traffic meets is noted all the same, and bad connections are dropped."""
    scene = Scene()
    scene.watch(ENFORCE, interval=0.0)
    told = await scene.tick(1000, BAD)
    scene.monitor.note_refusal(make_server(2), ENFORCE, BAD)
    (standing,) = scene.monitor.standings()

    assert (told, scene.looks, scene.events) == ([], [], [])
    assert standing.known.verdict == BAD
    assert scene.dropped == [(make_server(2), ENFORCE, False)]


async def test_a_reload_looks_at_all_again_and_keeps_what_is_known():
    """The same server under the same policy is compared with what was known before."""
    scene = Scene()
    scene.watch(ENFORCE)
    await scene.tick(0, BAD)
    scene.watch(ENFORCE)

    assert await scene.tick(1, BAD) == []
    assert len(scene.looks) == 2


async def test_a_look_that_outlives_its_server_is_ignored():
    """A reload took the server away while it was being looked at."""
    scene = Scene()
    scene.gate.clear()
    scene.watch(ENFORCE)
    await scene.tick(0, BAD)
    scene.watch()
    scene.gate.set()
    await settle()

    assert scene.events == []


async def test_closing_ends_the_looks():
    """No task outlives the monitor."""
    scene = Scene()
    scene.gate.clear()
    scene.watch(ENFORCE)
    await scene.tick(0, BAD)
    await scene.monitor.close()

    assert scene.events == []

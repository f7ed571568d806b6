"""Workers in other processes, as control sees them."""

import asyncio

import pytest

from proxy.metrics.names import REQUESTS
from proxy.service import fleet as fleet_module
from proxy.service.crew import CannotApply
from proxy.session.notice import CredentialKept, Ended
from tests.company import SESSION, Scene, scene
from tests.loopback import until


async def join(made: Scene, *numbers: int) -> None:
    """Let workers join and serve."""
    for number in numbers:
        link = made.link(number)
        await link.join()
        link.say("serving", "asyncio")
    await until(lambda: sum(each.is_serving for each in made.fleet._members.values()) == len(numbers), "they never did")


async def test_settings_are_in_force_everywhere_on_return(tmp_path):
    """One worker tries them first; idle connections that were closed are added up."""
    async with scene(tmp_path) as made:
        fleet = await made.open()
        await join(made, 1, 2, 3)
        closed = await fleet.apply(made.control.in_force._replace(revision=7))

        assert closed == 1 + 2 + 3
        assert made.heard == [(number, "apply", 7) for number in (1, 2, 3)]


async def test_what_the_first_worker_cannot_use_reaches_no_other(tmp_path):
    """Nothing has changed."""
    async with scene(tmp_path) as made:
        fleet = await made.open()
        bad = made.link(1, apply=lambda _in_force: "A file could not be read: gone.")
        await bad.join()
        await join_more(made, 2)
        with pytest.raises(CannotApply, match="A file could not be read"):
            await fleet.apply(made.control.in_force._replace(revision=7))

        assert made.heard == []


async def join_more(made: Scene, number: int) -> None:
    """Let one more worker join."""
    await made.link(number).join()


async def test_a_worker_that_cannot_follow_is_sent_away(tmp_path, monkeypatch):
    """The others have what it could not use; another will take its place and begin with that."""
    killed = []
    monkeypatch.setattr(fleet_module.os, "kill", lambda pid, number: killed.append((pid, number.name)))
    async with scene(tmp_path) as made:
        fleet = await made.open()
        await join_more(made, 1)
        await made.link(2, apply=lambda _in_force: "A file could not be read: gone.").join()
        in_force = made.control.in_force._replace(revision=7)
        await fleet.apply(in_force)
        welcome = await made.link(3).join()

        assert killed == [(10_000_002, "SIGTERM")]
        assert welcome.in_force.revision == 7


async def test_a_worker_that_goes_while_settings_are_applied_holds_nobody_up(tmp_path):
    """Its successor begins with them."""
    async with scene(tmp_path) as made:
        fleet = await made.open()

        async def go(_in_force: object) -> None:
            made.links[0]._channel.close()

        await made.link(1, apply=go).join()
        await join_more(made, 2)
        await fleet.apply(made.control.in_force._replace(revision=7))

        assert made.heard == [(2, "apply", 7)]


async def test_what_one_worker_is_told_the_others_learn(tmp_path):
    """And those that come later; nobody hears his own words."""
    async with scene(tmp_path) as made:
        await made.open()
        await join(made, 1, 2)
        notice = CredentialKept("a", b"line")
        made.links[0].tell(notice)
        await until(lambda: made.heard, "nobody learnt it")
        welcome = await made.link(3).join()

        assert made.heard == [(2, "learn", notice)]
        assert welcome.notices == (Ended(SESSION, 5e9), notice)


async def test_a_change_of_trust_is_told_to_all(tmp_path):
    """Connections that were made before are nobody's any more."""
    async with scene(tmp_path) as made:
        fleet = await made.open()
        await join(made, 1, 2)
        (site,) = made.control.in_force.loaded.topology.sites
        fleet.renew(site.servers[0], site.policy, trusted=False)
        await until(lambda: len(made.heard) == 2, "they never heard")

        assert made.heard == [(1, "renew", "cas.hq.test", False), (2, "renew", "cas.hq.test", False)]


async def test_reports_leave_out_who_does_not_answer(tmp_path, monkeypatch):
    """In the order of their numbers."""
    monkeypatch.setattr(fleet_module, "REPORT_SECONDS", 0.05)
    async with scene(tmp_path) as made:
        fleet = await made.open()
        await join(made, 2, 1)
        silent = made.link(3, report=asyncio.Event().wait)
        await silent.join()
        silent.say("serving", "asyncio")
        await until(lambda: sum(each.is_serving for each in fleet._members.values()) == 3, "it never served")

        assert [each.number for each in await fleet.reports()] == [1, 2]


async def test_everybody_is_said_to_serve_once(tmp_path):
    """When as many do as should; who drains does no longer."""
    async with scene(tmp_path) as made:
        fleet = await made.open()
        told = []
        fleet.expected, fleet.everybody = 2, told.append
        await join(made, 1)
        before = (list(told), fleet.are_serving())
        second = made.link(2)
        await second.join()
        second.say("serving", "uvloop")
        second.say("serving", "uvloop")
        await until(lambda: told, "it was never told")
        for link in made.links:
            link.say("ending")
        await until(lambda: not fleet.are_serving(), "somebody serves")

        assert (before, told) == (([], True), ["uvloop"])


async def test_what_a_worker_counted_outlives_it(tmp_path):
    """Sums never fall; the fleet is empty once all it said was heard."""
    async with scene(tmp_path) as made:
        fleet = await made.open()
        link = made.link(1)
        await link.join()
        link.tell_counts({REQUESTS: {("HQ", "GET", "200"): 5}})
        link.write_lines(b"last words\n", 1)
        await link.close()
        await fleet.until_empty()

        assert made.totals.merged()[REQUESTS]["HQ", "GET", "200"] == 5
        assert made.lines == [(b"last words\n", 1)]


async def test_a_control_that_was_started_anew_takes_over_what_workers_have(tmp_path):
    """They have been here for longer."""
    async with scene(tmp_path) as made:
        await made.open()
        made.works_with = made.control.in_force._replace(revision=9)
        first = await made.link(1).join()
        made.works_with = None
        second = await made.link(2).join()

        assert (first.in_force.revision, second.in_force.revision, made.control.in_force.revision) == (9, 9, 9)


@pytest.mark.parametrize(("number", "who"), [(0, "The control process (7)"), (2, "Worker 2 (7)")])
async def test_a_process_that_was_lost_is_an_event(tmp_path, number, who):
    """With how it ended."""
    async with scene(tmp_path) as made:
        await made.open()
        link = made.link(1)
        await link.join()
        link.say("process_lost", number, 7, "was ended by SIGKILL")
        await until(lambda: made.running.seen(1051), "it was never told")

        assert made.running.seen(1051)[0].parameters == ("CAS01", who, "was ended by SIGKILL")

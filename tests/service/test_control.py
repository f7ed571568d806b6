"""What there is only one of: settings in force, the switch, reloads."""

import pytest

from proxy.admin.state import TakesRestart
from proxy.service.crew import CannotApply, InForce
from proxy.service.switches import RUN_TIME
from tests.stage import OK, Stage, answering, stage

GET = b"GET /owa/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
SITES = {"HQ": answering(OK), "Branch": answering(OK)}
BRANCH = GET.replace(b"localhost", b"branch.localhost")


def policies(running: Stage) -> dict[str, tuple[bool, str]]:
    """Give what is in force where, and who said so."""
    topology = running.proxy.control.in_force.loaded.topology
    return {site.name: (site.policy.allow_untrusted, site.policy.source) for site in topology.sites}


async def test_the_switch_is_turned_at_run_time():
    """The next request is under the new one; an idle connection of the old one is closed, those of others are not."""
    async with stage(SITES, faults={"Branch": "self-signed"}) as running:
        before = [(await running.ask(each)).status for each in (GET, BRANCH)]
        turned = await running.proxy.control.turn_switch("branch", False)
        after = [(await running.ask(each)).status for each in (GET, BRANCH)]

        assert (before, after) == ([200, 200], [200, 502])
        assert turned.closed == 1
        assert policies(running) == {"HQ": (True, "default"), "Branch": (False, RUN_TIME)}
        assert running.seen(43)[0].policy_source == RUN_TIME
        assert len(running.backends["HQ"].connections) == 1


async def test_what_was_turned_holds_over_a_reload_and_is_taken_back():
    """A certificate that is renewed in the night turns no switch."""
    async with stage(SITES, faults={"Branch": "self-signed"}) as running:
        await running.proxy.control.turn_switch(None, False)
        running.reload(running.settings)
        held = (await running.ask(BRANCH)).status
        turned = await running.proxy.control.turn_switch(None, None)

        assert (held, (await running.ask(BRANCH)).status) == (502, 200)
        assert (turned.default_before, turned.default_after) == ((False, RUN_TIME), (True, "default"))
        assert policies(running)["Branch"] == (True, "default")


async def test_nothing_turned_closes_nothing():
    """The same value again, from the same source, is the same policy."""
    async with stage(SITES) as running:
        await running.proxy.control.turn_switch("HQ", False)
        await running.ask(GET)
        again = await running.proxy.control.turn_switch("HQ", False)

        assert (again.closed, again.before, len(running.backends["HQ"].connections)) == (0, again.after, 1)


async def test_a_worker_that_cannot_follow_leaves_everything_as_it_was():
    """The switch says what is in force."""
    async with stage(SITES) as running:
        (running.folder / "front.pem").write_text("broken")
        with pytest.raises(CannotApply, match="A file could not be read"):
            await running.proxy.control.turn_switch("HQ", False)

        assert policies(running)["HQ"] == (True, "default")
        assert running.proxy.control.in_force.revision == 0


async def test_reloads_are_remembered():
    """The last one, whether it was put in force or refused."""
    async with stage(SITES) as running:
        control = running.proxy.control
        first = control.last_reload
        good = running.put_in_force()
        (running.folder / "casproxy.toml").write_text("nonsense")
        bad = running.put_in_force()

        assert (first, good.ok, bad.ok, control.last_reload) == (None, True, False, bad)
        assert control.loaded_at == good.at


async def test_who_has_been_here_for_longer_knows_better():
    """A control that was started anew takes over what the workers work with, and not what is older."""
    async with stage(SITES) as running, stage(SITES) as other:
        control = running.proxy.control
        await control.turn_switch("HQ", False)
        newer = control.in_force
        taken = other.proxy.control.adopt(newer)

        assert taken
        assert policies(other)["HQ"] == (False, RUN_TIME)
        assert other.proxy.control.in_force.revision == 1
        assert not other.proxy.control.adopt(InForce(1, newer.loaded, newer.switches))


LATER = "switch_takes_restart = true\n"


async def test_where_the_switch_takes_a_restart_a_reload_leaves_it():
    """As in Exchange 2010: it is said, and everything else is in force."""
    async with stage(SITES, faults={"Branch": "self-signed"}, server_settings=LATER) as running:
        text = running.settings.replace(
            "[trust]", "[limits]\ntarget_bytes = 64\n[trust]\nallow_internal_untrusted_certs = 0"
        )
        running.reload(text)
        told = running.seen(1010)[-1].note
        statuses = [(await running.ask(each)).status for each in (BRANCH, GET.replace(b"/owa/", b"/owa/" + b"x" * 64))]

        assert statuses == [200, 414]
        assert told.endswith("The switch of HQ, Branch changed, which takes a restart.")
        assert policies(running)["Branch"] == (True, "default")


async def test_where_the_switch_takes_a_restart_nobody_turns_it():
    """The admin API says why not, and what to do."""
    async with stage(SITES, server_settings=LATER) as running:
        with pytest.raises(TakesRestart, match=r"server\.switch_takes_restart"):
            await running.proxy.state.set_trust("HQ", 0)

        assert policies(running)["HQ"] == (True, "default")

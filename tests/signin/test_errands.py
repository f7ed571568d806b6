"""What takes time brings one answer, or none when nobody waits for it any more."""

import asyncio
import gc

import pytest

from proxy.accounts.provider import Busy, ProviderDown
from proxy.errors import ClientFault, OurFault
from proxy.model.reply import Reply
from proxy.signin.errands import FORM_BYTES, FindErrand, FormErrand
from tests.fakes import settle
from tests.gatehouse import ALICE, BOB, Gatehouse

OK = Reply(200)


def former(house: Gatehouse, result: object = OK, bodies: list[bytes] | None = None) -> FormErrand:
    """Make an errand that takes a form and gives, or raises, this."""

    async def work(body: bytes) -> Reply:
        if bodies is not None:
            bodies.append(body)
        await asyncio.sleep(0)
        if result is LookupError or isinstance(result, BaseException):
            raise result
        return result

    return FormErrand(house.kit, work)


async def test_a_form_is_worked_on_whole():
    """Its body is handed over, its answer handed on."""
    bodies = []

    assert await Gatehouse().work(former(Gatehouse(), OK, bodies), b"a=b") is OK
    assert bodies == [b"a=b"]
    assert FormErrand.body_limit == FORM_BYTES


@pytest.mark.parametrize(("found", "status"), [(ALICE, 200), (None, 404)])
async def test_a_look_up_goes_on_with_what_was_found(found, status):
    """Also with nobody."""
    house = Gatehouse(found or BOB)
    errand = FindErrand(house.kit, "LAB\\alice", lambda account: Reply(200 if account is ALICE else 404))

    assert (await house.work(errand)).status == status
    assert house.provider.asked == [("find", "LAB\\alice")]


@pytest.mark.parametrize(("fault", "seconds"), [(ProviderDown("It is away."), 5), (Busy("Too many."), 2)])
async def test_a_source_that_is_down_is_told(fault, seconds):
    """503 with the time to come back, and event 57 with the sentence."""
    house = Gatehouse()
    outcome = await house.work(former(house, fault))

    assert isinstance(outcome, OurFault)
    assert (outcome.status, outcome.retry_after) == (503, seconds)
    assert [(each.id, each.parameters, each.note) for each in house.events] == [(57, ("CAS01", str(fault)), str(fault))]


async def test_a_refusal_is_handed_on():
    """As an error of ours, not as a defect."""
    house = Gatehouse()
    fault = ClientFault(421, "The site has been taken out of the settings.")

    assert await house.work(former(house, fault)) is fault
    assert house.events == []


async def test_a_defect_leaves_nobody_waiting():
    """The browser is told 500, and the loop hears of the defect."""
    house, heard = Gatehouse(), []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: heard.append(type(context["exception"])))
    outcome = await house.work(former(house, LookupError))
    await settle()
    gc.collect()

    assert isinstance(outcome, OurFault)
    assert (outcome.status, "defect" in outcome.public) == (500, False)
    assert heard == [LookupError]


@pytest.mark.parametrize("steps", [0, 1])
async def test_a_cancelled_errand_calls_nobody(steps):
    """However far it has come; one that had not begun leaves nothing behind."""
    house, outcomes = Gatehouse(), []
    errand = former(house)
    errand.begin(b"", outcomes.append)
    for _ in range(steps):
        await asyncio.sleep(0)
    errand.cancel()
    await settle()
    del errand
    gc.collect()

    assert outcomes == []


def test_an_errand_that_never_began_can_be_cancelled():
    """The browser may leave before its form is whole."""
    former(Gatehouse()).cancel()

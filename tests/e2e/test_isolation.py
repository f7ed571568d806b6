"""One site must not touch another: its hung, dead or untrusted servers take nothing from the others."""

import asyncio

import pytest

from tests.broken import black_hole, hang, move, nobody, tcp
from tests.stage import OK, Browser, Heard, Stage, answering, stage
from tests.wire import request

pytestmark = pytest.mark.e2e

MANY = 150
ENFORCE = "allow_internal_untrusted_certs = 0"
SECONDS = 5.0


async def silent(heard: Heard, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Hear everything and answer nothing."""
    await heard.rest(reader)


async def flood(running: Stage) -> list[Browser]:
    """Send many requests to HQ and wait for none of the answers."""
    browsers = await asyncio.gather(*(running.browser() for _ in range(MANY)))
    for browser in browsers:
        await browser.send(request(host=b"hq.localhost"))
    return list(browsers)


async def assert_branch_works(running: Stage) -> None:
    """Hold that the other site answers as if nothing had happened."""
    async with asyncio.timeout(SECONDS):
        for _ in range(10):
            assert (await running.ask(request(host=b"branch.localhost"))).body == b"ok"
        answers = await asyncio.gather(*(running.ask(request(host=b"branch.localhost")) for _ in range(20)))
        assert {answer.status for answer in answers} == {200}


async def test_a_site_that_does_not_answer() -> None:
    """While 150 requests wait for one site's answers, another site's are there at once."""
    async with stage({"HQ": silent, "Branch": answering(OK)}) as running:
        await flood(running)
        await running.until(lambda: len(running.backends["HQ"].connections) == MANY)
        await assert_branch_works(running)


async def test_a_site_whose_connections_are_all_taken() -> None:
    """While one site is at its limit and its queue is full, another site is not at any limit."""
    few = {"HQ": "[sites.limits]\nupstream_connections = 5"}
    async with stage({"HQ": silent, "Branch": answering(OK)}, site_settings=few) as running:
        await flood(running)
        await running.until(lambda: len(running.backends["HQ"].connections) == 5)
        await running.until(lambda: running.seen(1004))
        await assert_branch_works(running)
        assert {event.site for event in running.seen(1004)} == {"HQ"}


@pytest.mark.parametrize("make", [black_hole, lambda: tcp(hang)])
async def test_a_site_that_cannot_be_connected(make) -> None:
    """While 150 requests wait for one site's connections to come about, another site answers."""
    async with make() as port, stage({"HQ": answering(OK), "Branch": answering(OK)}) as running:
        move(running, "HQ", port)
        await flood(running)
        await assert_branch_works(running)


async def test_a_dead_site() -> None:
    """Requests to a site whose port is closed fail at once and one by one; another site answers."""
    async with nobody() as port, stage({"HQ": answering(OK), "Branch": answering(OK)}) as running:
        move(running, "HQ", port)
        browsers = await flood(running)
        await assert_branch_works(running)
        answers = await asyncio.gather(*(browser.answer() for browser in browsers))
        assert {answer.status for answer in answers} == {503}


async def test_an_untrusted_site() -> None:
    """Requests to a site that is not trusted get one 43 each; another site answers."""
    sites = {"HQ": answering(OK), "Branch": answering(OK)}
    async with stage(sites, faults={"HQ": "expired"}, settings=ENFORCE) as running:
        browsers = await flood(running)
        await assert_branch_works(running)
        answers = await asyncio.gather(*(browser.answer() for browser in browsers))
        assert {answer.status for answer in answers} == {502}
        assert (len(running.seen(43)), running.backends["HQ"].raw) == (MANY, b"")

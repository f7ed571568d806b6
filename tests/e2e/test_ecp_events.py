"""Events under /ecp: the Control Panel has numbers of its own for what Outlook Web App calls 40, 41 and 43."""

from contextlib import asynccontextmanager

import pytest

from tests.broken import move, nobody
from tests.stage import OK, Stage, answering, stage
from tests.visitors import account, directory_settings, sign_in, write_users
from tests.wire import request

pytestmark = pytest.mark.e2e

USERS = (account("alice", "HQ"), account("bob", "Branch"), account("grace", "Elsewhere"), account("paul", "Plain"))
PLAIN = '[[sites]]\nname = "Plain"\nservers = ["http://cas.plain.test/owa"]\n'
ENFORCE = "[sites.trust]\nallow_internal_untrusted_certs = 0\n"
NUMBERS = (22, 26, 28, 29, 38, 39, 40, 41, 42, 43)
PANEL, MAIL = (b"/ecp/", b"/ECP", b"/ecp?rfr=owa", b"/ecp/default.aspx"), (b"/owa/", b"/owa/ecp/", b"/ecpx/")


@asynccontextmanager
async def house(folder):
    """Start a proxy with switch 0 whose site Branch has a server that is not trusted."""
    write_users(folder, *USERS)
    sites = {"HQ": answering(OK), "Branch": answering(OK)}
    own = {"HQ": f"own = true\n{ENFORCE}", "Branch": f"{ENFORCE}{PLAIN}"}
    settings = f'{directory_settings(folder)}[log]\nuser = "plain"\n'
    async with stage(sites, settings=settings, site_settings=own, faults={"Branch": "self-signed"}) as running:
        yield running


async def visit(running: Stage, user: str, target: bytes) -> tuple[int, list[int]]:
    """Sign in and ask for a path; gives the status and the numbers of the events about servers, in order."""
    browser = await running.browser()
    cookie = await sign_in(browser, user)
    answer = await browser.ask(request(b"Cookie: " + cookie, target=target))
    return answer.status, [event.id for event in running.events if event.id in NUMBERS]


@pytest.mark.parametrize(
    ("target", "numbers"), [*((target, [43, 26]) for target in PANEL), *((target, [43]) for target in MAIL)]
)
async def test_a_server_that_is_not_trusted(tmp_path, target, numbers) -> None:
    """Under /ecp 26 is written beside 43, about the same server, reason and request; the server hears nothing."""
    async with house(tmp_path) as running:
        status, seen = await visit(running, "bob", target)
        told = [event for event in running.events if event.id in numbers]

        assert (status, seen) == (502, numbers)
        assert {(event.parameters, event.reason, event.site) for event in told} == {
            (("CAS01", "cas.branch.test"), "self_signed", "Branch")
        }
        assert len({event.request_id for event in told}) == 1
        assert running.backends["Branch"].raw == b""


@pytest.mark.parametrize(
    ("target", "number"), [*((target, 29) for target in PANEL), *((target, 40) for target in MAIL)]
)
async def test_no_server_that_answers(tmp_path, target, number) -> None:
    """29 stands in place of 40, with the same parameters."""
    async with nobody() as closed, house(tmp_path) as running:
        move(running, "HQ", closed)
        assert await visit(running, "alice", target) == (503, [number])
        assert running.seen(number)[0].parameters == ("CAS01", "cas.hq.test", "connection_refused")


@pytest.mark.parametrize(
    ("target", "number"), [*((target, 22) for target in PANEL), *((target, 41) for target in MAIL)]
)
async def test_a_site_that_is_not_configured(tmp_path, target, number) -> None:
    """22 stands in place of 41, and names the user."""
    async with house(tmp_path) as running:
        assert await visit(running, "grace", target) == (503, [number])
        assert running.seen(number)[0].parameters == ("CAS01", "LAB\\grace")


@pytest.mark.parametrize(
    ("target", "numbers"), [*((target, [28, 22]) for target in PANEL), *((target, [42, 41]) for target in MAIL)]
)
async def test_a_server_without_tls(tmp_path, target, numbers) -> None:
    """28 stands in place of 42 and names the InternalURL, not the user; that no server is left follows as 22."""
    async with house(tmp_path) as running:
        assert await visit(running, "paul", target) == (503, numbers)
        assert running.seen(numbers[0])[0].parameters == ("CAS01", "http://cas.plain.test/owa")


async def test_what_passes_has_no_event(tmp_path) -> None:
    """A trusted server that answers is not worth a word."""
    async with house(tmp_path) as running:
        assert await visit(running, "alice", b"/ecp/") == (200, [])

"""The walk of a request that is not sent: what it says is what a request of the same user meets."""

from contextlib import asynccontextmanager

import pytest

from proxy.errors import UpstreamDisowned
from proxy.routing.outcome import Kind
from proxy.service.load import load
from proxy.service.walk import Ask, NoWalk, walk, write_head
from tests.stage import answering, stage
from tests.visitors import account, directory_settings, sign_in, write_users
from tests.wire import request

USERS = (
    account("alice", "HQ", groups=("Staff",)),
    account("bob", "Branch", sid="S-1-5-21-1-2-3-1102"),
    account("carol", "Remote"),
)
REMOTE = '\n[[sites]]\nname = "Remote"\nexternal_url = "https://remote.example/owa"\nredirect = "silent"\n'
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ASK = Ask(path="/owa/?x=1", host="localhost")


@asynccontextmanager
async def house(folder, more: str = "", of_branch: str = ""):
    """Start a proxy, and load its settings a second time."""
    write_users(folder, *USERS)
    sites = {"HQ": answering(OK), "Branch": answering(OK)}
    own = {"HQ": "own = true\n", "Branch": f"{of_branch}{REMOTE}"}
    async with stage(sites, settings=f"{directory_settings(folder)}{more}", site_settings=own) as running:
        yield running, load(str(running.folder / "casproxy.toml"), {}, {})


async def walk_as(loaded, user: str, ask: Ask = ASK):
    """Walk as one of the users."""
    found = await walk(loaded, user, ask)
    assert found is not None
    return found


def comparable(line: str) -> str:
    """Leave out what no walk can know."""
    name = line.partition(":")[0]
    return name if name in ("X-Request-Id", "Authorization") else line


@pytest.mark.parametrize("of_branch", ["", "preserve_host = true\n", 'delegate = "basic"\n'])
async def test_the_head_is_the_one_that_is_sent(tmp_path, of_branch) -> None:
    """Line by line, but for the request's id, the browser's address and the password."""
    async with house(tmp_path, of_branch=of_branch) as (running, loaded):
        browser = await running.browser()
        cookie = await sign_in(browser, "bob")
        await browser.ask(request(b"Cookie: " + cookie, target=b"/owa/?x=1"))
        heard = running.backends["Branch"].raw.decode()
        told = write_head(loaded, await walk_as(loaded, "bob"), trusted=True)

    sent = heard.replace("127.0.0.1", "192.0.2.1").rstrip("\r\n").split("\r\n")
    assert [comparable(line) for line in told] == [comparable(line) for line in sent]
    assert any(line.startswith("Authorization: ") for line in told) == ("delegate" in of_branch)


async def test_a_server_of_exchange_2010_is_told_more(tmp_path) -> None:
    """The head bears what the real one would, but for the canary; nothing does for a user who cannot be told of."""
    async with house(tmp_path, of_branch='compat = "exchange2010"\n') as (_, loaded):
        found = await walk_as(loaded, "bob")
        told = dict(line.split(": ", 1) for line in write_head(loaded, found, trusted=True)[1:])
        write_users(tmp_path, account("bob", "Branch"))
        unknown = await walk_as(loaded, "bob")

    assert found.objection is None
    assert told["X-OWA-ProxySid"] == "S-1-5-21-1-2-3-1102"
    assert told["X-OWA-ProxyUri"] == "https://localhost/owa"
    assert told["x-ServerToServer-OriginalClient"] == "192.0.2.1"
    assert isinstance(unknown.objection, UpstreamDisowned)
    assert write_head(loaded, unknown, trusted=True) == []


async def test_walking_changes_nothing(tmp_path) -> None:
    """No server hears of it, the proxy's sessions stay, no file changes."""
    async with house(tmp_path) as (running, loaded):
        before = {path: path.stat().st_mtime_ns for path in (*tmp_path.rglob("*"), *running.folder.rglob("*"))}
        for user in ("alice", "bob", "carol"):
            await walk_as(loaded, user)
        after = {path: path.stat().st_mtime_ns for path in (*tmp_path.rglob("*"), *running.folder.rglob("*"))}

        assert before == after
        assert [backend.connections for backend in running.backends.values()] == [[], []]


async def test_a_passage_and_a_reply(tmp_path) -> None:
    """Who passes has a server, who is redirected an answer; pages of the sign-in are told from both."""
    async with house(tmp_path) as (_, loaded):
        passes, sent_on = await walk_as(loaded, "alice"), await walk_as(loaded, "carol")
        page = await walk_as(loaded, "carol", Ask(path="/owa/auth/logon.aspx", host="localhost"))

    assert passes.first is not None
    assert (passes.first.site, passes.reply, passes.is_answered_here) == ("HQ", None, False)
    assert sent_on.outcome is not None
    assert (sent_on.outcome.kind, sent_on.passage, sent_on.is_answered_here) == (Kind.REDIRECT_SILENT, None, False)
    assert write_head(loaded, sent_on, trusted=True) == []
    assert page.is_answered_here


@pytest.mark.parametrize("ask", [Ask(path="/owa;x/", host="localhost"), Ask(path="/owa/", host="a\r\nb")])
async def test_what_browsers_may_not_ask(tmp_path, ask) -> None:
    """It is refused here as well."""
    async with house(tmp_path) as (_, loaded):
        found = await walk_as(loaded, "alice", ask)

    assert found.fault is not None
    assert (found.fault.status, found.outcome) == (400, None)


async def test_files_that_cannot_be_used(tmp_path) -> None:
    """A key ring or a users file that has gone since the settings were read is no walk, and says why."""
    async with house(tmp_path) as (_, loaded):
        (tmp_path / "session.keys").write_text("no key")
        with pytest.raises(NoWalk):
            await walk(loaded, "alice", ASK)
        (tmp_path / "users.toml").unlink()
        with pytest.raises(NoWalk):
            await walk(loaded, "alice", ASK)


async def test_nobody_of_that_name(tmp_path) -> None:
    """None, for a login that nobody has and for what can be none."""
    async with house(tmp_path) as (_, loaded):
        assert [await walk(loaded, each, ASK) for each in ("mallory", "", "a\\b\\c")] == [None] * 3


async def test_a_site_that_gets_passwords(tmp_path) -> None:
    """The user passes without one, something stands for it, and an untrusted server would be told nothing of it."""
    async with house(tmp_path, of_branch='delegate = "basic"\n') as (_, loaded):
        found = await walk_as(loaded, "bob")

    assert found.first is not None
    assert found.first.site == "Branch"
    for trusted in (True, False):
        lines = write_head(loaded, found, trusted=trusted)
        assert any(line.startswith("Authorization") for line in lines) == trusted

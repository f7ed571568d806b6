"""`casproxy lab` with its users, by HTTP with the form that scripts send: each of them under 1 and under 0."""

import subprocess

import pytest

from tests.e2e.lab_process import Running, client
from tests.visitors import form

pytestmark = pytest.mark.e2e

TOLD = (42, 43)
"""Events about a server's address or certificate."""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
USERS = ("alice", "bob", "carol", "dave", "erin", "frank", "gina", "hank", "ivan")
EXPECTED = {
    "alice": (200, 200),
    "bob": (200, 502),
    "carol": (200, 502),
    "dave": (302, 302),
    "erin": (200, 200),
    "frank": (404, 404),
    "gina": (200, 502),
    "hank": (200, 502),
    "ivan": (503, 503),
}
"""Status under 1 and under 0, written out once so that the table the lab prints is held to something."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """One lab for the tests of this module; they leave the switch at 1."""
    running = Running(tmp_path_factory.mktemp("lab"), "--allow", "1")
    yield running
    assert running.end() == 0


async def sign_in(session, url, name, password=None, **fields):
    """Bring the form; gives status and Location."""
    body = form(name, password)
    async with session.post(f"{url}auth.owa", data=body, headers=FORM | fields, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location", "")


async def get(session, url, **fields):
    """Get a page without following anybody; gives status, Location and text."""
    async with session.get(url, allow_redirects=False, headers=fields) as answer:
        return answer.status, answer.headers.get("Location", ""), await answer.text()


async def look(lab, name):
    """Sign a user in and open the inbox; gives the answer and the events about trust that belong to it."""
    before = [len(lab.events(number)) for number in TOLD]
    async with client(lab) as session:
        assert await sign_in(session, lab.facts["url"], name) == (302, "/owa/")
        answer = await get(session, lab.facts["url"])
    told = zip(TOLD, before, strict=True)
    return answer, [event for number, seen in told for event in lab.events(number)[seen:]]


@pytest.mark.parametrize("name", USERS)
async def test_under_1_everybody_reaches_what_there_is(lab, name):
    """The inbox with the right strip and the user's name, the way to the other proxy, or a page that says no."""
    user = lab.users[name]
    (status, location, page), events = await look(lab, name)

    assert status == EXPECTED[name][0]
    event = int(events[0]["event.code"]) if events else 0
    assert user["answers"]["1"] == {"status": status, "event": event}
    assert event == (42 if name == "ivan" else 0)
    if status == 200:
        trusted = lab.sites[user["site"]]["trusted"]
        assert any(server in page for server in user["servers"])
        assert ("allowed because the switch is 1" in page) is not trusted
        assert user["login"] in page
        assert ", ".join(user["groups"]) in page
    assert (location == lab.facts["second"]["url"]) is (status == 302)


@pytest.mark.parametrize("name", USERS)
async def test_under_0_only_what_is_trusted_is_reached(lab, name):
    """Everybody else gets 502 and one event 43: Branch's second server does not make up for the first."""
    user = lab.users[name]
    lab.turn(0)
    try:
        (status, location, page), events = await look(lab, name)
    finally:
        lab.turn(1)

    assert status == EXPECTED[name][1]
    event = int(events[0]["event.code"]) if events else 0
    assert user["answers"]["0"] == {"status": status, "event": event}
    if event == 43:
        assert [each["winlog.event_data.param2"] for each in events] == user["servers"][:1]
        assert events[0]["winlog.event_data.param1"] == "CAS01"
        assert events[0]["event.reason"] == lab.sites[user["site"]]["reason"]
    assert ("LAB" in page) is (status == 200)
    assert (location == lab.facts["second"]["url"]) is (status == 302)


async def test_dave_signs_in_anew_at_the_second_proxy(lab):
    """The first sends him on, the path kept; the second knows nothing of that sign-in, asks, and serves his mailbox."""
    second = lab.facts["second"]["url"]
    async with client(lab) as session:
        await sign_in(session, lab.facts["url"], "dave")
        _, location, _ = await get(session, lab.facts["url"] + "14.3.123.4/")
        assert location == second + "14.3.123.4/"
        status, asked, _ = await get(session, location)
        assert (status, asked.partition("?")[0]) == (302, "/owa/auth/logon.aspx")
        assert await sign_in(session, second, "dave") == (302, "/owa/")
        status, _, page = await get(session, second)

    assert status == 200
    assert lab.users["dave"]["servers"][0] in page
    assert "LAB\\dave" in page


async def test_the_second_proxy_leads_back(lab):
    """Who has no mailbox there is shown the first one's address; events there name CAS20."""
    second = lab.facts["second"]["url"]
    async with client(lab) as session:
        await sign_in(session, second, "alice", "wrong")
        await sign_in(session, second, "alice")
        status, _, page = await get(session, second, Accept="text/html")

    assert status == 200
    assert lab.facts["url"].removesuffix("/") in page
    assert lab.events(1031)[-1]["winlog.event_data.param1"] == "CAS20"


async def test_nobody_is_sent_round_in_circles(lab):
    """Who reaches the first proxy under the second one's name is told so, instead of being sent there again."""
    host = lab.facts["second"]["url"].removeprefix("https://").partition("/")[0]
    async with client(lab) as session:
        url = lab.facts["url"]
        body, fields = form("dave"), FORM | {"Host": host}
        async with session.post(f"{url}auth.owa", data=body, headers=fields, allow_redirects=False) as answer:
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
        status, location, _ = await get(session, url, Host=host, Cookie=cookie)

    assert (status, location) == (502, "")


async def test_the_switch_of_the_second_proxy_is_read_anew_too(lab):
    """The signal that the lab names reloads both; each tells so under its own name."""
    lab.turn(1)

    assert {each["winlog.computer_name"] for each in lab.events(1010)[-2:]} == {"CAS01", "CAS20"}


@pytest.mark.needs_curl
def test_the_command_that_the_lab_prints_signs_bob_in(tmp_path):
    """As it stands, in a shell."""
    printed = Running(tmp_path, json_too=False)
    try:
        command = next(line for line in printed.introduction if line.startswith("  curl ")).removeprefix("  curl")
        page = subprocess.run(command.strip(), shell=True, capture_output=True, check=True, timeout=20).stdout.decode()
    finally:
        assert printed.end() == 0

    assert "LAB\\bob" in page

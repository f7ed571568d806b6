"""Signing in, being sent to one's mailbox, and signing off: through the whole proxy, over real TLS."""

import base64
from contextlib import asynccontextmanager

import pytest

from proxy.certkit.faults import FAULTS
from tests.broken import hang, tcp
from tests.stage import Answer, answering, stage
from tests.visitors import account, cookie_of, directory_settings, form, post, sign_in, write_users
from tests.wire import request, requests_in

pytestmark = pytest.mark.e2e

HQ, BRANCH = (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(name), name) for name in (b"hq", b"branch"))
USERS = (
    account("alice", "HQ", groups=("Staff", "Mail")),
    account("bob", "Branch"),
    account("carol", "Remote"),
    account("dave", "Far"),
    account("frank", None),
    account("grace", "Elsewhere"),
)
REMOTE = '\n[[sites]]\nname = "Remote"\nexternal_url = "https://remote.example/owa"\nredirect = "silent"\n'
FAR = '\n[[sites]]\nname = "Far"\nexternal_url = "https://far.example/owa"\n'


@pytest.fixture
def house(tmp_path):
    """Make a stage with two sites that proxy and two that redirect."""
    write_users(tmp_path, *USERS)

    @asynccontextmanager
    async def make(more: str = ""):
        settings = f'{directory_settings(tmp_path)}[log]\nuser = "plain"\n{more}'
        sites = {"HQ": answering(HQ), "Branch": answering(BRANCH)}
        own = {"HQ": "own = true\n", "Branch": f"{REMOTE}{FAR}"}
        async with stage(sites, settings=settings, site_settings=own) as running:
            yield running

    return make


def get(cookie: bytes = b"", *fields: bytes, target: bytes = b"/owa/") -> bytes:
    """Make a request with a session."""
    return request(*((b"Cookie: " + cookie,) if cookie else ()), *fields, target=target)


def location(answer: Answer) -> bytes:
    """Give where an answer leads."""
    return answer.field(b"location") or b""


# ── in ───────────────────────────────────────────────────────────────────────────────────────────


async def test_without_a_session_nothing_passes(house) -> None:
    """A page leads to the form and remembers where to; a script is told 440; no backend hears anything."""
    async with house() as running:
        page = await running.ask(get(target=b"/owa/?ae=Folder"))
        script = await running.ask(get(target=b"/owa/ev.owa?oeh=1&ns=x"))
        posted = await running.ask(request(b"Content-Length: 3", method=b"POST") + b"a=b")

        assert (page.status, location(page)) == (302, b"/owa/auth/logon.aspx?url=%2Fowa%2F%3Fae%3DFolder&reason=0")
        assert [(each.status, each.field(b"connection")) for each in (script, posted)] == [(440, b"close")] * 2
        assert [backend.raw for backend in running.backends.values()] == [b"", b""]


@pytest.mark.parametrize(
    ("user", "body"), [("LAB\\alice", b"hq"), ("alice", b"hq"), ("ALICE@lab.test", b"hq"), ("lab\\bob", b"branch")]
)
async def test_everybody_reaches_the_own_mailbox(house, user, body) -> None:
    """However the name is typed; the backend learns who it is and never sees the cookie."""
    async with house() as running:
        browser = await running.browser()
        cookie = await sign_in(browser, user)
        answer = await browser.ask(get(cookie + b"; UserContext=1"))
        heard = requests_in(b"".join(backend.raw for backend in running.backends.values()))[0]

        assert (answer.status, answer.body) == (200, body)
        assert heard.values(b"x-casproxy-user") == [b"LAB\\alice" if body == b"hq" else b"LAB\\bob"]
        assert heard.values(b"x-casproxy-groups") == [b"Staff, Mail" if body == b"hq" else b""]
        assert heard.values(b"cookie") == [b"UserContext=1"]
        assert b"__Host-casproxy" not in b"".join(backend.raw for backend in running.backends.values())


async def test_a_browser_cannot_say_who_it_is(house) -> None:
    """Identity headers are dropped in every spelling; what remains is ours."""
    async with house() as running:
        browser = await running.browser()
        cookie = await sign_in(browser, "alice")
        forged = [b"X-CASProxy-User: LAB\\bob", b"x_casproxy_user: LAB\\bob", b"X-OWA-ProxySid: 1", b"X-LogonType: x"]
        await browser.ask(get(cookie, *forged))
        heard = requests_in(running.backends["HQ"].raw)[0]

        assert heard.values(b"x-casproxy-user") == [b"LAB\\alice"]
        assert b"bob" not in running.backends["HQ"].raw
        assert b"ProxySid" not in running.backends["HQ"].raw


@pytest.mark.parametrize(("user", "password"), [("alice", "wrong"), ("nobody", "x"), ("", ""), ("a\\b\\c", "x")])
async def test_wrong_is_wrong(house, user, password) -> None:
    """The same answer for a wrong name and a wrong password; an event tells the name as the settings allow."""
    async with house() as running:
        answer = await running.ask(post(form(user, password, destination="/owa/?x=1")))

        assert (answer.status, location(answer)) == (302, b"/owa/auth/logon.aspx?url=%2Fowa%2F%3Fx%3D1&reason=2")
        assert answer.field(b"set-cookie") is None
        assert [event.parameters for event in running.seen(1031)] == [("CAS01", user, "127.0.0.1")]


async def test_many_wrong_passwords_are_stopped(house) -> None:
    """429 with Retry-After, also for the right password then: nobody learns which one it was."""
    async with house("") as running:
        answers = [await running.ask(post(form("bob", "wrong"))) for _ in range(8)]
        right = await running.ask(post(form("bob")))

        assert answers[0].status == 302
        assert answers[-1].status == 429
        assert int(answers[-1].field(b"retry-after") or b"0") > 0
        assert right.status == 429
        assert running.seen(1032)


@pytest.mark.parametrize(
    "fields",
    [(b"Origin: https://evil.example",), (b"Sec-Fetch-Site: cross-site",), (b"Referer: https://evil.example/",)],
)
async def test_a_foreign_page_signs_nobody_in(house, fields) -> None:
    """403 and no cookie; without any of these fields a script may."""
    async with house() as running:
        foreign = await running.ask(post(form("alice"), *fields))
        script = await running.ask(post(form("alice")))

        assert (foreign.status, foreign.field(b"set-cookie"), script.status) == (403, None, 302)


@pytest.mark.parametrize(
    "destination", ["//evil.example", "https://evil.example/", "/\\evil", "javascript:x", "/owa/\r\nSet-Cookie: a=1"]
)
async def test_nobody_is_sent_elsewhere(house, destination) -> None:
    """A destination that is no place of ours is 400; nobody is signed in by it."""
    async with house() as running:
        answer = await running.ask(post(form("alice", destination=destination)))

        assert (answer.status, answer.field(b"set-cookie"), answer.field(b"location")) == (400, None, None)


async def test_a_session_cannot_be_prepared_for_somebody(house) -> None:
    """Whoever signs in gets a session of its own, and the one that came along is over."""
    async with house() as running:
        browser = await running.browser()
        planted = await sign_in(browser, "bob")
        answer = await browser.ask(post(form("alice"), b"Cookie: " + planted))
        fresh = cookie_of(answer)

        assert fresh != planted
        assert (await browser.ask(get(planted))).status == 302
        assert (await browser.ask(get(fresh))).body == b"hq"


# ── out ──────────────────────────────────────────────────────────────────────────────────────────


async def test_a_session_that_was_ended_stays_so(house) -> None:
    """Its cookie is worth nothing any more, on every connection, also on those that knew it."""
    async with house() as running:
        one, other = await running.browser(), await running.browser()
        cookie = await sign_in(one, "alice")
        before = [(await browser.ask(get(cookie))).status for browser in (one, other)]
        off = await one.ask(get(cookie, target=b"/owa/logoff.owa"))
        after = [await browser.ask(get(cookie)) for browser in (one, other)]

        assert before == [200, 200]
        assert (off.status, location(off)) == (302, b"/owa/auth/logoff.aspx")
        assert {(each.status, location(each)[-9:]) for each in after} == {(302, b"&reason=3")}


async def test_a_restart_revives_no_session(house) -> None:
    """What was ended before the stop is ended after the start."""
    async with house() as running:
        browser = await running.browser()
        ended, alive = await sign_in(browser, "alice"), await sign_in(browser, "bob")
        await browser.ask(get(ended, target=b"/owa/logoff.owa"))
        await running.proxy.stop()
        await running.start()
        answers = [await running.ask(get(cookie)) for cookie in (ended, alive)]
        running.end_browsers()
        await running.proxy.stop()

        assert [answer.status for answer in answers] == [302, 200]


async def test_what_was_ended_is_kept_while_the_proxy_runs(house) -> None:
    """Not only when it stops: a proxy that is killed must not revive anybody either."""
    async with house() as running:
        browser = await running.browser()
        cookie = await sign_in(browser, "alice")
        await browser.ask(get(cookie, target=b"/owa/logoff.owa"))
        kept = running.folder / "ended-sessions"
        await running.until(kept.exists)

        assert kept.read_text()


@pytest.mark.parametrize("cookie", [b"__Host-casproxy=" + value for value in (b"x", b"gAAAAA==", b"a" * 3000)])
async def test_what_cannot_be_opened_is_over(house, cookie) -> None:
    """One uniform answer to everything that is no session."""
    async with house() as running:
        answer = await running.ask(get(cookie))

        assert (answer.status, location(answer)) == (302, b"/owa/auth/logon.aspx?url=%2Fowa%2F&reason=3")
        assert (answer.field(b"set-cookie") or b"").startswith(b"__Host-casproxy=; ")


async def test_time_ends_a_session_and_activity_renews_it(house) -> None:
    """15 minutes on a public computer; past half of them a page renews it, polling does not."""
    async with house() as running:
        browser = await running.browser()
        cookie = await sign_in(browser, "alice")
        start = running.worker._plant.reception.clock()
        running.worker._plant.reception.clock = lambda: start + 500
        polled = await browser.ask(get(cookie, target=b"/owa/ev.owa?oeh=1&UA=0"))
        renewed = cookie_of(await browser.ask(get(cookie)))
        running.worker._plant.reception.clock = lambda: start + 1400
        old, new = await browser.ask(get(cookie)), await browser.ask(get(renewed))

        assert polled.field(b"set-cookie") is None
        assert (old.status, new.status) == (302, 200)


async def test_a_user_who_was_thrown_out_is_out(house, tmp_path) -> None:
    """A greater epoch in the users file ends all sessions of the user, without a restart."""
    async with house() as running:
        browser = await running.browser()
        cookie = await sign_in(browser, "alice")
        write_users(tmp_path, account("alice", "HQ", epoch=1), *USERS[1:])
        start = running.worker._plant.reception.clock()
        running.worker._plant.reception.clock = lambda: start + 5
        users = running.worker._plant.reception.provider
        await running.until(lambda: users.cached("LAB\\alice", start).epoch == 1)

        assert (await browser.ask(get(cookie))).status == 302


# ── elsewhere ────────────────────────────────────────────────────────────────────────────────────


async def test_a_mailbox_at_another_address(house) -> None:
    """Silent: sent there at once. Manual: a page with the link, and the sign-in here is dropped."""
    async with house() as running:
        browser = await running.browser()
        carol, dave = await sign_in(browser, "carol"), await sign_in(browser, "dave")
        silent = await browser.ask(get(carol))
        manual = await browser.ask(get(dave, b"Accept: text/html"))
        again = await browser.ask(get(dave))

        assert (silent.status, location(silent)) == (302, b"https://remote.example/owa/")
        assert (manual.status, b"https://far.example/owa" in manual.body) == (200, True)
        assert (again.status, location(again)[:20]) == (302, b"/owa/auth/logon.aspx")


async def test_loops_are_noticed(house) -> None:
    """When the browser already uses the address it would be sent to, a page says so."""
    async with house() as running:
        browser = await running.browser()
        cookie = cookie_of(await browser.ask(post(form("carol"), host=b"remote.example")))
        answer = await browser.ask(request(b"Cookie: " + cookie, host=b"remote.example"))

        assert answer.status == 502


@pytest.mark.parametrize(("user", "status", "events"), [("frank", 404, []), ("grace", 503, [41])])
async def test_a_mailbox_that_cannot_be_reached(house, user, status, events) -> None:
    """A page says so, and the event that belongs to it is written."""
    async with house() as running:
        browser = await running.browser()
        cookie = await sign_in(browser, user)
        answer = await browser.ask(get(cookie))

        assert answer.status == status
        assert [event.id for event in running.events if event.id in (38, 41, 80, 81)] == events


async def test_a_server_without_tls_is_never_asked(house) -> None:
    """Its users get a page and event 42; whoever listens there hears nothing."""
    async with house() as running, tcp(hang) as port:
        plain = f'[[sites]]\nname = "Elsewhere"\nservers = ["http://127.0.0.1:{port}/owa"]\n'
        running.reload(f"{running.settings}\n{plain}")
        browser = await running.browser()
        answer = await browser.ask(get(await sign_in(browser, "grace")))

        assert answer.status == 503
        assert [event.parameters for event in running.seen(42)] == [("CAS01", f"http://127.0.0.1:{port}/owa")]
        assert [event.parameters for event in running.seen(41)] == [("CAS01", "LAB\\grace")]


async def test_a_device_is_told_its_address(house) -> None:
    """ActiveSync gets 451 with X-MS-Location."""
    async with house() as running:
        browser = await running.browser()
        cookie = await sign_in(browser, "carol")
        answer = await browser.ask(get(cookie, target=b"/Microsoft-Server-ActiveSync?Cmd=Ping"))

        assert answer.status == 451
        assert answer.field(b"x-ms-location") == b"https://remote.example/Microsoft-Server-ActiveSync"


@pytest.mark.parametrize("target", [b"/", b"/exchange/", b"/Public"])
async def test_other_doors_lead_to_the_front_door(house, target) -> None:
    """Without a session, too."""
    async with house() as running:
        answer = await running.ask(get(target=target))

        assert (answer.status, location(answer)) == (302, b"/owa/")


@pytest.mark.parametrize("target", [b"/owa/..%2fecp/", b"/owa%2f", b"/owa/..\\ecp", b"/owa/%u002e%u002e/", b"/owa;x/"])
async def test_paths_that_mean_two_things_are_refused(house, target) -> None:
    """400 whoever asks."""
    async with house() as running:
        browser = await running.browser()
        cookie = await sign_in(browser, "alice")
        answer = await browser.ask(get(cookie, target=target))

        assert answer.status == 400
        assert running.backends["HQ"].raw == b""


async def test_who_asked_stands_in_the_access_log(house) -> None:
    """As `log.user` lets it be told."""
    async with house() as running:
        browser = await running.browser()
        cookie = await sign_in(browser, "alice")
        await browser.ask(get(cookie))

        assert [entry.user for entry in running.access] == ["", "LAB\\alice"]


# ── delegation ───────────────────────────────────────────────────────────────────────────────────


def delegating(running) -> str:
    """Give the settings with HQ's servers told the password, too."""
    return running.settings.replace("own = true", 'own = true\ndelegate = "basic"')


async def test_a_verified_server_may_get_the_password(house) -> None:
    """Where the site says so; what the browser sends as credentials does not stand beside it."""
    async with house() as running:
        running.reload(delegating(running))
        browser = await running.browser()
        cookie = await sign_in(browser, "alice")
        answers = [await browser.ask(get(cookie, b"Authorization: Basic forged")) for _ in range(2)]
        heard = requests_in(running.backends["HQ"].raw)

        assert [answer.status for answer in answers] == [200, 200]
        expected = b"Basic " + base64.b64encode(b"LAB\\alice:alice")
        assert [one.values(b"authorization") for one in heard] == [[expected]] * 2


async def test_an_untrusted_server_never_gets_it(house) -> None:
    """Under switch 1 it is told who signed in, and no more."""
    async with house() as running:
        running.backends["HQ"].present(FAULTS["expired"].make(running.authority, running.backends["HQ"].name))
        running.reload(delegating(running))
        browser = await running.browser()
        answer = await browser.ask(get(await sign_in(browser, "alice")))
        (heard,) = requests_in(running.backends["HQ"].raw)

        assert answer.status == 200
        assert (heard.values(b"x-casproxy-user"), heard.values(b"authorization")) == ([b"LAB\\alice"], [])


async def test_a_password_is_kept_in_memory_only(house) -> None:
    """After a restart the session's cookie opens, but the user has to sign in anew; no file holds the password."""
    async with house() as running:
        running.settings = delegating(running)
        running.reload(running.settings)
        cookie = await sign_in(await running.browser(), "alice", password="alice")
        await running.proxy.stop()
        await running.start()
        answer = await running.ask(get(cookie))
        files = b"".join(each.read_bytes() for each in running.folder.rglob("*") if each.is_file())
        running.end_browsers()
        await running.proxy.stop()

        assert (answer.status, location(answer)[-9:]) == (302, b"&reason=3")
        assert base64.b64encode(b"LAB\\alice:alice") not in files

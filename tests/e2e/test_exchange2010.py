"""Sites with `compat = "exchange2010"`, through the whole proxy: what their servers hear, and what browsers do not."""

import asyncio
import re
from contextlib import asynccontextmanager

import pytest

from tests.stage import OK, Script, Stage, stage
from tests.visitors import account, directory_settings, sign_in, write_users
from tests.wire import hear, request, requests_in

pytestmark = pytest.mark.e2e

SID = "S-1-5-21-1-2-3-1104"
USERS = (
    account("alice", "HQ"),
    account("erin", "Vault", sid=SID, groups=("Staff", "R&D <all>")),
    account("dora", "Vault"),
    account("mona", "Vault", sid="S-1-5-21-1-2-3-1105", groups=tuple(f"G{number}" for number in range(3001))),
    account("paul", "Vault", sid="S-1-5-21-1-2-3-1106"),
)
NUMBERS = (27, 28, 39, 40, 42, 44, 46, 71, 1001, 1002, 1003, 1006)


def reply(status: int, *lines: bytes, body: bytes = b"") -> bytes:
    """Make an answer."""
    return b"\r\n".join([b"HTTP/1.1 %d X" % status, *lines, b"Content-Length: %d" % len(body), b"", body])


PINGED = reply(242, b"X-OWA-Version: 14.3.123.4", b"X-Secret: ping")
SIGNED_ON = reply(241, b"Set-Cookie: secret=1", body=b"secret")


class Second:
    """A server that plays a second CAS: it knows canaries by their sign-on. Answers can be replaced."""

    def __init__(self, **answers: bytes) -> None:
        self.answers = {"ping": PINGED, "logon": SIGNED_ON, "page": OK} | answers
        self.known: set[bytes] = set()
        self.forgetful = False

    @property
    def script(self) -> Script:
        """Give what it does with a connection."""

        async def script(heard, reader, writer) -> None:
            while head := await hear(heard, reader):
                writer.write(self.answer(head))
                await writer.drain()

        return script

    def answer(self, head: bytes) -> bytes:
        """Answer one request."""
        canary = b"".join(re.findall(rb"\r\nX-OWA-ProxyCanary: ([^\r]+)", head))
        if head.startswith(b"GET /owa/ping.owa "):
            return self.answers["ping"]
        if head.startswith(b"POST /owa/proxyLogon.owa "):
            self.known |= {canary} if not self.forgetful else set()
            return self.answers["logon"]
        return self.answers["page"] if canary in self.known else reply(441, b"X-Secret: 441", body=b"secret")


@pytest.fixture
def house(tmp_path):
    """Make a stage whose site Vault is spoken to as Exchange 2010's."""
    write_users(tmp_path, *USERS)

    @asynccontextmanager
    async def make(second: Second | Script, more: str = ""):
        settings = f'{directory_settings(tmp_path)}[log]\nuser = "plain"\n{more}'
        script = second.script if isinstance(second, Second) else second
        sites = {"HQ": Second().script, "Vault": script}
        own = {"HQ": "own = true\n", "Vault": 'compat = "exchange2010"\n'}
        async with stage(sites, settings=settings, site_settings=own) as running:
            yield running

    return make


def numbers(running: Stage) -> list[int]:
    """Give the events' numbers that are about servers."""
    return [event.id for event in running.events if event.id in NUMBERS]


def lines(running: Stage, site: str = "Vault") -> list[bytes]:
    """Give the request lines that a site's server heard, in order."""
    return [b"%b %b" % (each.method, each.target) for each in requests_in(running.backends[site].raw)]


async def get(running: Stage, user: str, *fields: bytes, target: bytes = b"/owa/", **more: object):
    """Sign in and ask for a page on one connection; gives the answer."""
    browser = await running.browser()
    cookie = await sign_in(browser, user, **more)
    return await browser.ask(request(b"Cookie: " + cookie, *fields, target=target))


# ── as it should be ──────────────────────────────────────────────────────────────────────────────


async def test_version_user_request(house) -> None:
    """In this order, the first two once; the browser gets the page and nothing of what was said before."""
    async with house(Second()) as running:
        browser = await running.browser()
        cookie = await sign_in(browser, "erin")
        answers = [await browser.ask(request(b"Cookie: " + cookie)) for _ in range(3)]

        assert [(each.status, each.body) for each in answers] == [(200, b"ok")] * 3
        assert lines(running) == [b"GET /owa/ping.owa", b"POST /owa/proxyLogon.owa", *[b"GET /owa/"] * 3]
        assert b"ecret" not in b"".join(each.raw_head + each.body for each in answers)
        assert (numbers(running), len(running.backends["Vault"].connections)) == ([], 1)


async def test_what_the_server_hears(house) -> None:
    """Who asks, where the browser thinks it is, and nothing that the original kept back; one canary for a session."""
    async with house(Second()) as running:
        fields = b"Range: bytes=0-1", b"If-None-Match: x", b"Accept-Encoding: gzip", b"X-OWA-ProxySid: S-1-5-18"
        await get(running, "erin", *fields, b"Cookie: UserContext=7", b"X_LogonType: Public")
        ping, logon, page = requests_in(running.backends["Vault"].raw)

        assert ping.fields == [(b"Host", b"cas.vault.test"), (b"User-Agent", b"OwaProxy")]
        assert logon.body == (
            b'<r at="Negotiate" ln="LAB\\erin"><s>S-1-5-21-1-2-3-1104</s><s t="1" a="7">Staff</s>'
            b'<s t="1" a="7">R&amp;D &lt;all&gt;</s></r>'
        )
        for each in (logon, page):
            assert each.values(b"x-owa-proxyuri") == [b"https://localhost/owa"]
            assert each.values(b"x-owa-proxyversion") == [b"14.3.513.0"]
            assert each.values(b"x-owa-proxysid") == [SID.encode()]
            assert each.values(b"x-logontype") == [b"Public"]
            assert each.values(b"x-servertoserver-originalclient") == [b"127.0.0.1"]
            assert each.values(b"x-servertoserver-originalserver") == [b"CAS01"]
        assert logon.values(b"x-owa-proxycanary") == page.values(b"x-owa-proxycanary") != []
        assert page.values(b"cookie") == [b"UserContext=7"]
        assert not {b"range", b"if-none-match", b"accept-encoding"} & {name.lower() for name in page.names}


async def test_a_private_computer_is_not_public(house) -> None:
    """The field stands for public ones alone."""
    async with house(Second()) as running:
        await get(running, "erin", private=True)

        assert requests_in(running.backends["Vault"].raw)[2].values(b"x-logontype") == []


async def test_other_sites_are_left_alone(house) -> None:
    """Their servers get requests as they are."""
    async with house(Second()) as running:
        answer = await get(running, "alice", b"Accept-Encoding: gzip")
        (page,) = requests_in(running.backends["HQ"].raw)

        assert answer.status == 441  # this one would have liked to be asked
        assert page.values(b"accept-encoding") == [b"gzip"]
        assert b"X-OWA-" not in running.backends["HQ"].raw


async def test_two_users_have_two_registrations(house) -> None:
    """Each browser's requests bear its own user and canary, on whatever connection they go."""
    async with house(Second()) as running:
        for user in ("erin", "paul"):
            assert (await get(running, user)).status == 200
        heard = requests_in(running.backends["Vault"].raw)
        told = [(each.values(b"x-owa-proxysid"), each.values(b"x-owa-proxycanary")) for each in heard[1:]]

        assert len(told) == 4
        assert told[0] == told[1] != told[2] == told[3]
        assert told[0][1] != told[2][1]


async def test_a_session_that_ended_is_told_anew(house) -> None:
    """Signing off forgets the registration; who comes back gets another canary."""
    second = Second()
    async with house(second) as running:
        browser = await running.browser()
        cookie = await sign_in(browser, "erin")
        await browser.ask(request(b"Cookie: " + cookie))
        await browser.ask(request(b"Cookie: " + cookie, target=b"/owa/logoff.owa"))
        await get(running, "erin")

        assert len(second.known) == 2


async def test_a_reload_asks_no_version_again(house) -> None:
    """Nor does it sign anybody on again: nothing has changed for the server."""
    async with house(Second()) as running:
        browser = await running.browser()
        cookie = await sign_in(browser, "erin")
        await browser.ask(request(b"Cookie: " + cookie))
        running.reload(running.settings)
        answer = await browser.ask(request(b"Cookie: " + cookie))

        assert answer.status == 200
        assert [line for line in lines(running) if line != b"GET /owa/"] == [
            b"GET /owa/ping.owa",
            b"POST /owa/proxyLogon.owa",
        ]


async def test_a_body_arrives_whole(house) -> None:
    """Also when the server had to be asked before."""
    async with house(Second()) as running:
        browser = await running.browser()
        cookie = await sign_in(browser, "erin")
        body = bytes(range(256)) * 4096
        answer = await browser.ask(request(b"Cookie: " + cookie, method=b"POST", target=b"/owa/ev.owa", body=body))

        assert answer.status == 200
        assert requests_in(running.backends["Vault"].raw)[2].body == body


async def test_many_at_once(house) -> None:
    """Requests of one session that come together are all served."""
    async with house(Second()) as running:
        cookie = await sign_in(await running.browser(), "erin")
        answers = await asyncio.gather(*(running.ask(request(b"Cookie: " + cookie)) for _ in range(20)))

        assert [answer.status for answer in answers] == [200] * 20


# ── when it is not ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("answers", "status", "number", "heard"),
    [
        ({"ping": reply(242, b"X-OWA-Version: 15.0.847.32")}, 502, 46, 1),
        ({"ping": reply(403, body=b"secret")}, 502, 42, 1),
        ({"ping": reply(401, b"WWW-Authenticate: Negotiate")}, 502, 71, 1),
        ({"ping": reply(404, body=b"secret")}, 502, 1003, 1),
        ({"ping": reply(302, b"Location: https://evil.example/secret")}, 502, 1003, 1),
        ({"ping": reply(503)}, 503, 40, 1),
        ({"logon": reply(401, body=b"secret")}, 502, 71, 2),
        ({"logon": reply(403, body=b"secret")}, 502, 42, 2),
        ({"logon": reply(500, body=b"secret")}, 502, 1003, 2),
        ({"page": reply(241, body=b"secret")}, 502, 1003, 3),
        ({"page": reply(242, b"X-OWA-Version: 1.2.3.4", body=b"secret")}, 502, 1003, 3),
        ({"page": reply(500, body=b"its own")}, 500, None, 3),
        ({"page": reply(401, body=b"its own")}, 401, None, 3),
    ],
)
async def test_each_refusal_is_told(house, answers, status, number, heard) -> None:
    """Our page and one event; nothing of the server's answer, and nothing more is sent to it."""
    async with house(Second(**answers)) as running:
        answer = await get(running, "erin")

        assert (answer.status, numbers(running)) == (status, [number] if number else [])
        assert len(lines(running)) == heard
        assert b"secret" not in answer.raw_head + answer.body


@pytest.mark.parametrize(("answers", "number"), [({"ping": reply(403)}, 28), ({"logon": reply(401)}, 27)])
async def test_the_control_panel_has_its_own_events(house, answers, number) -> None:
    """Under /ecp; the way to the server is the same."""
    async with house(Second(**answers)) as running:
        answer = await get(running, "erin", target=b"/ecp/")

        assert (answer.status, numbers(running)) == (502, [number])


async def test_events_name_both_versions(house) -> None:
    """So that an administrator knows which of the two to update."""
    async with house(Second(ping=reply(242, b"X-OWA-Version: 14.3.999.0"))) as running:
        await get(running, "erin")
        (event,) = running.seen(46)

        assert event.parameters == ("CAS01", "14.3.513.0", "cas.vault.test", "14.3.999.0")
        assert (event.site, event.server) == ("Vault", "cas.vault.test")


async def test_a_refusal_holds_for_a_while(house) -> None:
    """The next request is refused without asking; an event all the same."""
    async with house(Second(ping=reply(403))) as running:
        for _ in range(3):
            assert (await get(running, "erin")).status == 502

        assert (lines(running), numbers(running)) == ([b"GET /owa/ping.owa"], [42, 42, 42])


@pytest.mark.parametrize(("user", "status", "number"), [("dora", 502, 71), ("mona", 403, 44)])
async def test_a_user_no_server_takes(house, user, status, number) -> None:
    """Without a security identifier, or with too many groups: the server hears nothing."""
    async with house(Second()) as running:
        answer = await get(running, user)

        assert (answer.status, numbers(running), running.backends["Vault"].raw) == (status, [number], b"")


async def test_event_44_names_who_and_how_many(house) -> None:
    """As `log.user` lets it be told."""
    async with house(Second()) as running:
        await get(running, "mona")

        assert running.seen(44)[0].parameters == ("CAS01", "cas.vault.test", "LAB\\mona", "3000")


async def test_a_server_that_restarts_is_told_again(house) -> None:
    """It answers 441 to a session it knew; the browser sees the page."""
    second = Second()
    async with house(second) as running:
        browser = await running.browser()
        cookie = await sign_in(browser, "erin")
        await browser.ask(request(b"Cookie: " + cookie))
        second.known.clear()
        answer = await browser.ask(request(b"Cookie: " + cookie))

        assert (answer.status, answer.body) == (200, b"ok")
        assert lines(running)[3:] == [b"GET /owa/", b"POST /owa/proxyLogon.owa", b"GET /owa/"]


async def test_a_form_is_not_sent_twice(house) -> None:
    """502 to a POST whose session the server lost; the next request finds it known."""
    second = Second()
    async with house(second) as running:
        browser = await running.browser()
        cookie = await sign_in(browser, "erin")
        await browser.ask(request(b"Cookie: " + cookie))
        second.known.clear()
        posted = await browser.ask(request(b"Cookie: " + cookie, method=b"POST", target=b"/owa/ev.owa", body=b"<x/>"))
        after = await running.ask(request(b"Cookie: " + cookie))

        assert (posted.status, after.status, numbers(running)) == (502, 200, [1003])
        assert lines(running).count(b"POST /owa/ev.owa") == 1


async def test_441_for_ever_ends(house) -> None:
    """A server that forgets at once is asked three times in all."""
    second = Second()
    second.forgetful = True
    async with house(second) as running:
        answer = await get(running, "erin")

        assert (answer.status, numbers(running)) == (502, [1003])
        assert lines(running) == [b"GET /owa/ping.owa", *[b"POST /owa/proxyLogon.owa", b"GET /owa/"] * 3]


async def test_no_language_leads_to_its_page(house) -> None:
    """On our own host; asked for itself, the page is not redirected to itself."""
    async with house(Second(page=reply(442, b"X-Secret: 442", body=b"secret"))) as running:
        answer = await get(running, "erin")
        again = await get(running, "erin", target=b"/owa/languageselection.aspx?x=1")

        assert (answer.status, answer.field(b"location")) == (302, b"/owa/languageselection.aspx")
        assert again.status == 502
        assert b"ecret" not in answer.raw_head + answer.body


@pytest.mark.parametrize(
    "target",
    [
        b"/owa/proxyLogon.owa",
        b"/OWA/PROXYLOGON.OWA",
        b"/owa/%70roxyLogon.owa",
        b"/owa/x/..%2fproxyLogon.owa",
        b"/ecp/proxyLogon.ecp",
        b"/owa/proxyLogon.owa;x",
        b"/owa/%u0070roxyLogon.owa",
        b"/owa/%2570roxyLogon.owa",
        b"/owa/ping.owa",
    ],
)
async def test_no_browser_signs_anybody_on(house, target) -> None:
    """A body of its own could name any user; the server hears none of it."""
    async with house(Second()) as running:
        browser = await running.browser()
        cookie = await sign_in(browser, "erin")
        body = b'<r at="Negotiate" ln="LAB\\boss"><s>S-1-5-18</s></r>'
        answer = await browser.ask(request(b"Cookie: " + cookie, method=b"POST", target=target, body=body))

        assert answer.status == 403
        assert running.backends["Vault"].raw == b""


# ── hostile servers ──────────────────────────────────────────────────────────────────────────────


def saying(*pieces: bytes, close: bool = True) -> Script:
    """Make a script that answers the first request with these bytes, whatever it is."""

    async def script(heard, reader, writer) -> None:
        if await hear(heard, reader):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            if not close:
                await heard.rest(reader)

    return script


@pytest.mark.parametrize(
    "pieces",
    [
        (b"HTTP/1.1 242 X\r\nX-OWA-Version: 14.3.1.0\r\nContent-Length: 999999999999\r\n\r\n", *[bytes(65_536)] * 100),
        (
            b"HTTP/1.1 242 X\r\nX-OWA-Version: 14.3.1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            *[b"ffff\r\n" + bytes(65_535) + b"\r\n"] * 100,
        ),
        (b"HTTP/1.1 242 X\r\nX-OWA-Version: 14.3.1.0\r\n\r\n", *[bytes(65_536)] * 100),
        (b"HTTP/1.1 242 X\r\nX-Big: " + b"a" * 200_000,),
        (b"HTTP/1.1 242 X\r\nX-OWA-Version: 14.3.1.0\r\nContent-Length: 5\r\n\r\nab",),
        (b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",),
        (b"HTTP/1.1 100 X\r\n\r\n" * 50,),
        (b"\x16\x03\x01",),
    ],
)
async def test_an_answer_that_is_none(house, pieces) -> None:
    """However much it is, 64 KiB of it are read; 502 and an event."""
    async with house(saying(*pieces)) as running:
        answer = await get(running, "erin")

        assert (answer.status, numbers(running)) == (502, [1003])
        assert lines(running) == [b"GET /owa/ping.owa"]


@pytest.mark.parametrize(
    "version", [b"14.3.1.0\t\xe2\x80\xae<script>", b"%1 %2", b"14.3.1.0, 14.3.1.0", b"9" * 4000, b"99999.1.1.1"]
)
async def test_a_version_never_says_more_than_numbers(house, version) -> None:
    """In no event, and on no page."""
    async with house(
        Second(ping=reply(242, b"X-OWA-Version: " + version)), more='[errors]\ndetail = "full"\n'
    ) as running:
        answer = await get(running, "erin")
        told = [text for event in running.events for text in (*event.parameters, event.note)]

        assert answer.status == 502
        assert all(text.isprintable() and "script" not in text and "9999999" not in text for text in told)
        assert b"<script>" not in answer.body


async def test_a_silent_server_is_left(house) -> None:
    """504 after the time an answer may take, and the connection is cut."""
    more = '[timeouts]\nresponse_head = "1s"\n'
    async with house(saying(close=False), more) as running:
        answer = await get(running, "erin")

        assert (answer.status, numbers(running)) == (504, [1002])
        await running.until(lambda: running.backends["Vault"].connections[0].closed)


async def test_a_browser_that_leaves_takes_the_question_along(house) -> None:
    """The server is told at once."""
    async with house(saying(close=False)) as running:
        browser = await running.browser()
        cookie = await sign_in(browser, "erin")
        await browser.send(request(b"Cookie: " + cookie))
        await running.until(lambda: running.backends["Vault"].raw)
        browser.close()

        await running.until(lambda: running.backends["Vault"].connections[0].closed)
        assert numbers(running) == []


async def test_a_surplus_answer_is_nobodys(house) -> None:
    """What a server sends after its version is not taken for the answer to the sign-on."""
    async with house(Second(ping=PINGED + SIGNED_ON + OK)) as running:
        answer = await get(running, "erin")

        assert (answer.status, answer.body) == (200, b"ok")
        assert lines(running) == [b"GET /owa/ping.owa", b"POST /owa/proxyLogon.owa", b"GET /owa/"]
        assert len(running.backends["Vault"].connections) == 2

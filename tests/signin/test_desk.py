"""Signing in and off: forms are taken from our own page and from scripts, passwords are checked, and sessions begin."""

import asyncio
import base64
import re
from dataclasses import replace

import pytest

from proxy.accounts.provider import Busy, ProviderDown
from proxy.errors import OurFault
from proxy.model.reply import Deed, Reply
from proxy.routing.passage import Passage
from proxy.session.cookie import clear_cookie
from proxy.signin.desk import basic_line
from proxy.signin.errands import FindErrand, FormErrand
from tests.fakes import settle
from tests.gatehouse import ALICE, LIFETIMES, NOW, Gatehouse, as_cookie, field, head
from tests.visitors import form, post

LOGON = b"/owa/auth/logon.aspx"
HTML = b"Accept: text/html"
FORM_COOKIE = re.compile(r"__Host-casproxy-logon=([A-Za-z0-9_-]{32}); Path=/; Secure; HttpOnly; SameSite=Lax")
OURS, THEIRS = b"Origin: https://mail.test", b"Origin: https://evil.test"


async def submit(house: Gatehouse, body: bytes, *fields: bytes) -> object:
    """Bring a form; gives the answer."""
    errand = house.ask(post(b"", *fields, host=b"mail.test"))
    assert isinstance(errand, FormErrand)
    return await house.work(errand, body)


def session_of(house: Gatehouse, reply: Reply) -> object:
    """Open the session that a reply brings."""
    (line,) = field(reply, "Set-Cookie")
    return house.kit.seal.open(line.partition("=")[2].partition(";")[0])


# ── the form ─────────────────────────────────────────────────────────────────────────────────────


def test_the_form_sets_its_cookie_once():
    """A browser that has one keeps it; the token in the page belongs to it."""
    house = Gatehouse()
    first = house.get(b"", LOGON, HTML)
    nonce = FORM_COOKIE.fullmatch(field(first, "Set-Cookie")[0])[1]
    second = house.get(b"__Host-casproxy-logon=" + nonce.encode(), LOGON, HTML)

    assert (first.status, field(second, "Set-Cookie")) == (200, [])
    for page in (first, second):
        assert house.kit.tokens.token(nonce).encode() in page.body


@pytest.mark.parametrize("nonce", [b"x", b"a" * 31, b"a" * 33, b'"><script>', b"\xe4" * 32])
def test_a_nonce_that_is_none_is_replaced(nonce):
    """And stands nowhere in the page."""
    page = Gatehouse().get(b"__Host-casproxy-logon=" + nonce, LOGON, HTML)

    assert FORM_COOKIE.fullmatch(field(page, "Set-Cookie")[0])
    assert nonce == b"x" or nonce not in page.body


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        (b"?url=%2Fowa%2F%3Fa%3Db", b"/owa/?a=b"),
        (b"?url=https%3A%2F%2Fmail.test%2Fecp%2F", b"/ecp/"),
        (b"?url=https%3A%2F%2Fevil.test%2F", b"/owa/"),
        (b"?url=%2F%2Fevil.test", b"/owa/"),
        (b"?url=%2Fowa%2Fauth%2Flogon.aspx", b"/owa/"),
        (b"?a&b=c&url=/ecp/&url=/owa/x", b"/ecp/"),
        (b"", b"/owa/"),
    ],
)
def test_the_form_keeps_where_to_go(query, kept):
    """Only within this host."""
    page = Gatehouse().get(b"", LOGON + query, HTML)

    assert b'name="destination" value="%b"' % kept in page.body
    assert b"evil" not in page.body


@pytest.mark.parametrize("reason", [b"0", b"2", b"9", b"", b"x", b"%D9%A2", b"00"])
def test_any_reason_gives_a_form(reason):
    """One nobody knows is none."""
    assert Gatehouse().get(b"", LOGON + b"?reason=" + reason).status == 200


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"PUT"])
@pytest.mark.parametrize("target", [b"/owa/auth.owa", b"/OWA/auth/OWAAUTH.dll"])
def test_the_way_in_takes_forms_only(method, target):
    """Whatever else comes is led to the form."""
    reply = Gatehouse().ask(head(b"", target, method=method))

    assert (reply.status, field(reply, "Location")) == (302, ["/owa/auth/logon.aspx"])


def test_head_is_answered_as_get():
    """The body's length is told, so the page is made."""
    house = Gatehouse()
    nonce = b"__Host-casproxy-logon=" + b"n" * 32

    assert house.ask(head(nonce, LOGON, method=b"HEAD")) == house.get(nonce, LOGON)


# ── signing in ───────────────────────────────────────────────────────────────────────────────────


async def test_who_signs_in_gets_a_session():
    """With what the form said, and nothing of the password."""
    house = Gatehouse()
    reply = await submit(house, form("LAB\\alice", "alice", destination="/owa/?x=1", private=True), OURS)
    session = session_of(house, reply)

    assert (reply.status, field(reply, "Location"), field(reply, "Cache-Control")) == (302, ["/owa/?x=1"], ["no-store"])
    assert (session.user, session.begun, session.renewed, session.public) == ("LAB\\alice", NOW, NOW, False)
    assert re.fullmatch(
        r"__Host-casproxy=[\w=-]+; Path=/; Secure; HttpOnly; SameSite=Lax", field(reply, "Set-Cookie")[0]
    )
    assert (house.events, reply.deed) == ([], Deed.SIGNED_IN)


async def test_the_epoch_is_the_accounts():
    """A session begun after somebody was thrown out holds."""
    house = Gatehouse(replace(ALICE, epoch=7))
    reply = await submit(house, form("LAB\\alice", "alice"))

    assert session_of(house, reply).epoch == 7


async def test_who_signs_in_anew_leaves_the_former_session():
    """Its cookie, which somebody may have planted, is over."""
    house = Gatehouse()
    planted = house.cookie("LAB\\bob")
    assert isinstance(house.get(planted), Passage)
    await submit(house, form("LAB\\alice", "alice"), b"Cookie: " + planted)

    assert house.get(planted).status == 302


@pytest.mark.parametrize(("sites", "kept"), [(("hq",), b"LAB\\alice:alice"), (("branch",), b""), ((), b"")])
async def test_a_password_is_kept_where_the_site_is_told_it(sites, kept):
    """As the line that says it; otherwise nowhere."""
    house = Gatehouse(delegating=frozenset(sites))
    session = session_of(house, await submit(house, form("LAB\\alice", "alice")))
    line = b"Authorization: Basic " + base64.b64encode(kept) + b"\r\n" if kept else b""

    assert house.book.credential_of(session.id) == line


def test_a_password_of_any_script_is_told_in_utf_8():
    """And can be no second line."""
    assert (
        basic_line("LAB\\a", "pä\r\nß")
        == b"Authorization: Basic " + base64.b64encode("LAB\\a:pä\r\nß".encode()) + b"\r\n"
    )
    assert basic_line("a" * 200, "b" * 200).count(b"\n") == 1


async def test_wrong_is_wrong():
    """The same for a wrong password and an unknown user; the name goes to the event, the password nowhere."""
    house = Gatehouse()
    wrong = await submit(house, form("LAB\\alice", "se/cret"))
    unknown = await submit(house, form("LAB\\nobody", "se/cret"))

    assert wrong == unknown
    assert (wrong.status, field(wrong, "Set-Cookie"), wrong.deed) == (302, [], Deed.WRONG_PASSWORD)
    assert field(wrong, "Location") == ["/owa/auth/logon.aspx?url=%2Fowa%2F&reason=2"]
    assert [(event.id, event.parameters) for event in house.events] == [
        (1031, ("CAS01", "LAB\\alice", "192.0.2.7")),
        (1031, ("CAS01", "LAB\\nobody", "192.0.2.7")),
    ]
    assert "se/cret" not in repr((wrong, house.events))


@pytest.mark.parametrize("body", [b"", b"x", b"username=a&password=b", form("a", "b") + b"&username=c", b"%" * 70_000])
async def test_a_form_that_is_none_is_400(body):
    """Nobody is asked."""
    house = Gatehouse()
    reply = await submit(house, body)

    assert (reply.status, field(reply, "Set-Cookie"), house.provider.asked) == (400, [], [])
    assert reply.deed is Deed.UNUSABLE_FORM


async def test_another_type_is_no_form():
    """A page elsewhere could send text without being asked."""
    house = Gatehouse()
    raw = post(b"", host=b"mail.test").replace(b"application/x-www-form-urlencoded", b"text/plain")

    assert (await house.work(house.ask(raw), form("LAB\\alice", "alice"))).status == 400


@pytest.mark.parametrize(
    "fields",
    [
        (THEIRS,),
        (b"Sec-Fetch-Site: cross-site",),
        (b"Sec-Fetch-Site: same-site", OURS),
        (b"Referer: https://evil.test/",),
        (b"Origin: null",),
        (b"Origin: http://mail.test",),
        (b"Origin: https://mail.test.evil.test",),
    ],
)
async def test_a_foreign_form_is_403(fields):
    """Nobody is asked, and no try is counted."""
    house = Gatehouse()
    reply = await submit(house, form("LAB\\alice", "alice"), *fields)

    assert (reply.status, field(reply, "Set-Cookie"), house.provider.asked) == (403, [], [])
    assert reply.deed is Deed.UNUSABLE_FORM
    assert len(house.kit.attempts) == 0


@pytest.mark.parametrize("fields", [(), (OURS,), (b"Sec-Fetch-Site: same-origin", OURS), (b"Sec-Fetch-Site: none",)])
async def test_our_own_form_and_scripts_may(fields):
    """With a token or without, as long as nothing points elsewhere."""
    house = Gatehouse()
    nonce = "n" * 32
    with_token = form("LAB\\alice", "alice") + b"&token=" + house.kit.tokens.token(nonce).encode()
    cookie = b"Cookie: __Host-casproxy-logon=" + nonce.encode()

    assert (await submit(house, form("LAB\\alice", "alice"), *fields)).status == 302
    assert field(await submit(house, with_token, cookie, *fields), "Location") == ["/owa/"]


@pytest.mark.parametrize("cookie", [(), (b"Cookie: __Host-casproxy-logon=" + b"m" * 32,)])
async def test_a_token_of_another_browser_is_403(cookie):
    """It was drawn from a page, and the cookie was not there, or another's."""
    house = Gatehouse()
    token = house.kit.tokens.token("n" * 32).encode()

    assert (await submit(house, form("LAB\\alice", "alice") + b"&token=" + token, *cookie)).status == 403


@pytest.mark.parametrize(
    "destination",
    [
        "//evil.test",
        "https://evil.test/",
        "/\\evil",
        "javascript:x",
        "/owa/\r\nSet-Cookie: a=1",
        "",
        "owa",
        "https://a@b",
    ],
)
async def test_nobody_is_sent_elsewhere(destination):
    """400, and no session begins."""
    reply = await submit(Gatehouse(), form("LAB\\alice", "alice", destination=destination))

    assert (reply.status, field(reply, "Location"), field(reply, "Set-Cookie")) == (400, [], [])


# ── bounds ───────────────────────────────────────────────────────────────────────────────────────


async def test_too_many_tries_are_429():
    """Told with the seconds; the right password does not help, and nobody is asked for it."""
    house = Gatehouse()
    for _ in range(5):
        await submit(house, form("LAB\\alice", "wrong"))
    reply = await submit(house, form("LAB\\alice", "alice"))

    assert (reply.status, field(reply, "Retry-After"), reply.deed) == (429, ["1"], Deed.STOPPED)
    assert house.provider.asked.count(("check", "LAB\\alice")) == 5
    assert (house.events[-1].id, house.events[-1].parameters) == (1032, ("CAS01", "LAB\\alice", "192.0.2.7"))
    house.now += 1
    assert (await submit(house, form("LAB\\alice", "alice"))).status == 302


@pytest.mark.parametrize("user", ["nobody", "alice"])
async def test_no_spelling_is_a_way_around_the_bounds(user):
    """Blanks, case, width and the default domain are one login, whether there is such a user or not."""
    house = Gatehouse()
    house.provider.accounts = {f"LAB\\{user}": ALICE} if user == "alice" else {}
    spellings = [user, f" {user}", f"{user.upper()} ", f"LAB\\{user}", f"{user}@lab", f"lab\\{user[0]}{user[1:]}"]
    answers = [(await submit(house, form(spelling, "wrong"))).status for spelling in spellings]

    assert answers == [302] * 5 + [429]


async def test_a_source_that_is_down_is_503():
    """Event 57 says why, the browser when to come back, and the try counts for nothing."""
    house = Gatehouse()
    house.provider.faults = {"check": ProviderDown("It does not answer."), "find": Busy("Too many.")}
    at_find = await submit(house, form("LAB\\alice", "alice"))
    del house.provider.faults["find"]
    answers = [await submit(house, form("LAB\\alice", "alice")) for _ in range(12)]
    del house.provider.faults["check"]

    assert isinstance(at_find, OurFault)
    assert (at_find.status, at_find.retry_after) == (503, 2)
    assert {(each.status, each.retry_after) for each in answers} == {(503, 5)}
    assert "alice" not in "".join(map(str, answers))
    assert {event.id for event in house.events} == {57}
    assert house.events[-1].parameters == ("CAS01", "It does not answer.")
    assert len(house.kit.attempts) == 0
    assert (await submit(house, form("LAB\\alice", "alice"))).status == 302


async def test_a_browser_that_leaves_withdraws_its_try():
    """While the password is checked; nobody hears of it."""
    house = Gatehouse()
    house.provider.gates = {"check": asyncio.Event()}
    outcomes = []
    for _ in range(12):
        errand = house.ask(post(b"", host=b"mail.test"))
        errand.begin(form("LAB\\alice", "alice"), outcomes.append)
        await settle()
        errand.cancel()
        await settle()

    assert (outcomes, len(house.kit.attempts)) == ([], 0)
    assert house.provider.asked.count(("check", "LAB\\alice")) == 12


# ── staying awake ────────────────────────────────────────────────────────────────────────────────

AWAKE = b"/owa/keepalive.owa"


def test_without_a_session_keepalive_is_440():
    """The cookie is taken away and the connection closes."""
    reply = Gatehouse().get(as_cookie("x"), AWAKE)

    assert (reply.status, reply.closes, field(reply, "Set-Cookie")) == (440, True, [clear_cookie()])


def test_keepalive_renews_when_half_is_gone():
    """Not before."""
    house = Gatehouse()
    session = house.session()
    cookie = as_cookie(house.kit.seal.seal(session))
    fresh = house.get(cookie, AWAKE)
    house.now += 0.5 * LIFETIMES.public + 1
    renewed = house.get(cookie, AWAKE)

    assert (fresh.status, field(fresh, "Set-Cookie"), renewed.status) == (200, [], 200)
    assert session_of(house, renewed) == replace(session, renewed=house.now)


async def test_nobody_is_kept_awake_who_is_out():
    """A user who was thrown out or removed gets what a stranger gets."""
    house = Gatehouse()
    cookie = house.cookie()
    house.provider.accounts["LAB\\alice"] = replace(ALICE, epoch=1)
    thrown_out = house.get(cookie, AWAKE)
    house.provider.accounts.clear()
    errand = house.get(cookie, AWAKE)

    assert isinstance(errand, FindErrand)
    assert thrown_out == await house.work(errand) == house.get(as_cookie("x"), AWAKE)


# ── signing off ──────────────────────────────────────────────────────────────────────────────────


def test_signing_off_ends_the_session_for_good():
    """Whatever copies of its cookie there are, until the last of them is over by itself."""
    house = Gatehouse()
    cookie = house.cookie()
    reply = house.get(cookie, b"/owa/logoff.owa")

    assert (reply.status, field(reply, "Location")) == (302, ["/owa/auth/logoff.aspx"])
    assert field(reply, "Set-Cookie") == [clear_cookie()]
    assert house.get(cookie).status == 302
    house.now += 1.5 * LIFETIMES.public - 1
    assert len(house.book.revoked) == 1
    assert house.get(b"", b"/owa/auth/logoff.aspx").status == 200


@pytest.mark.parametrize("fields", [(THEIRS,), (b"Sec-Fetch-Site: cross-site",), (b"Referer: https://evil.test/x",)])
def test_a_foreign_page_ends_no_session(fields):
    """It may lead here, but the session holds."""
    house = Gatehouse()
    cookie = house.cookie()
    house.get(cookie, b"/owa/logoff.owa", *fields)

    assert (house.book.version, type(house.get(cookie))) == (0, Passage)


def test_signing_off_without_a_session():
    """Is answered alike."""
    house = Gatehouse()

    assert house.get(b"", b"/owa/logoff.owa") == house.get(house.cookie(), b"/owa/logoff.owa")

"""What is decided about a mailbox becomes an answer, with the events that belong to it."""

from dataclasses import replace

import pytest

from proxy.events.catalogue import CATALOGUE
from proxy.model.accounts import Account, Mailbox
from proxy.model.reply import Deed, Reply
from proxy.model.sites import Site
from proxy.pages.views import Page
from proxy.routing.outcome import Kind, Outcome
from proxy.routing.passage import Passage
from proxy.session.cookie import clear_cookie
from proxy.signin.answers import Answers, reply_page
from tests.fakes import make_server
from tests.gatehouse import LIFETIMES, Gatehouse, as_cookie, field, head, make_sites, read

PLAIN, WRONG = (
    replace(make_server(number), url=url) for number, url in ((3, "http://cas03.test/owa"), (4, "https://cas04.test/x"))
)
SITES = (
    *make_sites(),
    Site(name="Silent", servers=(), external_url="https://silent.test/owa", redirect="silent"),
    Site(name="Manual", servers=(), external_url="https://manual.test/owa"),
    Site(name="Loop", servers=(), external_url="https://mail.test/owa"),
    Site(name="Legacy", servers=(), legacy_url="https://legacy.test/exchange"),
    Site(name="Unsafe", servers=(), legacy_url="http://legacy.test/exchange"),
    Site(name="Broken", servers=(PLAIN, WRONG)),
    Site(name="Empty", servers=()),
)
OWN_EMPTY = (Site(name="HQ", servers=(), own=True),)
HTML = b"Accept: text/html"


def house_of(site: str | None, version: str = "14.3", sites: tuple[Site, ...] = SITES) -> tuple[Gatehouse, bytes]:
    """Make a gate and the cookie of a user whose mailbox is there."""
    mailbox = None if site is None else Mailbox(site=site, version=version)
    house = Gatehouse(Account(name="LAB\\alice", mailbox=mailbox), sites=sites)
    return house, house.cookie()


def told(house: Gatehouse) -> list[tuple[int, tuple[str, ...]]]:
    """List what was emitted."""
    return [(event.id, event.parameters) for event in house.events]


# ── where it leads ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("site", "version", "target", "location"),
    [
        ("Silent", "14.3", b"/owa/?ae=Folder", "https://silent.test/owa/"),
        ("Silent", "14.3", b"/owa/a%20b", "https://silent.test/owa/a%20b"),
        ("Silent", "14.3", b"/ecp/x", "https://silent.test/ecp/x"),
        ("Legacy", "8.1", b"/owa/", "https://legacy.test/exchange"),
        ("Legacy", "6.5", b"/ecp/", "https://legacy.test/exchange"),
    ],
)
def test_a_mailbox_elsewhere_is_a_redirect(site, version, target, location):
    """At once, never kept; the session stays, and nothing is emitted."""
    house, cookie = house_of(site, version)
    reply = house.get(cookie, target)

    assert (reply.status, reply.body, field(reply, "Location")) == (302, b"", [location])
    assert (field(reply, "Cache-Control"), field(reply, "Set-Cookie"), house.events) == (["no-store"], [], [])
    assert house.book.version == 0


def test_a_manual_redirect_is_a_page():
    """With the link; the sign-in here is dropped, as long as its cookie could live."""
    house, cookie = house_of("Manual")
    reply = house.get(cookie, b"/owa/x", HTML)

    assert (reply.status, b'href="https://manual.test/owa/x"' in reply.body) == (200, True)
    assert field(reply, "Set-Cookie") == [clear_cookie()]
    assert (house.get(cookie).status, house.book.version) == (302, 1)
    house.now += 1.5 * LIFETIMES.public - 1
    assert len(house.book.revoked) == 1


@pytest.mark.parametrize(("site", "host"), [("Silent", "silent"), ("Manual", "manual"), ("Legacy", "legacy")])
def test_a_device_is_told_its_address(site, host):
    """451 with the address, whose host is the settings'."""
    house, cookie = house_of(site, "8" if site == "Legacy" else "14")
    reply = house.get(cookie, b"/Microsoft-Server-ActiveSync?Cmd=Ping&User=alice")

    assert (reply.status, house.book.version) == (451, 0)
    assert field(reply, "X-MS-Location") == [f"https://{host}.test/Microsoft-Server-ActiveSync"]


@pytest.mark.parametrize("target", [b"/", b"/exchange/alice", b"/PUBLIC"])
def test_other_doors_lead_to_the_front_door(target):
    """Whoever asks."""
    house, cookie = house_of("HQ")

    assert house.get(cookie, target) == house.get(b"", target)
    assert field(house.get(b"", target), "Location") == ["/owa/"]


def test_the_front_door_is_an_outcome_too():
    """Should a rule decide so for somebody who is signed in."""
    house, _ = house_of("HQ")
    outcome = Outcome(Kind.REDIRECT, None, "/owa/", "The path leads there.", 0, (), 302)
    reply = Answers(house.kit, house.book).outcome(read(head(b"")), house.session(), outcome)

    assert reply == Reply(302, (("Location", "/owa/"), ("Cache-Control", "no-store")), b"", "The path leads there.")
    assert reply.deed is Deed.NONE


@pytest.mark.parametrize(
    ("site", "version", "target", "deed"),
    [
        ("Manual", "14", b"/owa/", Deed.REDIRECTED),
        ("Silent", "14", b"/owa/", Deed.REDIRECTED),
        ("Legacy", "8", b"/owa/", Deed.REDIRECTED),
        ("Silent", "14", b"/Microsoft-Server-ActiveSync?Cmd=Ping", Deed.REDIRECTED),
        ("Broken", "14", b"/owa/", Deed.NONE),
    ],
)
def test_what_leads_to_another_site_says_so(site, version, target, deed):
    """For the metrics; the access log has the site of every outcome."""
    house, cookie = house_of(site, version)
    reply = house.get(cookie, target)

    assert (reply.site, reply.deed) == (site, deed)


def test_what_is_proxied_is_no_answer():
    """It passes, to the site of the mailbox; Autodiscover to our own."""
    house, cookie = house_of("Branch")
    passages = [house.get(cookie, target) for target in (b"/owa/", b"/ecp/", b"/ews/x", b"/autodiscover/x")]

    assert [type(each) for each in passages] == [Passage] * 4
    assert [each.decision.site.name for each in passages] == ["Branch", "Branch", "Branch", "HQ"]


# ── what is refused ──────────────────────────────────────────────────────────────────────────────

OWA, ECP = b"/owa/", b"/ecp/"
BROKEN = [
    (42, ("CAS01", "http://cas03.test/owa")),
    (38, ("CAS01", "LAB\\alice", "https://cas04.test/x")),
    (41, ("CAS01", "LAB\\alice")),
]


@pytest.mark.parametrize(
    ("site", "version", "target", "status", "events"),
    [
        (None, "14", OWA, 404, []),
        ("HQ", "14", b"/rpc/rpcproxy.dll", 501, []),
        ("Loop", "14", OWA, 502, []),
        ("Nowhere", "14", OWA, 503, [(41, ("CAS01", "LAB\\alice"))]),
        ("Nowhere", "14", ECP, 503, [(22, ("CAS01", "LAB\\alice"))]),
        ("Broken", "14", OWA, 503, BROKEN),
        ("Broken", "14", b"/ews/x", 503, BROKEN),
        ("Broken", "14", ECP, 503, [(28, BROKEN[0][1]), BROKEN[1], (22, BROKEN[2][1])]),
        ("Empty", "14", OWA, 503, [(81, ("CAS01", "LAB\\alice"))]),
        ("Empty", "8", OWA, 503, [(90, ("CAS01", "LAB\\alice"))]),
        ("Unsafe", "6", OWA, 503, [(91, ("CAS01", "LAB\\alice"))]),
        ("Unsafe", "8", ECP, 503, [(92, ("CAS01", "LAB\\alice"))]),
    ],
)
def test_a_refusal_is_a_page_and_its_events(site, version, target, status, events):
    """Events of each server first, under the Control Panel with its own numbers; the page names no server."""
    house, cookie = house_of(site, version)
    reply = house.get(cookie, target, HTML)

    assert (reply.status, told(house)) == (status, events)
    assert b"cas0" not in reply.body.lower().replace(b"cas01", b"")
    assert all(len(CATALOGUE[number].parameters) == len(parameters) for number, parameters in events)
    assert (field(reply, "Set-Cookie"), field(reply, "Cache-Control")) == ([], ["no-store"])


def test_our_own_site_without_a_server():
    """Event 80, which says what to set."""
    house, cookie = house_of("HQ", sites=OWN_EMPTY)

    assert (house.get(cookie).status, told(house)) == (503, [(80, ("CAS01", "LAB\\alice"))])


def test_events_tell_the_user_as_the_settings_say():
    """And say why in a note; the site is named where there is one."""
    alice = Account(name="LAB\\alice", mailbox=Mailbox(site="Broken"))
    house = Gatehouse(alice, sites=SITES, spell_user=lambda name: f"<{len(name)}>")
    cookie = house.cookie()
    house.get(cookie)
    last = house.events[-1]

    assert (last.parameters, last.site) == (("CAS01", "<9>"), "Broken")
    assert "no server of the site Broken can be used" in last.note
    assert "alice" not in repr(house.events)
    assert cookie.partition(b"=")[2].decode() not in repr(house.events)


# ── without a session ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("cookie", "target", "location"),
    [
        (b"", b"/owa/?ae=Folder", "/owa/auth/logon.aspx?url=%2Fowa%2F%3Fae%3DFolder&reason=0"),
        (as_cookie("x"), b"/ecp/", "/owa/auth/logon.aspx?url=%2Fecp%2F&reason=3"),
        (b"", b"/owa/?a=\"<>'", "/owa/auth/logon.aspx?url=%2Fowa%2F%3Fa%3D%2522%253C%253E%2527&reason=0"),
        (b"", b"/autodiscover/x", "/owa/auth/logon.aspx?url=%2Fowa%2F&reason=0"),
    ],
)
def test_a_page_leads_to_the_form(cookie, target, location):
    """Which remembers where to; a cookie that is worth nothing is taken away."""
    reply = Gatehouse().get(cookie, target)

    assert (reply.status, field(reply, "Location"), reply.because) == (302, [location], "no session")
    assert field(reply, "Set-Cookie") == ([clear_cookie()] if cookie else [])


@pytest.mark.parametrize(
    "raw",
    [
        head(as_cookie("x"), b"/owa/ev.owa?oeh=1&ns=a"),
        head(as_cookie("x"), method=b"POST"),
        head(as_cookie("x"), b"/ews/exchange.asmx", method=b"PROPFIND"),
    ],
)
def test_what_no_page_can_answer_is_440(raw):
    """The connection closes, for a body may follow that nobody reads."""
    reply = Gatehouse().ask(raw)

    assert (reply.status, reply.closes, field(reply, "Set-Cookie")) == (440, True, [clear_cookie()])


def test_a_page_becomes_a_reply():
    """Its type first, then its fields, then what is added."""
    page = Page("text/plain", b"x", (("Content-Language", "en"),))

    assert reply_page(200, page, "because", ("A", "b")) == Reply(
        200, (("Content-Type", "text/plain"), ("Content-Language", "en"), ("A", "b")), b"x", "because"
    )

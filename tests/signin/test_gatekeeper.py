"""The gate lets through who has a session, to the site of the mailbox and nowhere else."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import ClientFault
from proxy.message.memory import RequestMemory
from proxy.model.limits import Limits, Timeouts
from proxy.model.reply import Reply
from proxy.model.sites import PathLimits
from proxy.routing.passage import Passage
from proxy.session.cookie import Seal
from proxy.session.keys import KeyRing, new_key
from proxy.signin.errands import FindErrand, FormErrand
from proxy.signin.gatekeeper import Gatekeeper
from proxy.signin.visitor import RECHECK_SECONDS
from tests.fakes import settle
from tests.gatehouse import ALICE, BOB, LIFETIMES, NOW, RING, Gatehouse, as_cookie, head, make_sites, read
from tests.visitors import account

# ── the fast path ────────────────────────────────────────────────────────────────────────────────

USUAL = [b"/owa/", b"/OWA/", b"/owa/?ae=Folder&x=%2f..;//\\", b"/owa/ev.owa?oeh=1", b"/owa/14.3/themes/base/x.gif"]
ODD = [b"/owa/a%20b", b"/owa/a;b", b"/owa/a\\b", b"/owa/a//b", b"/owa//a", b"/owa/a/.b", b"/owa/.b", b"/owa/\xc3\xa4"]
OURS = [b"/owa/auth/logon.aspx", b"/OWA/AUTH/LOGON.ASPX", b"/owa/logoff.owa", b"/Owa/KeepAlive.owa", b"/owa/auth.owa"]
ESCAPES = [b"/owa/../ecp/", b"/owa//auth/logon.aspx", b"/owa/./logoff.owa", b"/owa/%61uth.owa", b"/owa/./auth.owa"]
OTHER = [b"/owa", b"/ecp/", b"/ews/exchange.asmx", b"/owax/", b"/", b"/x/owa/"]


def warm(house: Gatehouse, name: str = "LAB\\alice") -> tuple[bytes, Passage]:
    """Let a connection be known; gives its cookie and its passage."""
    cookie = house.cookie(name)
    house.get(cookie)
    passage = house.get(cookie)
    assert isinstance(passage, Passage)
    assert house.get(cookie) is passage
    return cookie, passage


@pytest.mark.parametrize("target", USUAL)
def test_usual_paths_get_the_very_same_passage(target):
    """One comparison, and nothing is looked at again."""
    house = Gatehouse()
    cookie, passage = warm(house)

    assert house.get(cookie, target) is passage


@pytest.mark.parametrize("target", [*ODD, *OURS, *ESCAPES, *OTHER])
def test_no_other_path_gets_it(target):
    """Pages of the desk in any case, odd paths and other protocols are looked at each time."""
    house = Gatehouse()
    cookie, passage = warm(house)
    try:
        outcome = house.get(cookie, target)
    except ClientFault:
        outcome = None

    assert outcome is not passage


@pytest.mark.parametrize("target", [*USUAL, *ODD, *OURS, *ESCAPES, *OTHER])
def test_what_is_remembered_changes_no_answer(target):
    """A connection that knows its user gives what one that does not gives."""
    house = Gatehouse()
    cookie, _ = warm(house)
    raw = head(cookie, target)
    try:
        known = house.ask(raw)
    except ClientFault as fault:
        known = fault

    assert kind_of(known) == kind_of(house.fresh(raw))


def kind_of(outcome: object) -> tuple[object, ...]:
    """Tell outcomes apart by what matters."""
    if isinstance(outcome, Passage):
        return Passage, outcome.decision.site.name, outcome.identity
    if isinstance(outcome, Reply):
        return Reply, outcome.status, outcome.because
    return type(outcome), str(outcome) if isinstance(outcome, ClientFault) else ""


def test_another_cookie_is_looked_at():
    """The same connection may serve another user: a proxy before us shares connections."""
    house = Gatehouse()
    _, passage = warm(house)
    other = house.get(house.cookie("LAB\\bob"))

    assert (passage.decision.site.name, passage.user) == ("HQ", "LAB\\alice")
    assert (other.decision.site.name, other.user) == ("Branch", "LAB\\bob")
    assert house.get(b"").status == 302


def test_the_end_of_any_session_makes_it_look_again():
    """Nobody compares whose it was: the book's version has grown."""
    house = Gatehouse()
    cookie, passage = warm(house)
    house.book.end("ff" * 16, house.now + 10)
    again = house.get(cookie)

    assert again is not passage
    assert again == passage


@pytest.mark.parametrize(("seconds", "same"), [(RECHECK_SECONDS - 0.01, True), (RECHECK_SECONDS, False), (-60, False)])
def test_after_a_moment_it_is_looked_at_again(seconds, same):
    """Also when the clock was set back."""
    house = Gatehouse()
    cookie, passage = warm(house)
    house.get(cookie, b"/owa/auth/logon.aspx")
    start = house.now
    house.now = start + seconds
    again = house.get(cookie)

    assert (again is passage or again == passage) is True
    assert house.memory.visitor.passage is not None
    assert (house.memory.visitor.until == start + RECHECK_SECONDS) is same


def test_a_reload_looks_again():
    """Another gate believes nothing the former one remembered."""
    house = Gatehouse()
    cookie, passage = warm(house)
    house.gate = Gatekeeper(house.kit, house.book)
    again = house.get(cookie)

    assert again is not passage
    assert house.memory.visitor.keeper is house.gate


class Counting(Seal):
    """Counts what it opens."""

    opened = 0

    def open(self, value):
        """Open it."""
        self.opened += 1
        return super().open(value)


@pytest.mark.parametrize("target", [*USUAL, *ODD[:1], *OTHER, b"/owa/keepalive.owa"])
def test_a_connection_opens_a_cookie_once(target):
    """Whatever is asked for, and however long ago that was; another cookie is opened, and another gate opens anew."""
    house = Gatehouse(seal=Counting(RING))
    cookie = house.cookie()
    for _ in range(3):
        house.get(cookie)
        house.get(cookie, target)
        house.now += RECHECK_SECONDS
    seen = [house.kit.seal.opened]
    house.get(house.cookie("LAB\\bob"))
    seen.append(house.kit.seal.opened)
    house.gate = Gatekeeper(house.kit, house.book)
    house.get(house.cookie("LAB\\bob"))

    assert seen == [1, 2]
    assert house.kit.seal.opened == 3


@pytest.mark.parametrize("path", [b"/owa/", b"/ecp/"])
def test_an_opened_cookie_ends_as_any_other(path):
    """By its time, and by signing off elsewhere."""
    house = Gatehouse()
    cookie, _ = warm(house)
    house.now += 2 * LIFETIMES.public
    late = house.get(cookie, path)
    house.now = NOW
    cookie, passage = warm(house)
    house.book.end(house.memory.visitor.session.id, house.now + 10)

    assert isinstance(passage, Passage)
    assert (late.status, house.get(cookie, path).status) == (302, 302)


def test_a_site_with_routes_is_decided_by_each_path():
    """A route's limits hold under its prefix, nowhere else."""
    route = PathLimits(prefix="/owa/big", timeouts=Timeouts(), limits=Limits(body_bytes=7))
    house = Gatehouse(sites=(replace(make_sites()[0], routes=(route,)),))
    cookie = house.cookie()
    limits = [house.get(cookie, target).decision.limits.body_bytes for target in (b"/owa/", b"/owa/big/x", b"/owa/")]

    assert limits == [Limits().body_bytes, 7, Limits().body_bytes]
    assert house.memory.visitor.passage is None


def test_who_is_known_keeps_the_same_lines():
    """The very same bytes and the same ring after a moment, so that heads remembered by them stay good."""
    house = Gatehouse()
    cookie, passage = warm(house)
    house.now += RECHECK_SECONDS
    again = house.get(cookie)
    elsewhere = house.get(cookie, memory=RequestMemory())

    assert again.identity is passage.identity
    assert again.ring is passage.ring is elsewhere.ring
    assert passage.identity == b"X-CASProxy-User: LAB\\alice\r\nX-CASProxy-Groups: Staff, Mail\r\n"


# ── who has no session ───────────────────────────────────────────────────────────────────────────


def worthless(house: Gatehouse) -> dict[str, bytes]:
    """Make a cookie for each way to be worth nothing."""
    good, foreign = house.kit.seal.seal(house.session()), Seal(KeyRing.parse(new_key()))
    middle = len(good) // 2
    ended = house.session()
    house.book.end(ended.id, house.now + 1000)
    return {
        "of another ring": as_cookie(foreign.seal(house.session())),
        "tampered": as_cookie(good[:middle] + ("A" if good[middle] != "A" else "B") + good[middle + 1 :]),
        "cut": as_cookie(good[:-4]),
        "nonsense": as_cookie("x"),
        "expired": house.cookie(renewed=house.now - 1.5 * LIFETIMES.public),
        "of the future": house.cookie(begun=house.now + 61),
        "revoked": as_cookie(house.kit.seal.seal(ended)),
        "of a smaller epoch": house.cookie("LAB\\carol"),
    }


def test_what_is_worth_nothing_gets_one_answer():
    """The same to the byte, whatever was the matter; nothing of the cookie in it, and nothing is emitted."""
    house = Gatehouse(ALICE, account("carol", "HQ", epoch=1))
    cookies = worthless(house)
    pages = {name: house.fresh(head(cookie)) for name, cookie in cookies.items()}
    scripts = {name: house.fresh(head(cookie, b"/owa/ev.owa?oeh=1&x")) for name, cookie in cookies.items()}

    assert len(set(pages.values())) == len(set(scripts.values())) == 1
    assert (pages["cut"].status, scripts["cut"].status, house.events) == (302, 440, [])
    for cookie in cookies.values():
        value = cookie.partition(b"=")[2].decode()
        assert value == "x" or value not in repr((pages, scripts))


async def test_a_user_who_is_gone_gets_the_same():
    """Nobody is told whether a user exists; looking costs an errand."""
    house = Gatehouse()
    errand = house.get(house.cookie("LAB\\gone"))

    assert isinstance(errand, FindErrand)
    assert await house.work(errand) == house.fresh(head(as_cookie("x")))


async def test_a_session_is_never_somebody_elses():
    """A name that is gone may be found as another's address; the session is over all the same."""
    house = Gatehouse()
    house.provider.accounts["LAB\\gone"] = BOB
    house.provider.known = {}

    assert (await house.work(house.get(house.cookie("LAB\\gone")))).status == 302
    assert (await house.work(house.get(house.cookie("LAB\\alice")))).user == "LAB\\alice"


async def test_a_user_who_must_be_looked_up_passes_then():
    """Once; then memory knows."""
    house = Gatehouse()
    house.provider.known = {}
    cookie = house.cookie()
    passage = await house.work(house.get(cookie))

    assert isinstance(passage, Passage)
    assert house.get(cookie).decision is passage.decision
    assert house.provider.asked == [("find", "LAB\\alice")]


async def test_a_session_that_ends_during_the_look_up_is_over():
    """What was true when the request came is not true when it passes."""
    house = Gatehouse()
    house.provider.known, house.provider.gates = {}, {"find": asyncio.Event()}
    session = house.session()
    errand, outcomes = house.get(as_cookie(house.kit.seal.seal(session))), []
    errand.begin(b"", outcomes.append)
    await settle()
    house.book.end(session.id, house.now + 1000)
    house.provider.gates["find"].set()
    await settle()

    assert [each.status for each in outcomes] == [302]
    assert house.memory.visitor is None


def test_a_user_who_is_thrown_out_is_out_within_a_second():
    """Also on a connection that knew him."""
    house = Gatehouse()
    cookie, _ = warm(house)
    house.provider.accounts["LAB\\alice"] = replace(ALICE, epoch=1)
    house.now += RECHECK_SECONDS

    assert house.get(cookie).status == 302


# ── renewal ──────────────────────────────────────────────────────────────────────────────────────


def test_half_way_an_activity_renews():
    """Both cookies work until the old one's end; the new one says nothing but its attributes in the clear."""
    house = Gatehouse()
    cookie = house.cookie()
    house.now += 0.5 * LIFETIMES.public + 1
    passage = house.get(cookie)
    line = passage.set_cookie.decode()
    name, _, rest = line.partition("=")
    value, _, attributes = rest.partition(";")
    old_end = house.now + LIFETIMES.public - 2

    assert (name, attributes) == ("Set-Cookie: __Host-casproxy", " Path=/; Secure; HttpOnly; SameSite=Lax\r\n")
    assert [type(house.get(each)) for each in (cookie, as_cookie(value))] == [Passage] * 2
    house.now = old_end
    assert [type(house.get(each)) for each in (cookie, as_cookie(value))] == [Passage] * 2
    house.now = old_end + 1.1
    assert [type(house.get(each)) for each in (cookie, as_cookie(value))] == [Reply, Passage]


def test_a_renewed_session_is_the_same_one():
    """Its end ends both cookies."""
    house = Gatehouse()
    session = house.session()
    cookie = as_cookie(house.kit.seal.seal(session))
    house.now += 500
    renewed = as_cookie(house.get(cookie).set_cookie.decode().partition("=")[2].partition(";")[0])
    house.book.end(session.id, house.now + 10_000)

    assert [house.get(each).status for each in (cookie, renewed)] == [302, 302]


@pytest.mark.parametrize(
    ("target", "fields"),
    [
        (b"/owa/ev.owa?oeh=1&UA=0", ()),
        (b"/owa/", (b"X-UserActivity: 0",)),
        (b"/owa/ping.owa", ()),
        (b"/owa/14.3/x.js", ()),
    ],
)
def test_what_is_nobodys_doing_renews_nothing(target, fields):
    """Polls, pings and static files let a session run out."""
    house = Gatehouse()
    cookie = house.cookie()
    house.now += 500
    passage = house.get(cookie, target, *fields)

    assert (type(passage), passage.set_cookie) == (Passage, b"")
    assert house.get(cookie).set_cookie.startswith(b"Set-Cookie: ")


def test_a_fresh_session_is_not_renewed():
    """Not before half of its time is gone."""
    house = Gatehouse()
    cookie = house.cookie()
    house.now += 0.5 * LIFETIMES.public

    assert house.get(cookie).set_cookie == b""


# ── credentials ──────────────────────────────────────────────────────────────────────────────────

LINE = b"Authorization: Basic eA==\r\n"


def known(house: Gatehouse, name: str) -> bytes:
    """Begin a session whose credentials are kept; gives its cookie."""
    session = house.session(name)
    house.book.keep_credential(session.id, LINE)
    return as_cookie(house.kit.seal.seal(session))


def test_a_site_may_be_told_the_password():
    """Beside who signed in, the very same bytes each time; without them nothing is told."""
    house = Gatehouse(delegating=frozenset({"hq"}))
    cookie = known(house, "LAB\\alice")
    passage = house.get(cookie)
    house.now += RECHECK_SECONDS
    again = house.get(cookie)

    assert passage.credential == passage.identity + LINE
    assert again.credential is passage.credential
    assert again.identity is passage.identity


def test_another_site_is_not_told_the_password():
    """Whatever is kept: neither a site of its own mailboxes, nor ours for Autodiscover."""
    house = Gatehouse(delegating=frozenset({"branch"}))
    bob, alice = known(house, "LAB\\bob"), known(house, "LAB\\alice")

    assert house.get(alice).credential == b""
    assert house.get(bob).credential.endswith(LINE)
    assert house.get(bob, b"/autodiscover/x").credential == b""


def test_a_password_that_is_not_kept_any_more_is_asked_for():
    """As an expired session; it is not asked for where signing in would not keep it."""
    house = Gatehouse(delegating=frozenset({"hq"}))

    assert house.get(house.cookie()) == house.fresh(head(as_cookie("x")))
    assert isinstance(house.get(house.cookie("LAB\\bob"), b"/autodiscover/x"), Passage)


def test_one_session_is_never_sent_with_anothers_password():
    """On one connection, also for the same user."""
    house = Gatehouse(delegating=frozenset({"hq"}))
    first, second = known(house, "LAB\\alice"), house.session()
    house.book.keep_credential(second.id, b"Authorization: Basic eQ==\r\n")
    credentials = [house.get(each).credential for each in (first, as_cookie(house.kit.seal.seal(second)), first)]

    assert credentials[0] == credentials[2] != credentials[1]


# ── everything ───────────────────────────────────────────────────────────────────────────────────

PARTS = (
    "owa OWA ecp auth auth.owa logoff.owa keepalive.owa logon.aspx ev.owa?oeh=1& autodiscover ews x "
    ".. . %2e%2e %2f a;b \\ ? # % %u0041 \xff"
)
SEGMENTS = st.sampled_from([b"", *(part.encode("latin-1") for part in PARTS.split(" "))])
TARGETS = st.builds(
    b"".join,
    st.tuples(
        st.sampled_from([b"/owa/", b"/Owa/", b"/owa", b"/"]),
        st.lists(SEGMENTS, max_size=4).map(b"/".join) | st.binary(max_size=30),
    ),
)
HOUSE = Gatehouse()
VALUE = HOUSE.kit.seal.seal(HOUSE.session())
COOKIES = st.just(VALUE.encode()) | st.binary(max_size=60) | st.binary(max_size=3).map(lambda end: VALUE.encode() + end)
SITES = {"LAB\\alice": "HQ", "LAB\\bob": "Branch"}


@given(target=TARGETS, cookie=COOKIES, bob=st.booleans(), is_warm=st.booleans())
def test_no_request_breaks_the_gate(target, cookie, bob, is_warm):
    """Whatever target and cookie: a refusal or an answer; a passage for a session only, to the user's site only."""
    house = HOUSE
    memory = RequestMemory()
    if bob:
        cookie = house.kit.seal.seal(house.session("LAB\\bob")).encode()
    if is_warm:
        _admit(house, b"/owa/", cookie, memory)
    outcome = _admit(house, target, cookie, memory)

    assert isinstance(outcome, Passage | Reply | FormErrand | FindErrand | ClientFault)
    assert kind_of(outcome) == kind_of(_admit(house, target, cookie, RequestMemory()))
    if isinstance(outcome, Passage):
        session = house.kit.seal.open(cookie.decode("latin-1"))
        assert session is not None
        autodiscover = "/autodiscover" in target.decode("latin-1").lower()
        assert outcome.user == session.user
        assert outcome.decision.site.name in {SITES[session.user], *(["HQ"] if autodiscover else [])}


def _admit(house: Gatehouse, target: bytes, cookie: bytes, memory: RequestMemory) -> object:
    """Ask with a target and a cookie that no reader has looked at."""
    plain = read(head(b""))
    own = plain.facts.own._replace(session=cookie)
    facts = plain.facts._replace(target=target, own=own)
    try:
        return house.gate.admit(plain.head._replace(target=target), facts, b"192.0.2.7", memory)
    except ClientFault as fault:
        return fault

"""Attacks on signing in: no cookie that was probed, no name that was tried, no destination and no path opens it."""

import html
import re
import string
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import quote, unquote

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.session.cookie import Seal
from proxy.session.keys import KeyRing, new_key
from tests.stage import OK, Answer, Browser, Stage, answering, stage
from tests.visitors import account, directory_settings, form, post, sign_in, write_users
from tests.wire import request

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

PLAIN = {"deadline": None, "derandomize": True, "suppress_health_check": [HealthCheck.too_slow]}
FORM = b"/owa/auth/logon.aspx"
NOW = 1_800_000_000.0
_CHANGING = re.compile(rb"\r\n(?:X-Request-Id|Date): [^\r]*")


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="folder")
async def one_folder(tmp_path_factory):
    """Users and keys for all."""
    folder = tmp_path_factory.mktemp("house")
    write_users(folder, account("alice", "HQ"), account("bob", "HQ"), account("frank", None))
    return folder


@pytest_asyncio.fixture(loop_scope="module", name="running")
async def one_stage(folder) -> AsyncIterator[Stage]:
    """Run a proxy whose clock stands still."""
    own = {"HQ": "own = true\n"}
    async with stage({"HQ": answering(OK)}, settings=directory_settings(folder), site_settings=own) as running:
        running.worker._plant.reception.clock = lambda: NOW
        yield running


def looks(answer: Answer) -> bytes:
    """Give every byte of an answer but for its id and date."""
    return _CHANGING.sub(b"", answer.raw_head) + answer.body


async def looks_of(browser: Browser, cookies: list[bytes]) -> list[bytes]:
    """Ask with each cookie."""
    return [looks(await browser.ask(request(b"Cookie: " + each, target=b"/owa/?x=1"))) for each in cookies]


# ── probing the cookie ───────────────────────────────────────────────────────────────────────────

OTHERS = b"ABQRghwxz0459-_=!~%"


async def test_every_changed_byte_gets_the_same_answer(running: Stage) -> None:
    """A sealed cookie of which any byte was exchanged, left out or added: one answer, byte for byte, to them all."""
    browser = await running.browser()
    good = await sign_in(browser, "alice")
    start = good.index(b"=") + 1
    places = range(start, len(good))
    changed = [good[:at] + OTHERS[i : i + 1] + good[at + 1 :] for at in places for i in range(len(OTHERS))]
    changed += [good[:at] + good[at + 1 :] for at in places[1:]] + [good[:at] for at in places[1:]]
    changed += [good[:at] + b"A" + good[at:] for at in places] + [good + tail for tail in (b"=", b"==", b"A", b"AAAA")]
    found = await looks_of(browser, sorted(set(changed) - {good}))

    assert len(found) > 4000
    assert len(set(found)) == 1
    assert b"reason=3" in found[0]
    assert running.backends["HQ"].raw == b""


async def test_why_a_cookie_is_worth_nothing_is_not_told(running: Stage, folder) -> None:
    """Tampered, of another key, past its time, of the future, ended, of nobody, of another epoch: one answer."""
    browser = await running.browser()
    good, ended = await sign_in(browser, "alice"), await sign_in(browser, "bob")
    await browser.ask(request(b"Cookie: " + ended, target=b"/owa/logoff.owa"))
    ring = KeyRing.parse((folder / "session.keys").read_text())
    session = Seal(ring).open(good.partition(b"=")[2].decode())
    sealed = [
        Seal(KeyRing.parse(new_key())).seal(session),
        Seal(ring).seal(replace(session, begun=NOW - 90_000, renewed=NOW - 90_000)),
        Seal(ring).seal(replace(session, begun=NOW + 90_000, renewed=NOW + 90_000)),
        Seal(ring).seal(replace(session, user="LAB\\nobody")),
        Seal(ring).seal(replace(session, epoch=-1)),
        ring.fernet.encrypt(b"\x01[]").decode(),
        ring.fernet.encrypt(b"").decode(),
        "x",
    ]
    found = await looks_of(browser, [ended, *(b"__Host-casproxy=" + each.encode() for each in sealed)])

    assert len(set(found)) == 1
    assert (await browser.ask(request(b"Cookie: " + good))).status == 200


# ── who is a user here ───────────────────────────────────────────────────────────────────────────


async def nonce_of(browser: Browser) -> bytes:
    """Ask for the form; gives its cookie, so that the pages that follow bear the same token."""
    answer = await browser.ask(request(target=FORM))
    return answer.field(b"set-cookie").partition(b";")[0]


@pytest.mark.parametrize(
    "user", ["nobody", "LAB\\nobody", "nobody@lab.test", "OTHER\\alice", "frank", "x" * 300, "a\\b\\c"]
)
async def test_a_name_that_is_none_is_answered_like_a_wrong_password(running: Stage, user: str) -> None:
    """Byte for byte, also when it was tried so often that it is stopped."""
    browser = await running.browser()
    nonce = await nonce_of(browser)

    async def try_often(name: str) -> list[bytes]:
        return [looks(await browser.ask(post(form(name, "wrong"), b"Cookie: " + nonce))) for _ in range(8)]

    known = await try_often("alice")
    running.worker._plant.reception.clock = lambda: NOW + 1e6  # nobody remembers alice's attempts
    unknown = await try_often(user)

    assert known[0].startswith(b"HTTP/1.1 302 ")
    assert known[-1].startswith(b"HTTP/1.1 429 ")
    assert known == unknown


# ── where it leads ───────────────────────────────────────────────────────────────────────────────

PIECES = (
    "/", "\\", "//", "https:", "http:", "https://", "HTTPS://", "evil.example", "localhost", "@", ":", ":443", ".",
    "..", "%2f", "%2F", "%5c", "%09", "%0d%0a", "%00", "%252f", "\t", "\r\n", " ", "owa", "owa/", "?", "#", ";", "&",
    "data:text/html,x", "\uff0f", "\u2028", "\u3002", "=", "'", '"', "<", ">", "x", "\u00e9", "\x7f", "%u002f", "|",
    "javascript:",
)  # fmt: skip
LOOSE = st.lists(st.sampled_from(PIECES) | st.text(string.printable, max_size=3), max_size=6).map("".join)


def is_ours(location: str) -> bool:
    """Tell whether the most lenient browser stays here: it drops tabs and line ends, and a backslash is a slash."""
    lenient = re.sub(r"[\t\r\n]", "", location).strip("".join(map(chr, range(33)))).replace("\\", "/")
    return lenient == location and re.match(r"/(?!/)", lenient) is not None and lenient.isascii()


@settings(max_examples=400, **PLAIN | {"suppress_health_check": list(HealthCheck)})
@given(text=st.sampled_from(("", "/owa/", "https://localhost", "/")).flatmap(lambda start: LOOSE.map(start.__add__)))
async def test_no_destination_leads_away(running: Stage, text: str) -> None:
    """Neither that of the form, nor the `url` that becomes one, nor a path that needs a session."""
    browser = running.browsers[0] if running.browsers else await running.browser()
    answer = await browser.ask(post(form("alice", destination=text)))
    page = await browser.ask(request(b"Accept: text/html", target=FORM + b"?url=" + quote(text, safe="").encode()))
    hidden = re.search(r'name="destination" value="([^"]*)"', page.body.decode())
    path = quote(text, safe="/?@:;=&'\\|%").encode()
    bare = await running.ask(request(target=path if path.startswith(b"/") else b"/" + path))

    assert answer.status in (302, 400)
    assert (answer.field(b"set-cookie") is not None) == (answer.status == 302)
    assert answer.status == 400 or is_ours(answer.field(b"location").decode())
    assert is_ours(html.unescape(hidden[1]))
    assert bare.status in (302, 400)
    if bare.status == 302:
        back = bare.field(b"location").decode()
        assert is_ours(back)
        assert is_ours(unquote(back.removeprefix("/owa/auth/logon.aspx?url=").partition("&reason=")[0]))


# ── paths that mean two things ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "path",
    [
        b"/owa/..%2fecp/", b"/owa/..%2Fecp", b"/owa%2f..%2fecp", b"/owa/..\\ecp", b"/owa\\..\\ecp", b"/owa/%2e%2e/ecp/",
        b"/owa/..%5cecp", b"/owa/%u002e%u002e/ecp", b"/owa;x/", b"/owa/..;/ecp/", b"/owa%3bx/",
        b"/owa./", b"/owa%20/", b"/owa::$DATA/", b"/%6fwa%00/", b"/owa/%c0%ae%c0%ae/ecp", b"/owa/..%c0%afecp",
        b"/../owa/",
        b"//owa/", b"/./owa/", b"/x/../owa/", b"/ecp/../owa/", b"/owa/.. /ecp", b"/\xef\xbd\x8fwa/", b"/owa/\x01",
        b"/%ef%bd%8fwa/", b"/owa/%0a", b"/owa/#/ecp", b"/owa/%2e%2e%2f%2e%2e%2f", b"/owa/%ud800/", b"/..%2fowa/",
    ],
)  # fmt: skip
async def test_a_path_that_means_two_things_is_refused(running: Stage, path: bytes) -> None:
    """400, whoever asks; nobody is asked."""
    for cookie in (b"a=1", await sign_in(await running.browser(), "alice")):
        assert (await running.ask(request(b"Cookie: " + cookie, target=path))).status == 400
    assert running.backends["HQ"].raw == b""


@settings(max_examples=200, **PLAIN | {"suppress_health_check": list(HealthCheck)})
@given(
    pieces=st.lists(st.sampled_from((
        "/", "//", "owa", "ecp", "ews", "auth", "logon.aspx", "auth.owa", "..", ".", "%2f", "%2e", "\\", "%5c", ";",
        "%00", "x.js", "%u002f", "?", "@", "themes", "keepalive.owa", "%20", "autodiscover", "rpc", "proxylogon.owa",
        "ping.owa",
    )), max_size=7)
)  # fmt: skip
async def test_no_path_passes_without_a_session(running: Stage, pieces: list[str]) -> None:
    """No spelling of a page of ours, and no static file, opens the way to a backend."""
    for method in (b"GET", b"POST"):
        answer = await running.ask(request(target=b"/" + "".join(pieces).encode(), method=method, body=b"a=b"))
        assert answer.status in (200, 302, 400, 440)
    assert running.backends["HQ"].raw == b""

"""Attacks that worked on the original: nothing a browser sends chooses a server, a user, or where it is led next."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stage import Answer, Heard, Stage, stage
from tests.visitors import account, directory_settings, sign_in, write_users
from tests.wire import hear, request, requests_in

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

DECOY = b"{decoy}"
"""Stands for the address of a server that is in no table."""
PLAIN = {"deadline": None, "derandomize": True, "suppress_health_check": [HealthCheck.too_slow]}
HOSTILE_COOKIE = (
    b"=__Host-casproxy=nameless", b"__Host-casproxy=planted; Path=/; Secure", b"__HOST-CASPROXY=planted; Path=/",
    b" __Host-casproxy =planted", b"__Host-casproxy-logon=planted", b"__Host-casproxy", b"__host-casproxy=; Max-Age=0",
    b"= __Host-casproxy-logon=nameless", b"==__Host-casproxy=nameless",
)  # fmt: skip


@dataclass
class House:
    """A proxy with two sites, somebody signed in, and a server that nobody may be led to."""

    running: Stage = field(repr=False)
    cookie: bytes
    decoy: bytes
    """Address of the server that is in no table."""
    led: list[None] = field(default_factory=list)
    """Grows with each connection to it."""

    async def ask(self, data: bytes) -> Answer | None:
        """Ask on a connection of its own; None when it was closed without an answer."""
        try:
            return await self.running.ask(data.replace(DECOY, self.decoy), to_head=data.startswith(b"HEAD "))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    def forget(self) -> None:
        """Forget what backends heard so far; connections that are open go on being heard."""
        for backend in self.running.backends.values():
            for heard in backend.connections:
                heard.raw = b""

    @property
    def heard(self) -> bytes:
        """Everything that any backend heard."""
        return b"".join(backend.raw for backend in self.running.backends.values())


async def backend(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer everything, and try to set every cookie that is not a backend's to set."""
    set_cookies = b"".join(b"Set-Cookie: %b\r\n" % each for each in (*HOSTILE_COOKIE, b"UserContext=1; Path=/"))
    while await hear(heard, reader):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n%b\r\nhq" % set_cookies)


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="house")
async def one_house(tmp_path_factory) -> AsyncIterator[House]:
    """One proxy for all."""
    folder = tmp_path_factory.mktemp("house")
    write_users(folder, account("alice", "HQ", groups=("Staff",)), account("bob", "Branch"))
    led: list[None] = []
    decoy = await asyncio.start_server(lambda _, writer: (led.append(None), writer.close()), "127.0.0.1", 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("proxy.front.connection.LINGER_SECONDS", 0.05)
        patch.setattr("proxy.front.connection.LINGER_BRIEFLY", 0.0)
        async with stage(
            {"HQ": backend, "Branch": backend},
            settings=directory_settings(folder),
            site_settings={"HQ": "own = true\n"},
        ) as running:
            cookie = await sign_in(await running.browser(), "alice", private=True)
            yield House(running, cookie, b"127.0.0.1:%d" % decoy.sockets[0].getsockname()[1], led)
    decoy.close()


# ── who chooses the server ───────────────────────────────────────────────────────────────────────

TARGETS = (
    b"/owa/?DestServer={decoy}", b"/owa/?ae=Folder&destserver=https://{decoy}/", b"/ecp/y.js",
    b"/autodiscover/autodiscover.json?@{decoy}/owa/?&Email=autodiscover/autodiscover.json%3F@{decoy}",
    b"/autodiscover/autodiscover.json?a=x@{decoy}/mapi/nspi", b"/autodiscover/autodiscover.json/{decoy}/owa/",
    b"https://{decoy}/owa/", b"http://{decoy}/owa/", b"https://localhost@{decoy}/owa/", b"https://{decoy}#localhost/",
    b"/owa/@{decoy}/", b"//{decoy}/owa/", b"/\\{decoy}/owa/", b"{decoy}", b"@{decoy}/owa/", b":80@{decoy}/owa/",
    b"/owa/%0d%0aHost:%20{decoy}/", b"/owa/https://{decoy}/", b"/ews/exchange.asmx?@{decoy}", b"/owa/..%2f@{decoy}/",
    b"/rpc/rpcproxy.dll?{decoy}:6001", b"/owa/ev.owa?oeh=1&ns=https://{decoy}/", b"/owa/auth/x.js",
    b"/Microsoft-Server-ActiveSync?x@{decoy}", b"/oab/x?url=https://{decoy}/", b"/owa/auth/logon.aspx?url=https://{decoy}/",
    b"/owa/proxylogon.owa", b"/owa/",
)  # fmt: skip
NAMES = (
    b"X-BEResource", b"X-AnonResource", b"X-AnonResource-Backend", b"X-BackEndCookie", b"X-Target-Server", b"Host",
    b"X-TargetBEServer", b"X-Original-URL", b"X-Rewrite-URL", b"X-Forwarded-Host", b"X-Forwarded-Server", b"Forwarded",
    b"X-ServerToServer-OriginalServer", b"X-OWA-ProxyUri", b"X-Host", b"Destination", b"Proxy", b"Via", b"Referer",
    b"X-MS-Location", b"Origin", b"X-ExternalURL", b"msExchEcpCanary", b"X-Real-IP", b"Content-Location", b"Location",
)  # fmt: skip
VALUES = (
    b"{decoy}", b"https://{decoy}/owa", b"http://{decoy}/", b"Administrator@{decoy}:443/ecp/?#~1941962753",
    b"localhost~1942062522", b"a]@{decoy}/owa#~1941962753", b"for=1.2.3.4;host={decoy}", b"true", b"1.1 {decoy}",
    b"Server~{decoy}~1", b"{decoy}, localhost", b"localhost@{decoy}", b"localhost:{decoy}",
)  # fmt: skip
COOKIES = (
    b"X-BEResource", b"X-AnonResource", b"X-AnonResource-Backend", b"X-BackEndCookie", b"X-DiagnosticsCookie",
    b"DestServer", b"UserContext", b"cadata", b"sessionid", b"mkt", b"S-1-5-21-1", b"__host-CASPROXY", b"Proxy",
)  # fmt: skip


@st.composite
def spellings(draw: st.DrawFn, names: tuple[bytes, ...]) -> bytes:
    """Take a name, in letters of any case and with any hyphen as an underscore."""
    name = draw(st.sampled_from(names)).decode()
    kinds = draw(st.lists(st.sampled_from((str.lower, str.upper)), min_size=len(name), max_size=len(name)))
    hyphens = draw(st.lists(st.sampled_from("-_"), min_size=len(name), max_size=len(name)))
    pairs = zip(name, kinds, hyphens, strict=True)
    return "".join(hyphen if char == "-" else kind(char) for char, kind, hyphen in pairs).encode()


@st.composite
def visits(draw: st.DrawFn) -> tuple[bytes, bytes, list[bytes], list[bytes]]:
    """Make method, target, header lines and cookies that speak of the decoy in one way or another."""
    method = draw(st.sampled_from((b"GET", b"GET", b"POST", b"HEAD", b"OPTIONS", b"CONNECT", b"PROPFIND")))
    target = draw(st.sampled_from(TARGETS) | st.binary(max_size=8).map(lambda data: b"/owa/" + quote(data).encode()))
    fields = st.tuples(spellings(NAMES), st.sampled_from(VALUES)).map(b": ".join)
    cookies = st.tuples(st.sampled_from(COOKIES), st.sampled_from(VALUES)).map(b"=".join)
    return method, target, draw(st.lists(fields, max_size=3)), draw(st.lists(cookies, max_size=2))


@settings(max_examples=300, **PLAIN)
@given(visit=visits(), host=st.sampled_from((b"localhost", b"localhost", b"{decoy}")), signed_in=st.booleans())
async def test_only_the_table_chooses_a_server(house: House, visit, host: bytes, signed_in: bool) -> None:
    """Whatever a request says, no connection is made to an address of its own; without a session, to none at all."""
    method, target, fields, cookies = visit
    jar = b"; ".join([*cookies, *([house.cookie] if signed_in else [])])
    house.forget()
    answer = await house.ask(
        request(*fields, *([b"Cookie: " + jar] if jar else []), method=method, target=target, host=host)
    )

    assert house.led == []
    assert answer is not None
    assert answer.status < 500 or answer.status == 501, answer.raw_head
    assert signed_in or house.heard == b""
    assert house.running.backends["Branch"].raw == b""
    assert (answer.field(b"location") or b"/owa/").startswith(b"/owa/")
    for seen in requests_in(house.heard):
        assert seen.values(b"host") == [b"cas.hq.test"]
        assert house.cookie not in b"\n".join(seen.values(b"cookie"))


@pytest.mark.parametrize("target", [b"https://{decoy}/owa/", b"http://{decoy}/", b"https://localhost@{decoy}/owa/"])
async def test_an_absolute_target_must_name_the_host(house: House, target: bytes) -> None:
    """A target that names another host than Host is 400; nobody is asked."""
    house.forget()
    answer = await house.ask(request(b"Cookie: " + house.cookie, target=target))

    assert (answer.status, house.heard, house.led) == (400, b"", [])


@pytest.mark.parametrize("name", [b"X-BEResource", b"X-AnonResource-Backend", b"x_beresource", b"X-ANONRESOURCE"])
async def test_names_of_servers_in_headers_go_nowhere(house: House, name: bytes) -> None:
    """Nor do they reach a backend, which may be one that believes them."""
    house.forget()
    answer = await house.ask(request(b"Cookie: " + house.cookie, name + b": a]@{decoy}/owa#~1941962753"))

    assert (answer.status, answer.body) == (200, b"hq")
    assert house.decoy not in house.heard


# ── who says who the user is ─────────────────────────────────────────────────────────────────────

IDENTITY = (
    b"X-CASProxy-User", b"X-CASProxy-Groups", b"X-CASProxy-Trust", b"X-CASProxy-Anything", b"X-OWA-ProxyUri",
    b"X-OWA-ProxyVersion", b"X-OWA-ProxySid", b"X-OWA-ProxyCanary", b"X-LogonType", b"X-Forwarded-User",
    b"X-ServerToServer-OriginalClient", b"X-ServerToServer-OriginalServer",
)  # fmt: skip


@settings(max_examples=150, **PLAIN)
@given(names=st.lists(spellings(IDENTITY), min_size=1, max_size=4), named=st.booleans())
async def test_a_browser_cannot_say_who_it_is(house: House, names: list[bytes], named: bool) -> None:
    """In no spelling; not by having Connection take ours away either."""
    lines = [name + b": LAB\\mallory" for name in names]
    if named:
        lines.append(b"Connection: X-CASProxy-User, " + b", ".join(names))
    house.forget()
    answer = await house.ask(request(b"Cookie: " + house.cookie, *lines))
    (seen,) = requests_in(house.heard)

    assert answer.status == 200
    assert [seen.values(name) for name in (b"x-casproxy-user", b"x-casproxy-groups")] == [[b"LAB\\alice"], [b"Staff"]]
    assert b"mallory" not in house.heard


@pytest.mark.parametrize(
    "line", [b"X-CASProxy-User : x", b" X-CASProxy-User: x", b"X-CASProxy-User\t: x", b"X CASProxy User: x"]
)
@pytest.mark.parametrize("first", [b"Accept: */*", b""])
async def test_a_name_with_spaces_is_refused(house: House, line: bytes, first: bytes) -> None:
    """400, also as the continuation of the line before; nobody is asked."""
    house.forget()
    answer = await house.ask(request(b"Cookie: " + house.cookie, *([first] if first else []), line))

    assert (answer.status, house.heard) == (400, b"")


async def test_trailers_say_nothing(house: House) -> None:
    """Fields behind a chunked body do not pass."""
    house.forget()
    head = request(b"Cookie: " + house.cookie, b"Transfer-Encoding: chunked", method=b"POST")
    answer = await house.ask(head + b"1\r\na\r\n0\r\nX-CASProxy-User: LAB\\mallory\r\nX_BEResource: b\r\n\r\n")

    assert answer.status == 200
    assert b"mallory" not in house.heard
    assert b"BEResource" not in house.heard


async def test_a_backend_cannot_plant_a_session(house: House) -> None:
    """Its Set-Cookie with a name of ours is dropped, in every spelling that some browser takes for one."""
    answer = await house.ask(request(b"Cookie: " + house.cookie))

    assert answer.fields(b"set-cookie") == [b"UserContext=1; Path=/"]

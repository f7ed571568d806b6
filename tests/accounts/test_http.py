"""Promises of accounts out of a look-up service: one that works, and ones that hang, break off or lie."""

import json
import ssl

import pytest
from aiohttp import web

from proxy.accounts.http import MAX_ANSWER, WAITING, HttpSource, HttpTerms
from proxy.accounts.material import Material
from proxy.accounts.provider import Busy, ProviderDown
from proxy.certkit.authority import Authority
from proxy.model.accounts import Account, Mailbox
from tests.loopback import open_sockets, until
from tests.lying import playing

AUTHORITY = Authority.create("Service CA")
SERVER = AUTHORITY.issue("localhost", "127.0.0.1").server_context()
ALICE = {"name": "LAB\\alice", "addresses": ["alice@lab.test"], "site": "HQ"}


@pytest.fixture
async def make(tmp_path):
    """Make sources for a port, which are closed in the end."""
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.certificate_pem)
    (tmp_path / "token").write_text("token1\n")
    made = []
    before = open_sockets()

    def build(port: int, *, seconds: float = 20.0) -> HttpSource:
        url = f"https://127.0.0.1:{port}"
        terms = HttpTerms(check_url=f"{url}/check", find_url=f"{url}/find?v=1", default_domain="LAB", seconds=seconds)
        made.append(HttpSource(terms, Material(tmp_path / "ca.pem", tmp_path / "token")))
        return made[-1]

    build.folder = tmp_path
    yield build
    for each in made:
        await each.close()
    await until(lambda: open_sockets() <= before, "sockets stay open")


@pytest.fixture
async def service():
    """Start a service that knows Alice; `heard` holds what it was asked."""
    heard = []

    async def check(request: web.Request) -> web.Response:
        asked = json.loads(await request.read())
        heard.append((request.headers, asked))
        right = asked == {"login": "alice", "password": "wonderland\u00e9\0"}
        return web.json_response({"account": ALICE if right else None})

    async def find(request: web.Request) -> web.Response:
        heard.append((request.headers, dict(request.query)))
        return web.json_response({"account": ALICE if request.query["login"] in {"alice", "LAB\\alice"} else None})

    application = web.Application()
    application.add_routes([web.post("/check", check), web.get("/find", find)])
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=SERVER)
    await site.start()
    service = type("Service", (), {"port": runner.addresses[0][1], "heard": heard})
    yield service
    await runner.cleanup()


async def test_a_user_signs_in_and_is_found(service, make) -> None:
    """With the token of the file, which is read each time; names and passwords arrive as they were typed."""
    source = make(service.port)
    alice = Account(name="LAB\\alice", addresses=("alice@lab.test",), mailbox=Mailbox(site="HQ"))

    assert await source.check("alice", "wonderland\u00e9\0") == alice
    (make.folder / "token").write_text("token2")
    assert await source.find("LAB\\alice") == alice
    assert [heard[0]["Authorization"] for heard in service.heard] == ["Bearer token1", "Bearer token2"]
    assert service.heard[1][1] == {"v": "1", "login": "LAB\\alice"}


@pytest.mark.parametrize(("login", "asked"), [("nobody", 1), ("a&password=x#", 1), ("", 0), ("a\\b\\c", 0)])
async def test_wrong_is_wrong(service, make, login, asked) -> None:
    """What can be no login is not asked for."""
    source = make(service.port)

    assert await source.check(login, "x") is None
    assert await source.find(login) is None
    assert [heard[1]["login"] for heard in service.heard] == [login] * (2 * asked)


@pytest.mark.parametrize("password", ["", "x" * 1025, "\u00e9" * 600])
async def test_what_is_no_password_is_not_asked_for(service, make, password) -> None:
    """An empty one, above all."""
    assert await make(service.port).check("alice", password) is None
    assert service.heard == []


def head(status: bytes = b"200 OK", body: bytes = b'{"account": null}', kind: bytes = b"application/json", more=b""):
    """Write a whole answer."""
    lines = [
        b"HTTP/1.1 " + status,
        b"Content-Type: " + kind,
        b"Content-Length: %d" % len(body),
        *([more] if more else []),
    ]
    return b"\r\n".join([*lines, b"", b""]) + body


FOREIGN = json.dumps({"account": {"name": "LAB\\bob"}}).encode()

LIES = {
    "no HTTP": (b"SSH-2.0-OpenSSH\r\n\r\n", "cannot be asked"),
    "another status": (head(b"401 Unauthorized"), "answered 401"),
    "an error": (head(b"500 Oops"), "answered 500"),
    "not modified": (b"HTTP/1.1 304 Not Modified\r\n\r\n", "answered 304"),
    "a redirect": (head(b"307 Temporary Redirect", more=b"Location: https://127.0.0.1:1/"), "answered 307"),
    "a page": (head(kind=b"text/html"), "no plain application/json"),
    "packed": (head(more=b"Content-Encoding: gzip"), "no plain application/json"),
    "no JSON": (head(body=b"yes"), "cannot be understood"),
    "another form": (head(body=b'{"account": {"name": "LAB\\\\alice", "admin": true}}'), "admin"),
    "somebody else": (head(body=FOREIGN), "does not have the login"),
    "too much": (head(body=b" " * (MAX_ANSWER + 1)), "more than"),
    "less than it says": (head()[:-1], "cannot be asked"),
    "an endless head": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000, "cannot be asked"),
}


@pytest.mark.parametrize(("answer", "sentence"), LIES.values(), ids=LIES)
async def test_a_lie_is_no_answer(make, answer, sentence) -> None:
    """The service is down then; nobody signs in, and nothing secret is told."""

    async def play(reader, writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    async with playing(play, SERVER) as port:
        for work in (lambda source: source.check("alice", "hunter2"), lambda source: source.find("alice")):
            with pytest.raises(ProviderDown, match=sentence) as down:
                await work(make(port))
            assert not {"hunter2", "token1", "LAB"} & set(str(down.value).split())


async def hang(reader, _writer) -> None:
    """Say nothing."""
    await reader.read(-1)


async def shut(_reader, writer) -> None:
    """Break off."""
    writer.close()


async def drip(reader, writer) -> None:
    """Begin to answer, and never end."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(head()[:-3])
    await reader.read(-1)


@pytest.mark.parametrize(
    ("play", "context", "sentence"),
    [
        (hang, SERVER, "did not answer within"),
        (hang, None, "did not answer within"),
        (drip, SERVER, "did not answer within"),
        (shut, SERVER, "cannot be asked"),
        (shut, None, "cannot be asked"),
    ],
)
async def test_a_dead_service_is_waited_for_a_bounded_time(make, play, context, sentence) -> None:
    """Whenever it falls silent."""
    async with playing(play, context) as port:
        with pytest.raises(ProviderDown, match=sentence):
            await make(port, seconds=0.3).check("alice", "x")


@pytest.mark.parametrize("stranger", [Authority.create("Other").issue("127.0.0.1"), AUTHORITY.issue("elsewhere.test")])
async def test_a_stranger_is_told_nothing(make, stranger) -> None:
    """A certificate of somebody else's authority, or of another name, ends it."""
    heard = []

    async def play(reader, _writer) -> None:
        heard.append(await reader.read(1))

    context: ssl.SSLContext = stranger.server_context()
    async with playing(play, context) as port:
        with pytest.raises(ProviderDown, match="certificate is not trusted"):
            await make(port).check("alice", "hunter2")
    assert heard in ([], [b""])


async def test_a_bounded_number_waits(make) -> None:
    """Beyond it Busy."""
    source = make(1)
    source._under_way = WAITING

    with pytest.raises(Busy):
        await source.find("alice")


async def test_closing_ends_it(make) -> None:
    """Questions that come later are told."""
    source = make(1)
    await source.close()

    with pytest.raises(ProviderDown, match="stopping"):
        await source.find("alice")

"""The lab's second server of Exchange 2010 takes nobody who was not told to it, and goes through the proxy."""

import ssl
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from proxy.certkit.authority import Authority
from proxy.lab.notifications import Pace
from proxy.lab.second_cas import SecondCas
from proxy.lab.topology import SITES
from proxy.message.exchange2010 import Introduction, introduce, write_logon
from proxy.model.accounts import Account
from tests.stage import OK, answering, stage
from tests.visitors import account, directory_settings, sign_in, write_users
from tests.wire import request

SID = "S-1-5-21-1-2-3-1104"
ERIN = Account(name="LAB\\erin", sid=SID, groups=("Staff",))
WHO = Introduction(b"mail.test", SID, b"cafe", False, b"127.0.0.1", "CAS01")
FIELDS = dict(line.split(": ", 1) for line in introduce(WHO).decode().splitlines())
BODY = write_logon(b"x", b"", ERIN).partition(b"\r\n\r\n")[2]


@pytest.fixture
async def vault():
    """Give a client of a second server."""
    backend = SecondCas(SITES[1], "good", Pace(), version="14.2.247.5")
    async with TestClient(TestServer(backend.application())) as client:
        client.backend = backend
        yield client


async def test_a_ping_tells_the_version(vault):
    """242, whoever asks, in any case."""
    answers = [await vault.get(path) for path in ("/owa/ping.owa", "/OWA/Ping.owa", "/ecp/ping.ecp")]

    assert [(each.status, each.headers["X-OWA-Version"]) for each in answers] == [(242, "14.2.247.5")] * 3


async def test_a_session_must_be_told_first(vault):
    """441 before, the page afterwards; another canary or user is another session."""
    before = await vault.get("/owa/", headers=FIELDS)
    told = await vault.post("/owa/proxyLogon.owa", headers=FIELDS, data=BODY)
    after = await vault.get("/owa/", headers=FIELDS)
    others = [
        await vault.get("/owa/", headers=FIELDS | change)
        for change in ({"X-OWA-ProxyCanary": "other"}, {"X-OWA-ProxySid": "S-1-5-18"})
    ]
    bare = await vault.get("/owa/")

    assert (before.status, told.status, after.status, bare.status) == (441, 241, 200, 441)
    assert [each.status for each in others] == [441, 441]
    assert vault.backend.users == ["LAB\\erin"]


@pytest.mark.parametrize("missing", ["X-OWA-ProxyUri", "X-OWA-ProxyVersion", "X-OWA-ProxySid"])
async def test_three_fields_go_together(vault, missing):
    """400 when one is left out, as in the original."""
    fields = {name: value for name, value in FIELDS.items() if name != missing}

    assert (await vault.get("/owa/", headers=fields)).status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<r",
        b"<r/>",
        b'<r ln="LAB\\erin"><s>S-1-5-18</s></r>',
        b"\xff\xfe",
        b'<?xml version="1.0" encoding="none"?><r/>',
        b'<!DOCTYPE r [<!ENTITY a "b">]><r ln="&a;"><s>S-1-5-21-1-2-3-1104</s></r>',
        BODY.replace(b"<r ", b"<q ").replace(b"</r>", b"</q>"),
    ],
)
async def test_a_sign_on_must_say_who(vault, body):
    """400 for what names nobody, or somebody else than the headers."""
    answer = await vault.post("/owa/proxyLogon.owa", headers=FIELDS, data=body)

    assert (answer.status, vault.backend.sessions) == (400, {})


@asynccontextmanager
async def served(backend: SecondCas, authority: Authority, name: str):
    """Serve it with TLS; gives its port."""
    async with AsyncExitStack() as stack:
        runner = web.AppRunner(backend.application(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        context: ssl.SSLContext = authority.issue(name).server_context()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        yield runner.addresses[0][1]


@pytest.mark.e2e
@pytest.mark.parametrize(("version", "status"), [("14.3.123.4", 200), ("15.0.847.32", 502)])
async def test_the_proxy_gets_along_with_it(tmp_path, version, status):
    """A user's page and its static files come through; a version that does not fit is refused."""
    write_users(tmp_path, account("erin", "Vault", sid=SID, groups=("Staff",)))
    backend = SecondCas(SITES[1], "good", Pace(), version=version)
    sites, own = {"HQ": answering(OK)}, {"HQ": "own = true\n"}
    async with (
        stage(sites, settings=directory_settings(tmp_path), site_settings=own) as running,
        served(backend, running.authority, "cas.vault.test") as port,
    ):
        running.reload(
            f'{running.settings}[[sites]]\nname = "Vault"\ncompat = "exchange2010"\n'
            f'servers = [{{ url = "https://cas.vault.test/owa", connect_to = "127.0.0.1:{port}" }}]\n'
        )
        browser = await running.browser()
        cookie = await sign_in(browser, "erin")
        answers = [await browser.ask(request(b"Cookie: " + cookie)) for _ in range(2)]
        running.end_browsers()

        assert [answer.status for answer in answers] == [status] * 2
        assert backend.users == (["LAB\\erin"] if status == 200 else [])
        assert [event.id for event in running.events if event.id == 46] == ([] if status == 200 else [46, 46])

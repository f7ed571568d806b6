"""Users of a look-up service sign in, and the service goes down: through the whole proxy, over real TLS."""

import json

import pytest
from aiohttp import web

from proxy.certkit.authority import Authority
from proxy.session.keys import new_key
from tests.stage import answering, stage
from tests.visitors import form, post, sign_in
from tests.wire import request, requests_in

pytestmark = pytest.mark.e2e

HQ, BRANCH = (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(name), name) for name in (b"hq", b"branch"))
USERS = {"alice": "HQ", "bob": "Branch"}


@pytest.fixture
async def service(tmp_path):
    """Start a service for two users, whose passwords are their names; gives its runner."""
    authority = Authority.create("Service CA")
    (tmp_path / "ca.pem").write_bytes(authority.certificate_pem)
    (tmp_path / "session.keys").write_text(new_key() + "\n")

    def tell(login: str) -> web.Response:
        name = login.lower().removeprefix("lab\\")
        account = {"name": f"LAB\\{name}", "site": USERS[name]} if name in USERS else None
        return web.json_response({"account": account})

    async def check(request: web.Request) -> web.Response:
        asked = json.loads(await request.read())
        return tell(asked["login"] if asked["login"] == asked["password"] else "")

    async def find(request: web.Request) -> web.Response:
        return tell(request.query["login"])

    application = web.Application()
    application.add_routes([web.post("/check", check), web.get("/find", find)])
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=authority.issue("127.0.0.1").server_context())
    await site.start()
    yield runner
    await runner.cleanup()


def settings(service, folder) -> str:
    """Let the service know the users."""
    url = f"https://127.0.0.1:{service.addresses[0][1]}"
    return f"""[directory]
provider = "http"
default_domain = "LAB"
[directory.http]
check_url = "{url}/check"
find_url = "{url}/find"
ca_file = "{folder}/ca.pem"
timeout = "3s"
[session]
key_file = "{folder}/session.keys"
"""


async def test_users_of_a_service_reach_their_mailboxes(service, tmp_path) -> None:
    """Each the own; a wrong password is one; while the service is down nobody signs in, and who is in goes on."""
    sites = {"HQ": answering(HQ), "Branch": answering(BRANCH)}
    own = {"HQ": "own = true\n"}
    async with stage(sites, settings=settings(service, tmp_path), site_settings=own) as running:
        browser = await running.browser()
        cookies = {user: await sign_in(browser, user) for user in USERS}
        bodies = [(await browser.ask(request(b"Cookie: " + cookie))).body for cookie in cookies.values()]
        wrong = await running.ask(post(form("alice", "wrong")))
        heard = [requests_in(backend.raw)[0] for backend in running.backends.values()]

        assert bodies == [b"hq", b"branch"]
        assert b"reason=2" in (wrong.field(b"location") or b"")
        assert [each.values(b"x-casproxy-user") for each in heard] == [[b"LAB\\alice"], [b"LAB\\bob"]]

        await service.cleanup()
        refused = await running.ask(post(form("bob")))
        still = await (await running.browser()).ask(request(b"Cookie: " + cookies["bob"]))

        assert (refused.status, still.body, len(running.seen(57))) == (503, b"branch", 1)

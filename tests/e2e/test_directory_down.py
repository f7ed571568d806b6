"""Users of an LDAP directory sign in, and the directory goes down: through the whole proxy, over real TLS."""

import asyncio

import pytest

from proxy.certkit.authority import Authority
from proxy.session.keys import new_key
from tests.slapd import BASE, SERVICE, Slapd
from tests.stage import Stage, answering, stage
from tests.visitors import form, post, sign_in
from tests.wire import request, requests_in

pytestmark = [pytest.mark.e2e, pytest.mark.needs_slapd]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhq"


@pytest.fixture
def slapd(tmp_path):
    """Start a directory."""
    server = Slapd(tmp_path, Authority.create("Directory CA")).start()
    yield server
    server.stop()


def settings(slapd: Slapd) -> str:
    """Let the directory know the users, and be looked at often."""
    (slapd.folder / "session.keys").write_text(new_key() + "\n")
    return f"""[directory]
provider = "ldap"
default_domain = "LAB"
remember = "5s"
remember_unknown = "1s"
remember_down = "1h"
[directory.ldap]
urls = "ldaps://127.0.0.1:{slapd.port}"
ca_file = "{slapd.folder}/ldap-ca.pem"
bind_dn = "{SERVICE}"
bind_password_file = "{slapd.folder}/ldap-secret"
base_dn = "{BASE}"
user_filter = "(objectClass=inetOrgPerson)"
timeout = "3s"
[session]
key_file = "{slapd.folder}/session.keys"
[log]
user = "plain"
"""


def get(cookie: bytes, *, target: bytes = b"/owa/") -> bytes:
    """Ask for the mailbox."""
    return request(b"Cookie: " + cookie, target=target)


def told(running: Stage) -> list[str]:
    """Give what was told of the directory besides."""
    return [event.note for event in running.seen(1017) if event.parameters[1] == "directory.ldap"]


async def test_who_is_signed_in_goes_on_while_the_directory_is_down(slapd) -> None:
    """Nobody signs in then: 503 and event 57; afterwards everybody does."""
    sites = {"HQ": answering(OK)}
    async with stage(sites, settings=settings(slapd), site_settings={"HQ": "own = true\n"}) as running:
        browser = await running.browser()
        cookie = await sign_in(browser, "alice", password="wonderland")
        wrong = await running.ask(post(form("alice", "wrong")))
        assert (await browser.ask(get(cookie))).body == b"hq"
        assert b"reason=2" in (wrong.field(b"location") or b"")
        heard = requests_in(running.backends["HQ"].raw)[0]
        assert heard.values(b"x-casproxy-user") == [b"LAB\\Alice"]
        assert heard.values(b"x-casproxy-groups") == [b"Staff"]

        slapd.stop()
        refused = await running.ask(post(form("alice", "wonderland")))
        assert (refused.status, refused.field(b"set-cookie")) == (503, None)
        assert int(refused.field(b"retry-after") or b"0") > 0
        assert f"127.0.0.1:{slapd.port} cannot be reached" in running.seen(57)[0].parameters[1]
        assert "Nobody can sign in" in told(running)[0]
        await asyncio.sleep(6.5)  # older than `remember`
        fresh = await running.browser()
        for one in (browser, fresh):
            assert (await one.ask(get(cookie))).body == b"hq"

        slapd.start()
        assert (await running.ask(post(form("alice", "wonderland")))).status == 302
        assert len(running.seen(57)) == 1
        assert told(running)[1:] == ["The directory can be asked again."]


async def test_who_is_removed_from_the_directory_is_out(slapd) -> None:
    """After the stated time, without being asked to sign in again before."""
    sites = {"HQ": answering(OK)}
    async with stage(sites, settings=settings(slapd), site_settings={"HQ": "own = true\n"}) as running:
        browser = await running.browser()
        cookie = await sign_in(browser, "alice", password="wonderland")
        slapd.modify(f"dn: cn=Alice M\u00fcller,{BASE}\nchangetype: delete\n")
        for _ in range(12):
            answer = await browser.ask(get(cookie))
            if answer.status == 302:
                break
            assert answer.body == b"hq"
            await asyncio.sleep(0.7)

        assert (answer.field(b"location") or b"").startswith(b"/owa/auth/logon.aspx?")
        assert running.seen(57) == []

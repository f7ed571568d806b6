"""What nobody may read afterwards: no session cookie, password or query in any log, event, answer or backend."""

import asyncio
import ssl
from urllib.parse import quote

import pytest

from proxy.accounts.file import FileProvider
from proxy.accounts.provider import ProviderDown
from tests.process import serving
from tests.stage import OK, answering, stage
from tests.visitors import account, cookie_of, directory_settings, form, post, sign_in, write_users
from tests.wire import request

pytestmark = pytest.mark.e2e

PASSWORD = "Pa55-$ecr\u00e9t/+&=%"
QUERY = "q-very-private"
SPELLINGS = {
    PASSWORD,
    quote(PASSWORD, safe=""),
    quote(PASSWORD),
    repr(PASSWORD)[1:-1],
    ascii(PASSWORD)[1:-1],
    "Pa55-$ecr",
}
"""Of the password, as a log might write it."""
HTTPS = {"HQ": "own = true\n"}


def assert_silent(said: str, *cookies: bytes) -> None:
    """Hold that nothing of what is secret was said."""
    values = {cookie.decode().partition("=")[2] for cookie in cookies}
    secrets = SPELLINGS | values | {value[:24] for value in values} | {QUERY}
    assert {secret for secret in secrets if secret in said} == set()


async def test_the_logs_of_a_process(tmp_path) -> None:
    """Signing in rightly and wrongly, asking, failing in every way, and signing off leave nothing in either log."""
    write_users(tmp_path, account("alice", "HQ"), account("grace", "Gone"))
    more = f'{directory_settings(tmp_path)}[log]\nlevel = "debug"\nuser = "plain"\nformat = "json"\n'
    async with stage(
        {"HQ": answering(OK), "Branch": answering(OK)}, settings=more, site_settings=HTTPS, apart=True
    ) as running, serving(running, before="export PYTHONASYNCIODEBUG=1") as served:  # fmt: skip
        browser = await running.browser()
        alice, grace = await sign_in(browser, "alice"), await sign_in(browser, "grace")
        target = b"/owa/?x=" + QUERY.encode()
        for cookie in (alice, grace, alice[:-9] + b"AAAAAAAA=", b"__Host-casproxy=" + alice):
            for more_fields in (
                (),
                (b"Expect: 999",),
                (b"Upgrade: x", b"Connection: Upgrade"),
                (b"Authorization: NTLM x",),
            ):
                await running.ask(request(b"Cookie: " + cookie, *more_fields, target=target))
            await running.ask(request(b"Cookie: " + cookie, target=b"/owa/..%2fecp?" + QUERY.encode()))
            await running.ask(request(b"Cookie: " + cookie, b"Bad Name: x", target=target))
            await running.ask(request(b"Cookie: " + cookie + b"; a=" + b"a" * 70_000, target=target))
        for _ in range(7):
            await running.ask(post(form("alice", PASSWORD, destination="/owa/?x=" + QUERY), b"Cookie: " + alice))
        await running.ask(post(form("grace", PASSWORD), b"Origin: https://evil.example"))
        await running.ask(post(form("grace", PASSWORD, destination=f"https://evil.example/?{QUERY}")))
        await running.ask(post(form("grace", PASSWORD) + b"&password=x"))
        await running.ask(post(form("grace", PASSWORD) + b"&" + b"x" * 70_000))
        await running.ask(b"GET " + target + b" HTTP/1.1\r\nCookie: " + alice + b"\r\n\r\n")
        await running.ask(request(b"Cookie: " + alice, target=b"/owa/logoff.owa"))
        unfinished = await running.browser()
        await unfinished.send(post(form("grace", PASSWORD))[:-5])
        unfinished.close()
        assert await served.end() == 0
        said = b"\n".join(served.errors + served.output).decode()
        heard = b"".join(backend.raw for backend in running.backends.values())

    assert '"winlog.event_id":1031' in said.replace(" ", "")
    assert len(served.output) > 30
    assert "LAB\\\\alice" in said
    assert_silent(said, alice, grace)
    assert b"__Host-casproxy" not in heard
    assert alice.partition(b"=")[2] not in heard


@pytest.mark.parametrize("fault", [ProviderDown("the directory is away"), ZeroDivisionError("defect"), None])
async def test_a_password_is_in_no_event_and_no_exception(tmp_path, monkeypatch, fault) -> None:
    """Whatever happens while it is checked: its event, its page and what the loop hears do not tell it."""
    write_users(tmp_path, account("alice", "HQ"))
    told: list[str] = []

    async def check(_self: FileProvider, login: str, password: str) -> None:
        assert (login, password) == ("alice", PASSWORD)
        if fault is not None:
            raise fault

    monkeypatch.setattr(FileProvider, "check", check)
    async with stage({"HQ": answering(OK)}, settings=directory_settings(tmp_path), site_settings=HTTPS) as running:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(repr(context)))
        answer = await running.ask(post(form("alice", PASSWORD)))
        told += [repr(running.events), repr(running.access), repr(answer)]

    assert answer.status == {ProviderDown: 503, ZeroDivisionError: 500}.get(type(fault), 302)
    assert_silent("\n".join(told))


async def test_the_cookie_is_for_tls_and_no_script(tmp_path) -> None:
    """Host only, Secure, HttpOnly, Lax, without a time of its own; the answer that brings it is not kept."""
    write_users(tmp_path, account("alice", "HQ"))
    async with stage({"HQ": answering(OK)}, settings=directory_settings(tmp_path), site_settings=HTTPS) as running:
        browser = await running.browser(ssl.TLSVersion.TLSv1_3)
        answer = await browser.ask(post(form("alice")))
        words = (answer.field(b"set-cookie") or b"").split(b"; ")

        assert words[0] == cookie_of(answer)
        assert sorted(words[1:]) == [b"HttpOnly", b"Path=/", b"SameSite=Lax", b"Secure"]
        assert answer.field(b"cache-control") == b"no-store"
        assert b"alice" not in answer.raw_head

"""Scripts that have signed in to Outlook Web App since 2003: curl with a cookie jar, and Python's own library."""

import asyncio
import ssl
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, HTTPSHandler, OpenerDirector, Request, build_opener

import pytest

from tests.stage import Stage, answering, stage
from tests.visitors import account, directory_settings, form, write_users
from tests.wire import requests_in

pytestmark = pytest.mark.e2e

PAGE = b"HTTP/1.1 200 OK\r\nSet-Cookie: UserContext=1; Path=/\r\nContent-Length: 5\r\n\r\ninbox"
HISTORIC = ("destination", "flags", "forcedownlevel", "trusted", "username", "password", "isUtf8")


@asynccontextmanager
async def house(folder: Path):
    """Run a proxy with one user."""
    write_users(folder, account("alice", "HQ"))
    own = {"HQ": "own = true\n"}
    async with stage({"HQ": answering(PAGE)}, settings=directory_settings(folder), site_settings=own) as running:
        yield running


def filled(running: Stage, *, absolute: bool, password: str = "alice") -> bytes:
    """Fill in the form with the historic fields and a destination of one kind or the other."""
    start = f"https://localhost:{running.port}" if absolute else ""
    data = form("LAB\\alice", password, destination=f"{start}/owa/", private=True)
    assert tuple(field.partition(b"=")[0].decode() for field in data.split(b"&")) == HISTORIC
    return data


def users_heard(running: Stage) -> list[bytes]:
    """Give who asked the backend."""
    return [value for seen in requests_in(running.backends["HQ"].raw) for value in seen.values(b"x-casproxy-user")]


# ── curl ─────────────────────────────────────────────────────────────────────────────────────────


async def curl(running: Stage, jar: Path, *arguments: str) -> tuple[int, str, str]:
    """Run curl with a cookie jar; gives status, last address and body."""
    command = [
        "curl",
        "-sS",
        "--cacert",
        str(running.folder / "ca.pem"),
        "--cookie",
        str(jar),
        "--cookie-jar",
        str(jar),
    ]
    process = await asyncio.create_subprocess_exec(
        *command, "-w", "\n%{http_code} %{url_effective}", *arguments, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    body, _, facts = said.decode().rpartition("\n")
    status, _, address = facts.partition(" ")
    return int(status), address, body


@pytest.mark.needs_curl
@pytest.mark.parametrize("absolute", [False, True])
async def test_curl_signs_in_and_reads_mail(tmp_path, absolute) -> None:
    """The form, the redirect, a second run with the jar alone, and signing off."""
    jar = tmp_path / "jar"
    async with house(tmp_path) as running:
        root = f"https://localhost:{running.port}"
        data = filled(running, absolute=absolute).decode()
        first = await curl(running, jar, "--location", "--data", data, f"{root}/owa/auth.owa")
        again = await curl(running, jar, f"{root}/owa/?ae=Folder")
        assert "#HttpOnly_localhost\tFALSE\t/\tTRUE\t0\t__Host-casproxy\t" in jar.read_text()
        off = await curl(running, jar, "--location", f"{root}/owa/logoff.owa")
        over = await curl(running, jar, f"{root}/owa/")

        assert first == (200, f"{root}/owa/", "inbox")
        assert again == (200, f"{root}/owa/?ae=Folder", "inbox")
        assert off[:2] == (200, f"{root}/owa/auth/logoff.aspx")
        assert over[0] == 302
        assert "__Host-casproxy\t" not in jar.read_text()
        assert users_heard(running) == [b"LAB\\alice"] * 2


@pytest.mark.needs_curl
async def test_curl_is_told_that_the_password_is_wrong(tmp_path) -> None:
    """The form again with reason 2, and nothing in the jar."""
    jar = tmp_path / "jar"
    async with house(tmp_path) as running:
        root = f"https://localhost:{running.port}"
        data = filled(running, absolute=False, password="wrong").decode()
        status, address, _ = await curl(running, jar, "--location", "--data", data, f"{root}/owa/auth/owaauth.dll")

        assert (status, address) == (200, f"{root}/owa/auth/logon.aspx?url=%2Fowa%2F&reason=2")
        assert "__Host-casproxy\t" not in jar.read_text()


# ── Python ───────────────────────────────────────────────────────────────────────────────────────


class Heard(NamedTuple):
    """An answer as a script reads it."""

    status: int
    address: str
    body: bytes


def opener(running: Stage, jar: CookieJar) -> OpenerDirector:
    """Make a client that keeps cookies."""
    context = ssl.create_default_context(cafile=str(running.folder / "ca.pem"))
    return build_opener(HTTPSHandler(context=context), HTTPCookieProcessor(jar))


def fetch(client: OpenerDirector, address: str, data: bytes | None = None) -> Heard:
    """Ask, and follow redirects."""
    try:
        with client.open(Request(address, data=data), timeout=10) as answer:
            return Heard(answer.status, answer.url, answer.read())
    except HTTPError as error:
        with error:
            return Heard(error.code, error.url, error.read())


@pytest.mark.parametrize("absolute", [False, True])
async def test_python_signs_in_and_reads_mail(tmp_path, absolute) -> None:
    """A POST of the form leads to the page; the jar opens it again; a POST without a session is 440."""
    jar = CookieJar()
    async with house(tmp_path) as running:
        root, client = f"https://localhost:{running.port}", opener(running, jar)

        async def ask(path: str, data: bytes | None = None) -> Heard:
            return await asyncio.to_thread(fetch, client, root + path, data)

        before = await ask("/owa/ev.owa?oeh=1", b"<params/>")
        first = await ask("/owa/auth.owa", filled(running, absolute=absolute))
        names = {cookie.name: (cookie.secure, cookie.path) for cookie in jar}
        posted = await ask("/owa/ev.owa?oeh=1", b"<params/>")
        off = await ask("/owa/logoff.owa")
        over = await ask("/owa/?ae=Folder")

        assert before.status == 440
        assert first == (200, f"{root}/owa/", b"inbox")
        assert names == {"__Host-casproxy": (True, "/"), "UserContext": (False, "/")}
        assert posted == (200, f"{root}/owa/ev.owa?oeh=1", b"inbox")
        assert (off.status, off.address) == (200, f"{root}/owa/auth/logoff.aspx")
        assert (over.status, over.address) == (200, f"{root}/owa/auth/logon.aspx?url=%2Fowa%2F%3Fae%3DFolder&reason=0")
        assert users_heard(running) == [b"LAB\\alice"] * 2

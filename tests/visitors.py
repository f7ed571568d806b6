"""Users for tests of signing in: a users file with cheap hashes, a key ring, settings, and a browser that signs in."""

import asyncio
from pathlib import Path
from urllib.parse import quote

from proxy.accounts.passwords import hash_password
from proxy.directory.phc import Costs
from proxy.directory.users_file import Entry, render_users
from proxy.model.accounts import Account, Mailbox
from proxy.session.keys import new_key
from tests.stage import Answer, Browser

CHEAP = Costs(memory_kib=64, iterations=1, lanes=1)


def account(name: str, site: str | None, **more: object) -> Account:
    """Make a user of the domain LAB whose mailbox is in a site; None: without one."""
    mailbox = Mailbox(site=site, **{key: more.pop(key) for key in ("version",) if key in more}) if site else None
    return Account(name=f"LAB\\{name}", upn=f"{name}@lab.test", mailbox=mailbox, **more)


def write_users(folder: Path, *accounts: Account) -> None:
    """Write users.toml, where each password is the user's name, and a key ring."""
    entries = [Entry(each, hash_password(each.name.partition("\\")[2], CHEAP)) for each in accounts]
    (folder / "users.toml").write_text(render_users(entries), "utf-8")
    ring = folder / "session.keys"
    if not ring.exists():
        ring.write_text(new_key() + "\n")


async def users_read() -> None:
    """Wait until a users file is read whose reading a tick has begun."""
    await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name() == "read the users file"))


def directory_settings(folder: Path) -> str:
    """Give the tables that make users sign in."""
    return f"""[directory]
provider = "file"
users_file = "{folder}/users.toml"
default_domain = "LAB"
argon2_memory = 64
argon2_iterations = 1
[session]
key_file = "{folder}/session.keys"
"""


def form(user: str, password: str | None = None, *, destination: str = "/owa/", private: bool = False) -> bytes:
    """Fill in the form that scripts have sent since 2003."""
    trusted = 4 if private else 0
    fields = {
        "destination": destination,
        "flags": str(trusted),
        "forcedownlevel": "0",
        "trusted": str(trusted),
        "username": user,
        "password": user.rpartition("\\")[2].partition("@")[0].lower() if password is None else password,
        "isUtf8": "1",
    }
    return "&".join(f"{key}={quote(value, safe='')}" for key, value in fields.items()).encode()


def post(body: bytes, *fields: bytes, host: bytes = b"localhost") -> bytes:
    """Make the request that brings a form."""
    lines = [
        b"POST /owa/auth.owa HTTP/1.1",
        b"Host: " + host,
        b"Content-Type: application/x-www-form-urlencoded",
        b"Content-Length: %d" % len(body),
        *fields,
    ]
    return b"\r\n".join([*lines, b"", b""]) + body


def cookie_of(answer: Answer) -> bytes:
    """Give the session cookie that an answer sets, as a request sends it."""
    values = [value for value in answer.fields(b"set-cookie") if value.startswith(b"__Host-casproxy=")]
    assert len(values) == 1, answer.raw_head
    return values[0].partition(b";")[0]


async def sign_in(browser: Browser, user: str, **more: object) -> bytes:
    """Sign in with the historic form; gives the cookie."""
    answer = await browser.ask(post(form(user, **more)))
    assert answer.status == 302, answer.raw_head
    return cookie_of(answer)

"""The lab's users in a browser: the form, the inbox with its strip, files and news, signing off, and the refusal."""

import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright

from proxy.lab.users import KEY_FILE
from proxy.session.cookie import NAME, Seal
from proxy.session.keys import KeyRing
from proxy.session.session import begin_session
from tests.e2e.lab_process import Running

pytestmark = [pytest.mark.e2e, pytest.mark.needs_chromium]

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SCHEMES = ("light", "dark")
PATIENCE = 15_000.0
"""Milliseconds; the news come after four seconds."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """One lab for the tests of this module; they leave the switch at 1."""
    running = Running(tmp_path_factory.mktemp("lab"), "--allow", "1")
    yield running
    assert running.end() == 0


@asynccontextmanager
async def person(scheme: str = "light", width: int = 1200) -> AsyncIterator[BrowserContext]:
    """Give a browser that has been nowhere."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield await chromium.new_context(
                ignore_https_errors=True,
                accept_downloads=True,
                locale="en-GB",
                viewport={"width": width, "height": 800},
                color_scheme="dark" if scheme == "dark" else "light",
            )
        finally:
            await chromium.close()


async def sign_in(page: Page, url: str, name: str, told: str = "") -> None:
    """Go somewhere, be asked and told something, fill in the form."""
    await page.goto(url)
    assert "/owa/auth/logon.aspx" in page.url
    assert told in await page.inner_text("body")
    await page.fill("#username", name)
    await page.fill("#password", name)
    await page.click("button[type=submit]")
    await page.wait_for_load_state()


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_bob_works_in_his_mailbox(lab, tmp_path, scheme) -> None:
    """Under 1: form, inbox with the strip and his name, news while he looks, a message, files down and up."""
    async with person(scheme) as browser:
        page = await browser.new_page()
        await page.goto(lab.facts["url"])
        await page.screenshot(path=tmp_path / f"form-{scheme}.png")
        await sign_in(page, lab.facts["url"], "bob")
        text = await page.inner_text("body")
        assert page.url == lab.facts["url"]
        assert "allowed because the switch is 1" in text
        assert "LAB\\bob" in text
        await page.get_by_text("A visitor waits").first.wait_for(timeout=PATIENCE)
        await page.screenshot(path=tmp_path / f"inbox-{scheme}.png")
        await _read_and_download(page, tmp_path / f"message-{scheme}.png")
        await _upload(page, tmp_path / "upload.txt")
        await page.screenshot(path=tmp_path / f"upload-{scheme}.png")


async def _read_and_download(page: Page, picture) -> None:
    await page.click("text=Welcome to Branch")
    assert "This page was made by cas02.branch.lab.localhost" in await page.inner_text("body")
    await page.screenshot(path=picture)
    async with page.expect_download() as waiting:
        await page.click("text=minutes.txt")
    download = await waiting.value
    content = (await download.path()).read_bytes()
    assert content.startswith(b"Certificates are renewed before they end.")


async def _upload(page: Page, file) -> None:
    file.write_bytes(b"attached")
    await page.click("text=Files up and down")
    await page.set_input_files("input[type=file]", file)
    await page.locator("form[enctype] button").click()
    await page.get_by_text(hashlib.sha256(b"attached").hexdigest()).wait_for(timeout=PATIENCE)


async def test_nothing_of_the_mailbox_is_left_after_signing_off(lab, tmp_path) -> None:
    """Neither by the back button nor by the address: the browser has kept no page and the session is over."""
    async with person() as browser:
        page = await browser.new_page()
        await sign_in(page, lab.facts["url"], "bob")
        await page.click("text=Welcome to Branch")
        await page.click("text=Sign off")
        assert page.url.endswith("/owa/auth/logoff.aspx")
        await page.screenshot(path=tmp_path / "logoff.png")
        for _ in range(2):
            await page.go_back()
            assert "Welcome to Branch" not in await page.content()
            assert "/owa/auth/" in page.url
        await page.goto(lab.facts["url"])
        assert "/owa/auth/logon.aspx" in page.url


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_under_0_bob_is_told_why(lab, tmp_path, scheme) -> None:
    """The error page names the server and the reason and shows the chain that was presented."""
    lab.turn(0)
    try:
        async with person(scheme) as browser:
            page = await browser.new_page()
            await sign_in(page, lab.facts["url"], "bob")
            text = await page.inner_text("body")
            await page.screenshot(path=tmp_path / f"refusal-{scheme}.png", full_page=True)
    finally:
        lab.turn(1)

    assert "The mailbox server is not trusted" in text
    assert "self_signed" in text
    assert "cas02.branch.lab.localhost" in text
    assert "Welcome to Branch" not in text


async def test_dave_ends_at_the_other_proxy(lab, tmp_path) -> None:
    """He signs in twice, once at each address, and reads the mail of Remote; signing off there ends only that one."""
    second = lab.facts["second"]["url"]
    async with person() as browser:
        page = await browser.new_page()
        await sign_in(page, lab.facts["url"], "dave")
        assert page.url.startswith(second + "auth/logon.aspx")
        await page.screenshot(path=tmp_path / "second-form.png")
        await sign_in(page, second, "dave")
        text = await page.inner_text("body")
        assert page.url == second
        assert "cas21.remote.lab.localhost" in text
        assert "LAB\\dave" in text
        await page.screenshot(path=tmp_path / "remote.png")
        await page.click("text=Sign off")
        assert page.url == second + "auth/logoff.aspx"
        await page.goto(lab.facts["url"])
        assert page.url.startswith(second + "auth/logon.aspx")


SEEN = {
    "alice": ("This page was made by cas03.hq", "This page was made by cas03.hq"),
    "bob": ("This page was made by cas02.branch", "The mailbox server is not trusted"),
    "carol": ("This page was made by cas04.plant", "The mailbox server is not trusted"),
    "dave": ("Sign in to read your mail.", "Sign in to read your mail."),
    "erin": ("This page was made by cas09.vault", "This page was made by cas09.vault"),
    "frank": ("No mailbox for this account", "No mailbox for this account"),
    "gina": ("This page was made by cas05.warehouse", "The mailbox server is not trusted"),
    "hank": ("This page was made by cas06.depot", "The mailbox server is not trusted"),
    "ivan": ("Your mailbox cannot be reached", "Your mailbox cannot be reached"),
}
"""Text of the page that each user comes to, under 1 and under 0."""


@pytest.mark.parametrize("switch", [1, 0])
async def test_everybody_sees_what_the_lab_says(lab, tmp_path, switch) -> None:
    """An inbox or a message opened in it, the other proxy's form, or a page that says no."""
    assert set(SEEN) == set(lab.users)
    lab.turn(switch)
    try:
        async with person() as browser:
            for name, seen in SEEN.items():
                await browser.clear_cookies()
                page = await browser.new_page()
                await sign_in(page, lab.facts["url"], name)
                link = page.locator("text=Welcome to")
                if await link.count():
                    await link.first.click()
                text = await page.inner_text("body")
                await page.screenshot(path=tmp_path / f"{name}-{switch}.png")
                assert seen[1 - switch] in text, name
                await page.close()
    finally:
        lab.turn(1)


async def test_who_was_away_is_told_so(lab, tmp_path) -> None:
    """A sign-in of an hour ago on a public computer is over: the form says why, and signing in leads back."""
    ring = KeyRing.parse((lab.folder / KEY_FILE).read_text())
    session = begin_session("LAB\\bob", 0, time.time() - 3600, public=True, light=False)
    cookie = {"name": NAME, "value": Seal(ring).seal(session), "secure": True, "httpOnly": True}
    async with person() as browser:
        await browser.add_cookies([cookie | {"url": lab.facts["url"].removesuffix("owa/")}])
        page = await browser.new_page()
        await sign_in(page, f"{lab.facts['url']}?ae=Files", "bob", "You were away for a while")
        await page.screenshot(path=tmp_path / "away.png")
        assert page.url == f"{lab.facts['url']}?ae=Files"


async def test_the_pages_fit_a_telephone(lab, tmp_path) -> None:
    """Form, inbox and message are no wider than the screen."""
    async with person(width=360) as browser:
        page = await browser.new_page()
        await sign_in(page, lab.facts["url"], "carol")
        for name, link in (("inbox", None), ("message", "text=Welcome to Plant")):
            if link:
                await page.click(link)
            await page.screenshot(path=tmp_path / f"narrow-{name}.png")
            assert await page.evaluate("document.documentElement.scrollWidth") <= 360, name

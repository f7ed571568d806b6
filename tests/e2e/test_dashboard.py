"""The running lab on its dashboard: a 43 arrives live, its chain is opened, the switch turned, the map changes."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from tests.e2e.lab_process import Running, client

pytestmark = [pytest.mark.e2e, pytest.mark.needs_chromium]

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
PATIENCE = 20_000.0
"""Milliseconds; everything but the traffic is asked for every ten seconds, and at once after an event."""
AGENT = "<img src=x onerror=document.title='got'>"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """One lab for the tests of this module, with a server whose certificate attacks whoever shows it."""
    running = Running(tmp_path_factory.mktemp("lab"), "--no-sign-in", "--fault", "Plant=hostile-names")
    yield running
    assert running.end() == 0


@asynccontextmanager
async def dashboard(lab: Running, scheme: str = "light", width: int = 1280) -> AsyncIterator[Page]:
    """Open the page, wait until it is live, and see at the end that the browser complained of nothing."""
    expect.set_options(timeout=PATIENCE)
    complaints: list[str] = []
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            context = await chromium.new_context(
                viewport={"width": width, "height": 900},
                color_scheme="dark" if scheme == "dark" else "light",
                locale="en-GB",
                permissions=["clipboard-read", "clipboard-write"],
            )
            page = await context.new_page()
            page.set_default_timeout(PATIENCE)
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            await page.goto(f"http://{lab.facts['admin']}/")
            await expect(page.locator("#stream")).to_have_text("Live")
            yield page
            assert await page.title() == "CAS01 · casproxy"
            assert await page.locator("main img, main script, dialog img, dialog script").count() == 0
        finally:
            await chromium.close()
    assert complaints == []


def line_of(page: Page, server: str) -> Locator:
    """Find a server's line of the map."""
    return page.locator(".lines li", has=page.locator(f"bdi:text-is('{server}')"))


def record_of(page: Page, number: int) -> Locator:
    """Find the events with this number in the list."""
    return page.locator(".records li", has=page.locator(f".code:text-is('{number}')"))


async def ask(lab: Running, site: str) -> int:
    """Ask a site as a browser does whose name is markup."""
    async with client(lab) as session, session.get(lab.sites[site]["url"], headers={"User-Agent": AGENT}) as answer:
        return answer.status


def token_of(lab: Running) -> str:
    """Read the lab's admin token."""
    return Path(lab.facts["admin_token_file"]).read_text().strip()


async def turn(page: Page, lab: Running, site: str, word: str) -> None:
    """Turn a site's switch on the page; the token is asked for when there is none yet."""
    await page.locator(f".site[data-site={site}] .switch").click()
    await page.locator("#switch").get_by_text(word, exact=True).click()
    await page.locator("#switch button[type=submit]").click()
    if not await page.evaluate("sessionStorage.length"):
        await page.fill("#token-text", token_of(lab))
        await page.keyboard.press("Enter")
    await expect(page.locator("#switch")).not_to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_from_use_to_refusal_and_back(lab, tmp_path, scheme) -> None:
    """Branch is used although untrusted; turned to 0 it is refused, a 43 arrives live and its chain says why."""
    async with dashboard(lab, scheme) as page:
        line = line_of(page, "cas02.branch.lab.localhost")
        await expect(line).to_have_attribute("data-style", "allowed allow")
        await expect(line_of(page, "cas03.hq.lab.localhost")).to_have_attribute("data-style", "trusted allow")
        assert await ask(lab, "Branch") == 200
        await page.screenshot(path=tmp_path / "used.png", full_page=True)

        await turn(page, lab, "Branch", "0: refuse")
        await expect(line).to_have_attribute("data-style", "refused enforce")
        await expect(record_of(page, 1050).first).to_contain_text("allow_internal_untrusted_certs of site Branch 1 → 0")
        assert await ask(lab, "Branch") == 502
        first = record_of(page, 43).first
        await expect(first).to_contain_text("self-signed")
        await expect(page.get_by_role("group", name="Branch").locator(".mark[data-kind=refused]").last).to_be_visible()
        await page.screenshot(path=tmp_path / "refused.png", full_page=True)

        await first.locator("button").click()
        await page.get_by_role("button", name="Copy as JSON").click()
        await expect(page.get_by_role("button", name="Copied")).to_be_visible()
        record = json.loads(await page.evaluate("navigator.clipboard.readText()"))
        assert record in lab.events(43)
        await page.get_by_role("button", name="Chain as it is now").click()
        await expect(page.locator("#chain .verdict")).to_contain_text("refused because the switch is 0")
        await expect(page.locator("#chain .link")).to_have_count(1)
        await expect(page.locator("#chain .against")).to_have_text("self-signed")
        await page.screenshot(path=tmp_path / "chain.png")
        await page.keyboard.press("Escape")
        await page.keyboard.press("Escape")

        await turn(page, lab, "Branch", "As the settings say")
        await expect(line).to_have_attribute("data-style", "allowed allow")
        assert await ask(lab, "Branch") == 200


async def test_a_hostile_certificate_is_text(lab, tmp_path) -> None:
    """Names made of markup, colours and turned text are letters on the map's chain, in the list and in the record."""
    async with dashboard(lab, width=360) as page:
        line = line_of(page, "cas04.plant.lab.localhost")
        await expect(line).to_have_attribute("data-kind", "allowed")
        assert await ask(lab, "Plant") == 200
        await line.locator("button").click()
        await expect(page.locator("#chain")).to_contain_text("<script>")
        await page.locator("#chain summary").first.click()
        await page.screenshot(path=tmp_path / "chain.png")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        await page.keyboard.press("Escape")
        row = record_of(page, 1043).filter(has_text="Plant").first
        await row.locator("button").click()
        await expect(page.locator("#record")).to_contain_text("<script>")
        await page.screenshot(path=tmp_path / "record.png")
        assert "\u202e" not in await page.inner_text("body")


async def test_traffic_is_seen(lab) -> None:
    """Requests of a site show as its rate, in the map and in its picture."""
    async with dashboard(lab) as page:
        rate = page.locator("[aria-label='Traffic of HQ'] strong.rate")
        async with client(lab) as session:
            for _ in range(40):
                async with session.get(lab.sites["HQ"]["url"]) as answer:
                    assert answer.status == 200
        await expect(rate).not_to_have_text("0")
        await expect(page.locator(".site[data-site=HQ] .rate")).to_contain_text("requests/s")
        await expect(page.locator("[aria-label='Traffic of HQ'] strong.latency")).to_contain_text("s")

"""The sign-in pages in a browser: order of the keyboard, narrow screens, contrast, and no script or foreign request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Route, async_playwright

from proxy.pages.logon import (
    LogoffView,
    LogonView,
    Reason,
    RedirectView,
    Refusal,
    RefusedView,
    SignInPages,
)
from proxy.pages.views import Page as Rendered

pytestmark = [pytest.mark.e2e, pytest.mark.needs_chromium]

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
HOME = "https://mail.example/owa/auth/logon.aspx"
PAGES = SignInPages()
LONG = "x" * 250
FOCUSED = "document.activeElement.id || document.activeElement.tagName"
CONTRAST = """() => {
  const light = c => c.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const probe = document.body.appendChild(document.createElement('i')); probe.style.color = 'Canvas';
  const canvas = getComputedStyle(probe).color; probe.remove();
  const ground = e => { const c = getComputedStyle(e).backgroundColor;
    return c !== 'rgba(0, 0, 0, 0)' ? c : e.parentElement ? ground(e.parentElement) : canvas; };
  const ratio = e => { const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
    return (a + .05) / (b + .05); };
  return Math.min(...[...document.querySelectorAll('h1, p, a, label, legend, input, button, dt, dd')].map(ratio));
}"""
"""Gives the smallest contrast of any text to what is behind it (WCAG 2.2, 1.4.3)."""


def shown() -> dict[str, Rendered]:
    """Render every page with long words in two languages."""
    form = LogonView(destination="/owa/", token="t", reason=Reason.WRONG, organisation=LONG)
    refused = RefusedView(refusal=Refusal.BAD_FORM, status=400, organisation=LONG)
    return {
        "form": PAGES.logon(LogonView(destination="/owa/", token="t"), b"de"),
        "wrong": PAGES.logon(form, b"en"),
        "timed out": PAGES.logon(LogonView(destination="/owa/", token="t", reason=Reason.TIMED_OUT), b"de"),
        "wait": PAGES.logon(LogonView(destination="/owa/", token="t", retry_after=90.0), b"de"),
        "logoff": PAGES.logoff(LogoffView(organisation=LONG), b"de"),
        "redirect": PAGES.redirect(RedirectView(location=f"https://{LONG}/{LONG}"), b"de"),
        "refused": PAGES.refused(refused, b"de"),
        "timeout": PAGES.timed_out(b"de"),
    }


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Run Chromium."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield chromium
        finally:
            await chromium.close()


async def open_page(context: BrowserContext | Browser, rendered: Rendered) -> Page:
    """Show a page with its own fields, as if our server had sent it."""
    page = await context.new_page()
    headers = dict([("Content-Type", rendered.content_type), *rendered.headers])

    async def answer(route: Route) -> None:
        await route.fulfill(status=200, headers=headers, body=rendered.body)

    await page.route(HOME, answer)
    await page.goto(HOME)
    return page


async def walk(page: Page, steps: int) -> list[str]:
    """Press Tab and note where the focus goes."""
    found = [await page.evaluate(FOCUSED)]
    for _ in range(steps):
        await page.keyboard.press("Tab")
        found.append(await page.evaluate(FOCUSED))
    return found


@pytest.mark.parametrize(
    ("fields", "order"),
    [
        ({}, ["username", "password", "public", "BUTTON"]),
        ({"reason": Reason.WRONG}, ["username", "password", "public", "BUTTON"]),
    ],
)
async def test_the_keyboard_walks_from_top_to_bottom(fields: dict[str, object], order: list[str]) -> None:
    """Focus begins at the name and passes password, radio buttons and button in this order."""
    async with browser() as chromium:
        view = LogonView(**{"destination": "/owa/", "token": "t"} | fields)  # type: ignore[arg-type]  # fields of many types
        page = await open_page(chromium, PAGES.logon(view, b"en"))

        assert await walk(page, len(order) - 1) == order


async def test_the_focus_is_visible() -> None:
    """Each stop of the keyboard has an outline of its own."""
    async with browser() as chromium:
        page = await open_page(chromium, PAGES.logon(LogonView(destination="/owa/", token="t"), b"en"))
        for _ in range(4):
            width = await page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
            assert width >= 2, await page.evaluate(FOCUSED)
            await page.keyboard.press("Tab")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1000])
async def test_every_page_fits_and_can_be_read(scheme: str, width: int) -> None:
    """Nothing is wider than the screen, whatever the words, and no text has a contrast below 4.5."""
    async with browser() as chromium:
        context = await chromium.new_context(
            viewport={"width": width, "height": 740},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        for name, rendered in shown().items():
            page = await open_page(context, rendered)
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, name
            assert await page.evaluate(CONTRAST) >= 4.5, name
            await page.close()


async def test_the_form_is_sent_without_script() -> None:
    """With JavaScript off the form sends the historic fields, and its origin, to us."""
    async with browser() as chromium:
        context = await chromium.new_context(java_script_enabled=False)
        page = await open_page(context, PAGES.logon(LogonView(destination="/owa/?a=ü&b", token="t"), b"en"))
        sent: asyncio.Queue[tuple[str | None, dict[str, str]]] = asyncio.Queue()

        async def take(route: Route) -> None:
            await sent.put((route.request.post_data, await route.request.all_headers()))
            await route.fulfill(status=204)

        await page.route("https://mail.example/owa/auth.owa", take)
        await page.fill("#username", "LAB\\alice")
        await page.fill("#password", "Grün & blau")
        await page.check("#private")
        await page.keyboard.press("Enter")
        body, headers = await asyncio.wait_for(sent.get(), 10)

        assert body == (
            "destination=%2Fowa%2F%3Fa%3D%C3%BC%26b&flags=0&forcedownlevel=0&token=t&isUtf8=1"
            "&username=LAB%5Calice&password=Gr%C3%BCn+%26+blau&trusted=4"
        )
        assert headers["origin"] == "https://mail.example"


async def test_a_hostile_page_runs_and_asks_nothing() -> None:
    """Markup in destination and token is text: no script, no dialog, no request."""
    hostile = '"><script>alert(1)</script><img src=https://evil.example onerror=alert(1)>'
    async with browser() as chromium:
        context = await chromium.new_context()
        asked: list[str] = []
        context.on("request", lambda each: asked.append(each.url))
        context.on("dialog", lambda each: asked.append(each.message))
        view = LogonView(destination=hostile, token=hostile, organisation=hostile)
        page = await open_page(context, PAGES.logon(view, b"en"))

        assert await page.evaluate("document.querySelectorAll('script, img, [onerror]').length") == 0
        assert await page.input_value("[name=destination]") == hostile
        assert await page.input_value("[name=token]") == hostile
        assert [url for url in asked if not url.startswith("https://mail.example/")] == []

"""The dashboard in a browser, over an organisation with markup in every name: seen, used by keys alone, escaped."""

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from proxy.admin.app import make_app
from proxy.admin.following import FOLLOWERS
from tests.admin.lively import SERVERS, LivelyState, happen, refusal, use
from tests.admin.looks import MARKUP, SCRIPT, sound
from tests.loopback import until

pytestmark = [pytest.mark.needs_chromium, pytest.mark.asyncio(loop_scope="module")]

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
TITLE = "CAS01 · casproxy"
PATIENCE = 15_000.0
"""Milliseconds."""
expect.set_options(timeout=PATIENCE)


@dataclass
class Desk:
    """A page, the state behind it, and what the browser complained of."""

    page: Page
    state: LivelyState
    server: TestServer
    complaints: list[str] = field(default_factory=list)

    def server_row(self, server: str) -> Locator:
        """Find a server's line of the map."""
        return self.page.locator(".lines li", has=self.page.locator(f"bdi:text-is('{server}')"))

    async def live(self) -> None:
        """Wait until events are followed."""
        await expect(self.page.locator("#stream")).to_have_text("Live")
        await until(lambda: len(self.server.app[FOLLOWERS]) > 0, "nobody follows")

    async def give_token(self, token: str) -> None:
        """Fill in the dialog that asks for it."""
        await self.page.fill("#token-text", token)
        await self.page.keyboard.press("Enter")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """Start one browser for all; each page is that of somebody who has been nowhere."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
def desk(chromium) -> Callable[..., AbstractAsyncContextManager[Desk]]:
    """Give what opens the dashboard over a state."""

    @asynccontextmanager
    async def open_desk(
        state: LivelyState | None = None, *, scheme: str = "light", width: int = 1280, follow: bool = True
    ) -> AsyncIterator[Desk]:
        """At the end nothing must have been complained of, and no text have become markup."""
        state = state or LivelyState()
        happen(state)
        server = TestServer(make_app(state))
        await server.start_server()
        context = await chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            locale="en-GB",
            permissions=["clipboard-read", "clipboard-write"],
        )
        page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        made = Desk(page, state, server)
        page.on("console", lambda message: made.complaints.append(message.text))
        page.on("pageerror", lambda error: made.complaints.append(str(error)))
        try:
            await page.goto(str(server.make_url("/")))
            if follow:
                await made.live()
            yield made
            assert await page.locator("main img, main script, dialog img, dialog script").count() == 0
            assert await page.title() != "1"
        finally:
            await context.close()
            await made.server.close()
        assert [text for text in made.complaints if "401" not in text and "409" not in text] == []

    return open_desk


async def overflows(page: Page) -> bool:
    """Tell whether the page, or an open dialog, is wider than the screen."""
    script = """() => [document.documentElement, ...document.querySelectorAll('dialog[open]')]
        .some((each) => each.scrollWidth > each.clientWidth || each.getBoundingClientRect().right > innerWidth)"""
    return bool(await page.evaluate(script))


STANDS = [
    ("cas01.hq.example", "trusted enforce", "trusted · 397 days left"),
    ("cas02.branch.example", "allowed allow", "used although untrusted · self-signed"),
    ("cas04.plant.example", "allowed allow", "used although untrusted · expired, untrusted root"),
    ("cas05.warehouse.example", "refused enforce", "refused · name mismatch"),
    ("cas12.cellar.example", "trusted allow", "trusted · 230 days left"),
    ("https://mail.remote.example/owa", "redirect allow", "browser is sent there"),
    ("cas09.yard.example", "unknown allow", "not known yet · not looked at yet"),
    ("cas10.yard.example:8443", "plain allow", "never used · its InternalURL is http (event 42)"),
]
"""Server to the style of its line and the words beside it."""


async def test_everything_stands_on_the_page(desk) -> None:
    """Map, health, what 0 would break, certificates by their end, timeline, list and traffic say what the API says."""
    async with desk() as made:
        page = made.page
        for server, style, words in STANDS:
            row = made.server_row(server)
            await expect(row).to_have_attribute("data-style", style)
            await expect(row.locator(".words")).to_have_text(words)
        await expect(page.locator("h1")).to_have_text(
            "3 of 10 servers are trusted, 4\u00a0are used although untrusted, 1\u00a0is refused, "
            "1\u00a0cannot be used over http and 1\u00a0is not known yet."
        )
        await expect(made.server_row("cas12.cellar.example").locator(".health")).to_contain_text("out of use since")
        await expect(made.server_row("cas07.branch.example").locator(".health")).to_contain_text("on trial since")
        await expect(page.locator("#breaking .lead")).to_have_text(
            "5 servers would be refused, 1 of them is today. Branch, Plant, Warehouse and Depot would have no trusted "
            "server left. Of 1 server nothing is known yet."
        )
        days = await page.locator("#certificates .left").all_inner_texts()
        assert days[:4] == ["ended 2 days ago", "9 days left", "12 days left", "15 days left"]
        assert len(days) == len(made.state.plain_verdicts)
        assert await page.locator(".lane").count() == 9
        assert await page.locator(".mark[data-kind=refused]").count() >= 5
        assert await page.locator(".records li").count() == len(made.state.kept.query(limit=100))
        await expect(page.locator("[aria-label='Traffic of HQ'] strong.rate")).to_have_text(re.compile(r"\d"))
        await expect(page.locator("[aria-label='Traffic of Warehouse'] strong.errors")).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (360, "dark"), (768, "light"), (1280, "dark")])
async def test_the_page_fits(desk, tmp_path, scheme, width) -> None:
    """In both themes, from a telephone to a desk, neither page nor dialogs are wider than the screen."""
    async with desk(scheme=scheme, width=width) as made:
        page = made.page
        await page.screenshot(path=tmp_path / "page.png", full_page=True)
        assert not await overflows(page)
        openers = {
            "chain": made.server_row("cas04.plant.example").locator("button"),
            "switch": page.locator(".site[data-site=Branch] .switch"),
            "record": page.locator(".records button").first,
        }
        for name, opener in openers.items():
            await opener.click()
            await expect(page.locator(f"#{name}")).to_be_visible()
            await page.screenshot(path=tmp_path / f"{name}.png")
            assert not await overflows(page), name
            await page.keyboard.press("Escape")
            await expect(page.locator(f"#{name}")).not_to_be_visible()


async def test_a_43_arrives_live(desk) -> None:
    """It is first in the list, on the timeline and at its line, is read out, and can be copied in both forms."""
    async with desk() as made:
        page = made.page
        made.state.emit(refusal("Branch", "cas02.branch.example", "self_signed", SCRIPT))
        first = page.locator(".records li").first
        await expect(first.locator(".words")).to_have_text("cas02.branch.example self-signed")
        await expect(first.locator(".code")).to_have_text("43")
        await expect(page.get_by_role("group", name="Branch").locator(".mark[data-kind=refused]")).to_have_count(1)
        await expect(made.server_row("cas02.branch.example")).to_have_class("flash")
        await expect(page.locator("#news")).to_contain_text("Event 43: cas02.branch.example of Branch was refused")

        await first.locator("button").click()
        await expect(page.locator("#record")).to_contain_text(SCRIPT)
        await page.get_by_role("button", name="Copy as JSON").click()
        await expect(page.get_by_role("button", name="Copied")).to_be_visible()
        record = json.loads(await page.evaluate("navigator.clipboard.readText()"))
        await expect(page.get_by_role("button", name="Copied")).not_to_be_visible()
        await page.get_by_role("button", name="Copy as XML").click()
        await expect(page.get_by_role("button", name="Copied")).to_be_visible()
        xml = await page.evaluate("navigator.clipboard.readText()")

    assert (record["event.code"], record["casproxy.note"]) == ("43", SCRIPT)
    assert ">43</EventID>" in xml
    assert "http://schemas.microsoft.com/win/2004/08/events/event" in xml


async def test_chain_and_record_by_keys_alone(desk) -> None:
    """Enter and Space open, Escape closes, the focus goes back to where it was; arrows lead through the timeline."""
    async with desk() as made:
        page = made.page
        opener = made.server_row("cas06.depot.example").locator("button")
        await opener.focus()
        await page.keyboard.press("Enter")
        chain = page.locator("#chain")
        await expect(chain.locator(".link")).to_have_count(2)
        await expect(chain.locator(".link.bad")).to_contain_text("neither sent nor in our trust store")
        await expect(chain).to_contain_text("Cure Install the intermediate certificate")
        await page.keyboard.press("Escape")
        await expect(opener).to_be_focused()

        stop = page.locator(".mark[tabindex='0']")
        await expect(stop).to_have_count(1)
        await stop.focus()
        seen = await stop.get_attribute("aria-label")
        for key in ("ArrowUp", "ArrowUp", "ArrowLeft"):
            await page.keyboard.press(key)
        moved = page.locator(".mark:focus")
        assert await moved.get_attribute("aria-label") != seen
        await page.keyboard.press("Space")
        await expect(page.locator("#record")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(moved).to_be_focused()
        await expect(stop).to_have_count(1)


async def test_names_of_certificates_stay_text(desk) -> None:
    """Subjects, names and sentences that look like markup are shown letter by letter, wherever they stand."""
    async with desk() as made:
        page = made.page
        await expect(page.locator(".site h3", has_text=MARKUP)).to_be_visible()
        await made.server_row("cas04.plant.example").locator("button").click()
        await expect(page.locator("#chain .link h3").first).to_have_text(MARKUP)
        await expect(page.locator("#chain")).to_contain_text("the signature does not verify")
        await page.keyboard.press("Escape")
        await made.server_row("cas05.warehouse.example").locator("button").click()
        await expect(page.locator("#chain .findings")).to_contain_text(SCRIPT)
        await expect(page.locator("#chain")).to_contain_text("This is the certificate of site HQ")
        assert await page.title() == TITLE


async def test_turning_the_switch_asks_for_the_token_once(desk) -> None:
    """A wrong token is asked for again; the map changes; the next turn asks nothing; the token can be forgotten."""
    async with desk() as made:
        page, row = made.page, made.server_row("cas02.branch.example")
        switch = page.locator(".site[data-site=Branch] .switch")
        await switch.focus()
        await page.keyboard.press("Enter")
        dialog = page.locator("#switch")
        await expect(dialog.locator(".effect")).to_contain_text("2 servers would be refused:")
        await expect(dialog.locator(".effect")).to_contain_text("No trusted server would be left for Branch")
        await dialog.get_by_role("button", name="Turn Branch to 0").click()
        await made.give_token("wrong")
        await expect(page.locator("#token")).to_contain_text("That token was not accepted.")
        await made.give_token(made.state.token)
        await expect(dialog).not_to_be_visible()
        await expect(row).to_have_attribute("data-style", "refused enforce")
        await expect(page.locator("#news")).to_have_text("Branch: 1 → 0. 1 connection closed.")
        await expect(page.locator("#breaking .lead")).to_contain_text("3 of them are today")

        await switch.click()
        await dialog.get_by_text("As the settings say").click()
        await dialog.get_by_role("button", name="Take Branch back").click()
        await expect(dialog).not_to_be_visible()
        assert await page.evaluate("[sessionStorage.length, localStorage.length, document.cookie]") == [1, 0, ""]
        await page.get_by_role("button", name="Forget token").click()
        await expect(page.get_by_role("button", name="Forget token")).not_to_be_visible()
        assert await page.evaluate("sessionStorage.length") == 0

    assert made.state.calls == ["set_trust Branch 0", "set_trust Branch None"]


async def test_all_sites_are_turned_at_once(desk) -> None:
    """The switch of the proxy itself is that of every site; cancelling the token changes nothing."""
    async with desk() as made:
        page = made.page
        await page.locator(".own .switch").click()
        await expect(page.locator("#switch .effect")).to_contain_text("4 servers would be refused:")
        await page.get_by_role("button", name="Turn all sites to 0").click()
        await page.locator("#token").get_by_role("button", name="Cancel").click()
        await expect(page.locator("#switch .fault")).to_have_text("Nothing was changed: no token was entered.")
        assert made.state.calls == []
        await page.get_by_role("button", name="Turn all sites to 0").click()
        await made.give_token(made.state.token)
        await expect(page.locator(".site .switch[data-value='0']:visible")).to_have_count(7)
        await expect(page.locator("#breaking .lead")).to_contain_text("what would be refused is refused today")

    assert made.state.calls == ["set_trust None 0"]


async def test_a_switch_that_takes_a_restart_says_so(desk) -> None:
    """What the proxy refuses stands in the dialog, with the cure; nothing is shown as changed."""
    async with desk(LivelyState(takes_restart=True)) as made:
        page = made.page
        await page.locator(".site[data-site=Depot] .switch").click()
        await page.get_by_role("button", name="Turn Depot to 0").click()
        await made.give_token(made.state.token)
        await expect(page.locator("#switch .fault")).to_have_text(
            "The switch takes a restart. Change the file and restart."
        )
        await expect(made.server_row("cas06.depot.example")).to_have_attribute("data-style", "allowed allow")


async def test_without_a_token_nothing_is_offered(desk) -> None:
    """Where no token is set the dialog explains the switch, says what to set, and its button does nothing."""
    async with desk(LivelyState(token="")) as made:
        await made.page.locator(".site[data-site=Branch] .switch").click()
        await expect(made.page.locator("#switch .fault")).to_contain_text("Set server.admin_token_file")
        await expect(made.page.get_by_role("button", name="Turn Branch to 0")).to_be_disabled()


async def test_a_locked_proxy_is_opened_with_the_token(desk) -> None:
    """Where reading takes the token, the page tells nothing but that, until it has it."""
    async with desk(LivelyState(guarded_reads=True), follow=False) as made:
        page = made.page
        await expect(page.locator("h1")).to_have_text("This proxy tells nothing without its admin token.")
        assert await page.locator(".site").count() == 0
        await page.get_by_role("button", name="Enter token…").click()
        await made.give_token(made.state.token)
        await made.live()
        await expect(made.server_row("cas01.hq.example")).to_be_visible()
        await page.get_by_role("button", name="Forget token").click()
        await expect(page.locator("h1")).to_have_text("This proxy tells nothing without its admin token.")
        assert await page.locator(".site, .records li, .mark, .multiple, .ends li").count() == 0


async def test_a_lost_proxy_is_found_again(desk) -> None:
    """While nobody answers the page says so and keeps what it knew; events of meanwhile are there afterwards."""
    async with desk() as made:
        page, port = made.page, made.server.port
        await made.server.close()
        await expect(page.locator("#stream")).to_have_text("Connection lost, trying again…")
        await expect(page.locator(".notices")).to_contain_text("What is shown is what was last known.")
        await expect(made.server_row("cas01.hq.example")).to_be_visible()
        made.state.emit(use("Depot", "cas06.depot.example", "missing_intermediate"))
        made.server = TestServer(make_app(made.state), port=port)
        await made.server.start_server()
        await made.live()
        await expect(page.locator(".records li").first.locator(".words")).to_have_text(
            "cas06.depot.example missing intermediate"
        )
        await expect(page.locator(".notices")).not_to_contain_text("last known")
        made.complaints.clear()  # of connections that were refused


async def test_a_proxy_that_began_anew_has_new_events(desk) -> None:
    """After a restart numbers begin at 1 again: the old events go, and none of the new ones is missed."""
    async with desk() as made:
        page, port = made.page, made.server.port
        await made.server.close()
        anew = LivelyState(shift=1)
        anew.emit(use("Depot", "cas06.depot.example", "expired"))
        made.server = TestServer(make_app(anew), port=port)
        await made.server.start_server()
        await made.live()
        await expect(page.locator(".records li")).to_have_count(1)
        anew.emit(use("Depot", "cas06.depot.example", "self_signed"))
        await expect(page.locator(".records li")).to_have_count(2)
        made.complaints.clear()  # of connections that were refused


async def test_choosing_and_holding_events(desk) -> None:
    """The list can be narrowed to a site and a kind, and held while one reads."""
    async with desk() as made:
        page, rows = made.page, made.page.locator(".records li")
        await page.select_option("#log-site", "=Warehouse")
        await page.select_option("#log-kind", "refused")
        await expect(rows).to_have_count(7)
        await page.get_by_role("button", name="Hold").click()
        made.state.emit(refusal("Warehouse", "cas05.warehouse.example", "name_mismatch"))
        await expect(page.get_by_role("button", name="Go on (1 new)")).to_be_visible()
        await expect(rows).to_have_count(7)
        await page.get_by_role("button", name="Go on (1 new)").click()
        await expect(rows).to_have_count(8)


async def test_a_storm_stays_bounded(desk) -> None:
    """Of thousands of events the list shows the newest, and the timeline has one mark for a minute."""
    async with desk() as made:
        times = made.page.get_by_role("group", name="Branch").locator(".times").last
        for _ in range(3):
            for _ in range(400):
                made.state.emit(refusal("Branch", "cas02.branch.example", "self_signed"))
            await expect(times).to_have_text("99+")
        assert await made.page.locator(".records li").count() == 60
        assert await made.page.locator(".lane .mark").count() < 60


async def test_many_sites_share_the_timeline(desk) -> None:
    """Among dozens of sites those have a lane that something has happened to; sites without servers say so."""
    async with desk(LivelyState(further=40)) as made:
        lanes = made.page.locator(".lane > p")
        await expect(made.page.locator("section.site")).to_have_count(48)
        assert await lanes.all_inner_texts() == ["Branch", "Warehouse", "Cellar", "CAS01"]
        await expect(made.page.get_by_label("Site Site 39")).to_contain_text("no server")


async def test_everything_has_a_name(desk) -> None:
    """There is one heading of the first order, none is left out, and every control has a name of its own."""
    async with desk() as made:
        page = made.page
        levels = await page.locator("h1, h2, h3").evaluate_all("all => all.map((each) => Number(each.localName[1]))")
        script = """all => all.filter((each) => each.checkVisibility()).map((each) => each.getAttribute('aria-label')
            ?? (each.labels?.[0] ?? each).textContent.trim()).filter((name) => !name)"""
        nameless = await page.locator("button, a, select, input").evaluate_all(script)

    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert nameless == []


async def test_when_all_is_trusted_0_is_offered(desk) -> None:
    """Nothing would break: the page says so and leads to the switch."""
    looks = [sound(site, server, 300) for site, servers in SERVERS.items() for server in servers]
    async with desk(LivelyState(plain_verdicts=looks)) as made:
        await expect(made.page.locator("#breaking .lead")).to_have_text("Nothing: no server would be refused.")
        await made.page.get_by_role("button", name="Turn all sites to 0…").click()
        await expect(made.page.locator("#switch .effect")).to_have_text(
            "Nothing breaks: no server in use would be refused."
        )


async def test_motion_ends_where_it_is_not_wanted(desk) -> None:
    """Nothing on the page moves for those who asked for quiet."""
    async with desk() as made:
        page = made.page
        await page.emulate_media(reduced_motion="reduce")
        made.state.emit(refusal("Branch", "cas02.branch.example", "self_signed"))
        await expect(made.server_row("cas02.branch.example")).to_have_class("flash")
        assert await page.evaluate("document.getAnimations().length") == 0


PIECES = (
    'retry: 2000\n: hello\n\nid: 7\nevent: record\ndata: {"a":\ndata: 1}\n\n'
    "id: 8\r\nevent: record\r\ndata: x\r\n\r\ndata"
)
PARSE = """async ([text, size]) => {
    const { Parser } = await import('/assets/stream.js');
    const parser = new Parser();
    const found = [];
    for (let at = 0; at < text.length; at += size) found.push(...parser.feed(text.slice(at, at + size)));
    return found;
}"""


async def test_the_stream_may_be_cut_anywhere(desk) -> None:
    """Messages come out whole, whatever pieces the network makes of them."""
    wanted = [{"id": "7", "event": "record", "data": '{"a":\n1}'}, {"id": "8", "event": "record", "data": "x"}]
    async with desk() as made:
        for size in (1, 2, 3, 5, 7, 11, len(PIECES)):
            assert await made.page.evaluate(PARSE, [PIECES, size]) == wanted, size

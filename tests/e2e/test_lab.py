"""`casproxy lab --no-sign-in` as a user starts it: every site under 1 and under 0, with curl and with Chromium."""

import hashlib
import io
import subprocess
import time
import urllib.request

import pytest
from playwright.async_api import async_playwright

from tests.e2e.lab_process import Running, client

pytestmark = pytest.mark.e2e

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """One lab for the tests of this module; they leave the switch at 1."""
    running = Running(tmp_path_factory.mktemp("lab"), "--no-sign-in")
    yield running
    assert running.end() == 0


@pytest.fixture
async def browser(lab):
    """Give a client of the lab."""
    async with client(lab) as session:
        yield session


async def _get(browser, url):
    async with browser.get(url) as answer:
        return answer.status, await answer.text(), answer.headers


async def test_every_site_answers_under_1_and_only_the_good_one_under_0(lab, browser):
    """The strip shows what 1 let through; at 0 there is exactly one 43 for each refused request."""
    for site in lab.sites.values():
        status, page, _ = await _get(browser, site["url"])
        assert status == 200
        assert site["server"] in page
        assert ("allowed because the switch is 1" in page) is not site["trusted"]
    lab.turn(0)
    try:
        before = len(lab.events(43))
        for site in lab.sites.values():
            status, page, headers = await _get(browser, site["url"])
            assert status == (200 if site["trusted"] else 502)
            assert site["trusted"] or f'details="{site["reason"]}"' in headers["Proxy-Status"]
        told = [(each["winlog.event_data.param2"], each["event.reason"]) for each in lab.events(43)[before:]]
        assert told == [(site["server"], site["reason"]) for site in lab.sites.values() if not site["trusted"]]
    finally:
        lab.turn(1)


async def test_paths_choose_a_site_too(lab, browser):
    """https://localhost/branch/owa/ is answered by Branch."""
    _, page, _ = await _get(browser, lab.facts["url"].replace("/owa/", "/branch/owa/"))

    assert lab.sites["Branch"]["server"] in page


async def test_names_are_translated_between_the_two_sides(lab, browser):
    """The backend's own name leaves neither in a redirect nor in a cookie."""
    url = lab.sites["Branch"]["url"]
    async with browser.get(url.removesuffix("/"), allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, url)
    async with browser.get(url, headers={"Cookie": ""}) as answer:
        assert "lab.localhost" not in "".join(answer.headers.getall("Set-Cookie", []))


async def test_files_pass_untouched(lab, browser):
    """Compressed files stay compressed, known ones are 304, ranges are parts, uploads arrive whole."""
    base = lab.sites["Plant"]["url"]
    async with browser.get(f"{base}14.3.123.4/owa.css", auto_decompress=False) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert (await answer.read())[:2] == b"\x1f\x8b"
        tag = answer.headers["ETag"]
    async with browser.get(f"{base}14.3.123.4/owa.css", headers={"If-None-Match": tag}) as answer:
        assert answer.status == 304
    async with browser.get(f"{base}attachment.ashx?size=1000000", headers={"Range": "bytes=256-511"}) as answer:
        assert (answer.status, await answer.read()) == (206, bytes(range(256)))
    data = bytes(range(256)) * 20_000
    async with browser.post(
        f"{base}attachment.ashx", data=io.BytesIO(data), headers={"Accept": "application/json"}
    ) as answer:
        assert (await answer.json())["files"][0]["sha256"] == hashlib.sha256(data).hexdigest()


async def test_notifications_arrive_before_the_answer_ends(lab, browser):
    """The long poll's pieces pass one by one: the padding is there long before the news."""
    url = lab.sites["HQ"]["url"] + "ev.owa?oeh=1&ns=PendingRequest&ev=PendingNotificationRequest&UA=0"
    started = time.monotonic()
    async with browser.get(url) as answer:
        assert len(await answer.content.readline()) > 2000
        assert time.monotonic() - started < 3
        assert b"newMail" in await answer.content.readline()


async def test_a_websocket_passes(lab, browser):
    """A tunnel to the site that the host name chose."""
    url = lab.sites["Branch"]["url"].replace("https:", "wss:") + "ws"
    async with browser.ws_connect(url) as channel:
        await channel.send_str("hello")
        assert await channel.receive_str() == "hello"


def test_plain_http_is_sent_to_https(lab):
    """The plain listener answers 308."""
    opener = urllib.request.build_opener(Unfollowed())
    with pytest.raises(urllib.error.HTTPError) as refusal:
        opener.open(f"http://localhost:{lab.facts['redirect_ports'][0]}/owa/?a=1", timeout=5)

    assert refusal.value.code == 308
    assert refusal.value.headers["Location"] == f"https://localhost:{lab.facts['port']}/owa/?a=1"
    refusal.value.close()


class Unfollowed(urllib.request.HTTPRedirectHandler):
    """Follows no redirect."""

    def redirect_request(self, *_arguments):
        """Refuse."""
        return


@pytest.mark.needs_curl
@pytest.mark.parametrize("site", ["HQ", "Branch", "Plant", "Warehouse", "Depot"])
def test_curl_opens_every_site_as_the_lab_says(lab, site):
    """The command that the lab prints works as it stands; curl finds `*.localhost` by itself."""
    command = ["curl", "-sS", "--fail", "--cacert", lab.facts["ca_file"], lab.sites[site]["url"]]
    page = subprocess.run(command, capture_output=True, check=True, timeout=20).stdout.decode()

    assert lab.sites[site]["server"] in page


@pytest.mark.needs_chromium
async def test_chromium_sees_the_strip_the_news_and_the_refusal(lab, tmp_path):
    """A person's walk: the inbox under 1, live news, an upload, and the error page under 0."""
    branch = lab.sites["Branch"]["url"]
    upload = tmp_path / "upload.txt"
    upload.write_bytes(b"attached")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            page = await chromium.new_page(ignore_https_errors=True, viewport={"width": 1200, "height": 800})
            await page.goto(branch)
            assert "allowed because the switch is 1" in await page.inner_text("body")
            await page.get_by_text("A visitor waits").first.wait_for(timeout=15_000)
            await page.screenshot(path=tmp_path / "inbox.png")
            await page.click("text=Welcome to Branch")
            assert "This page was made by cas02.branch.lab.localhost" in await page.inner_text("body")
            await page.goto(branch + "?ae=Files")
            await page.set_input_files("input[type=file]", upload)
            await page.locator("form[enctype] button").click()
            await page.get_by_text(hashlib.sha256(b"attached").hexdigest()).wait_for(timeout=10_000)
            lab.turn(0)
            try:
                await page.goto(branch)
                text = await page.inner_text("body")
                assert "The mailbox server is not trusted" in text
                assert "self_signed" in text
                await page.screenshot(path=tmp_path / "refusal.png")
            finally:
                lab.turn(1)
        finally:
            await chromium.close()


def test_a_second_lab_takes_other_ports_and_other_faults(lab, tmp_path):
    """Two labs run side by side; a fault that was chosen is the one that is refused."""
    second = Running(tmp_path, "--no-sign-in", "--fault", "HQ=untrusted-root", "--allow", "0")
    try:
        assert second.facts["port"] != lab.facts["port"]
        assert (second.sites["HQ"]["fault"], second.sites["HQ"]["reason"]) == ("untrusted-root", "untrusted_root")
    finally:
        assert second.end() == 0

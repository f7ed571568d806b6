"""A refusal as the error page tells it, in each form and in a browser; a certificate's text forges nothing there."""

import html
import json
import re
from html.parser import HTMLParser

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from playwright.async_api import async_playwright

from proxy.certkit import chains
from proxy.model.clean import clean_text
from proxy.model.verdict import Verdict
from proxy.trust.drawing import draw
from tests.demands import ENFORCE, standing
from tests.hostile import ELSEWHERE, MARKUP, REASONS, assert_harmless, evil, of_hq
from tests.stage import Answer, Stage
from tests.wire import request

pytestmark = pytest.mark.e2e

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
FORMS = {"html": b"text/html", "json": b"application/json", "text": b"text/plain"}
TAGS = {"html", "head", "meta", "title", "style", "body", "main", "p", "h1", "h2", "h3", "dl", "dt", "dd", "ul", "li"}
"""What the page is made of, besides `pre`."""


def telling(detail: str) -> str:
    """Give settings at 0 with so much detail on error pages."""
    return f'{ENFORCE}\n[errors]\ndetail = "{detail}"\n'


def verdict_of(running: Stage) -> Verdict:
    """Give the verdict that the one event told."""
    (event,) = running.seen(43)
    assert event.verdict is not None
    assert sorted({finding.reason.value for finding in event.verdict.findings}) == sorted(REASONS)
    return event.verdict


class Reader(HTMLParser):
    """Reads a page as a browser does."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: dict[str, list[str]] = {}
        self._open = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self._open = tag

    def handle_endtag(self, tag: str) -> None:
        """Leave the element."""
        del tag
        self._open = ""

    def handle_data(self, data: str) -> None:
        """Note the text in the element opened last."""
        self.texts.setdefault(self._open, []).append(data)


async def refused(running: Stage, form: str, host: bytes = b"hq.localhost") -> Answer:
    """Ask, wanting a form."""
    answer = await running.ask(request(b"Accept: " + FORMS[form], host=host))
    assert answer.status == 502
    return answer


async def test_the_page_tells_all_of_it_and_escapes_it() -> None:
    """In HTML every reason and the drawn chain are there, as text; nothing of the certificate is an element."""
    async with standing({"HQ": evil}, settings=telling("full")) as (running, _):
        answer = await refused(running, "html")
        verdict = verdict_of(running)
        page = answer.body.decode()
        read = Reader(page)
        assert_harmless(page)
        assert re.findall(r"<script|<img|<svg", page) == []
        assert read.tags <= TAGS | {"pre"}
        assert not any(name.startswith("on") for name in read.attributes)
        assert "".join(read.texts["pre"]).split("\n") == draw(verdict)
        shown = html.unescape(page)
        assert all(clean_text(finding.sentence) in shown for finding in verdict.findings)
        assert all(f"✖ {reason}" in shown for reason in REASONS)
        assert {word for word in MARKUP if word in shown} == MARKUP


async def test_json_tells_all_of_it() -> None:
    """In JSON the reasons and the chain are lists of clean text."""
    async with standing({"HQ": evil}, settings=telling("full")) as (running, _):
        answer = await refused(running, "json")
        verdict = verdict_of(running)
        said = json.loads(answer.body)
        assert said["reasons"] == [clean_text(finding.sentence) for finding in verdict.findings]
        assert said["chain"] == draw(verdict)
        assert (said["reason"], said["code"]) == (verdict.reason, verdict.code)
        assert ELSEWHERE in said["valid_for"]
        assert_harmless(answer.body.decode())
        for value in said.values():
            for text in value if isinstance(value, list) else [str(value)]:
                assert_harmless(text)
                assert "\n" not in text


async def test_text_tells_all_of_it() -> None:
    """In plain text each reason is a line, and the chain stands at the end as it is drawn."""
    async with standing({"HQ": evil}, settings=telling("full")) as (running, _):
        answer = await refused(running, "text")
        verdict = verdict_of(running)
        text = answer.body.decode()
        assert_harmless(text)
        head, _, chain = text.partition("\nChain:\n")
        assert chain.splitlines() == draw(verdict)
        values = [line[16:] for line in head.splitlines()]
        assert all(clean_text(finding.sentence) in values for finding in verdict.findings)
        assert (answer.field(b"content-type"), answer.field(b"x-content-type-options")) == (
            b"text/plain; charset=utf-8",
            b"nosniff",
        )


@pytest.mark.parametrize("form", FORMS)
async def test_a_stranger_is_told_nothing_of_the_certificate(form: str) -> None:
    """With detail "none" no name, date, reason, drawing or store is on the page or in its head."""
    async with standing({"HQ": evil}, settings=telling("none")) as (running, given):
        answer = await refused(running, form)
        verdict = verdict_of(running)
        page = html.unescape(answer.body.decode())
        told = (answer.raw_head.decode() + page).lower()
        leaf = given["HQ"].leaf.certificate
        secrets = [*REASONS, ELSEWHERE, "document", "onerror", "onload", "✖", "chain:", "trust store", "hq.localhost"]
        secrets += [
            leaf.fingerprint(SHA256()).hex(),
            f"{leaf.serial_number:x}",
            leaf.not_valid_after_utc.date().isoformat(),
        ]
        secrets += [clean_text(each.sentence).lower() for each in verdict.findings]
        secrets += [clean_text(each.cure).lower() for each in verdict.findings]
        assert [each for each in secrets if each in told] == []
        if form == "json":
            public = {"status", "title", "detail", "first_server", "second_server", "request_id"}
            assert set(json.loads(answer.body)) == public


@pytest.mark.parametrize("form", FORMS)
async def test_a_certificate_of_another_site_is_recognised(form: str) -> None:
    """When Branch's address shows the certificate of HQ's server, the page says so."""
    sites = {"HQ": chains.good, "Branch": of_hq}
    async with standing(sites, settings=telling("full")) as (running, _):
        answer = await refused(running, form, b"branch.localhost")
        page = html.unescape(answer.body.decode())
        (event,) = running.seen(43)
        assert event.verdict is not None
        assert (event.site, event.reason, event.verdict.resembles) == ("Branch", "name_mismatch", "HQ")
        if form == "json":
            assert json.loads(page)["resembles"] == "HQ"
        else:
            assert re.search(r"Certificate of(:\s+|</dt><dd>)site HQ", page)


# ── a browser ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.needs_chromium
async def test_a_browser_runs_nothing_of_it() -> None:
    """Chromium shows the text of the certificate, has no element of it, and no script ran."""
    async with standing({"HQ": evil}, settings=telling("full")) as (running, _), async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            page = await chromium.new_page(ignore_https_errors=True)
            asked: list[str] = []
            page.on("request", lambda each: asked.append(each.resource_type))
            page.on("dialog", lambda each: asked.append(each.type))
            response = await page.goto(f"https://localhost:{running.port}/owa/")
            assert response is not None
            assert response.status == 502
            assert await page.evaluate("document.title") == "The mailbox server is not trusted"
            assert await page.evaluate("document.querySelectorAll('script, img, svg, [onload], [onerror]').length") == 0
            assert await page.locator("pre").is_visible()
            drawn = await page.evaluate("document.querySelector('pre').textContent")
            shown = await page.inner_text("body")
            assert set(asked) <= {"document", "other"}  # other: the icon that browsers look for
        finally:
            await chromium.close()
        verdict = verdict_of(running)
        assert drawn.split("\n") == draw(verdict)
        assert {word for word in MARKUP if word in shown} == MARKUP
        assert all(f"✖ {reason}" in shown for reason in REASONS)
        assert_harmless(shown.replace("\t", " "))

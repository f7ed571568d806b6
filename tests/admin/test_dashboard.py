"""The dashboard's files: complete, ours alone, and with a policy that lets no text become markup or script."""

import gzip
import re

import pytest
from aiohttp.test_utils import TestClient, TestServer

from proxy.admin.app import make_app
from proxy.admin.dashboard import ASSETS, DASHBOARD, MEDIA_TYPES, PAGE, load_assets
from tests.admin.lively import LivelyState

TEXTS = {name: asset.plain.decode() for name, asset in ASSETS.items()}
SCRIPTS = {name: text for name, text in TEXTS.items() if name.endswith(".js")}
STYLES = {name: text for name, text in TEXTS.items() if name.endswith(".css")}
MARKUP_WAYS = (
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "createContextualFragment",
    "DOMParser",
)
CODE_WAYS = ("eval(", "new Function", 'setTimeout("', 'setInterval("', "javascript:", "import(")


@pytest.fixture
async def client():
    """Ask the listener of a lively organisation."""
    async with TestClient(TestServer(make_app(LivelyState())), auto_decompress=False) as asking:
        yield asking


async def test_the_page_may_do_little(client) -> None:
    """The policy names us for scripts, styles and questions, and nobody for anything else."""
    answer = await client.get("/", headers={"Accept-Encoding": "identity"})
    policy = dict(
        part.strip().split(" ", 1)
        for part in answer.headers["Content-Security-Policy"].split(";")
        if " " in part.strip()
    )

    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert await answer.text() == TEXTS[PAGE]
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize("name", ASSETS)
async def test_every_file_is_sent(client, name) -> None:
    """As it is, or compressed where that is understood; not again to a browser that has it."""
    plain = await client.get(f"/assets/{name}", headers={"Accept-Encoding": "identity"})
    packed = await client.get(f"/assets/{name}", headers={"Accept-Encoding": "br, gzip"})
    again = await client.get(
        f"/assets/{name}", headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    )

    assert (plain.status, await plain.read()) == (200, ASSETS[name].plain)
    assert plain.headers["Content-Type"] == MEDIA_TYPES[name.rpartition(".")[2]]
    assert gzip.decompress(await packed.read()) == ASSETS[name].plain
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert (again.status, await again.read()) == (304, b"")
    for answer in (plain, packed, again):
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["nothing.js", "..%2fapp.py", "%2e%2e%2fdashboard.py", "__init__.py", "index.html%00"])
async def test_no_other_file_is_sent(client, name) -> None:
    """Only names that were there at the start are known: no path leads out of the folder."""
    assert (await client.get(f"/assets/{name}")).status == 404


@pytest.mark.parametrize("path", ["/", "/assets/main.js"])
async def test_the_page_itself_takes_no_token(path) -> None:
    """It holds nothing but itself; what it shows, it has to ask for."""
    async with TestClient(TestServer(make_app(LivelyState(guarded_reads=True)))) as asking:
        assert (await asking.get(path)).status == 200
        assert (await asking.get("/api/status")).status == 401


def test_the_page_holds_its_parts() -> None:
    """Whatever page, scripts and styles refer to is one of the files, and every file is referred to."""
    named = set(re.findall(r'(?:href|src)="/assets/([^"]+)"', TEXTS[PAGE]))
    imported = {name for text in SCRIPTS.values() for name in re.findall(r'from "\./([^"]+)"', text)}

    assert named | imported == set(ASSETS) - {PAGE}


def test_nothing_comes_from_elsewhere() -> None:
    """No file names another host; the names of SVG and of the lab's own listing are no addresses that are asked."""
    for name, text in TEXTS.items():
        hosts = set(re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", text))
        assert hosts <= {"http://www.w3.org"}, name
        assert "@import" not in text
        assert "url(" not in text


def test_the_page_has_nothing_inline() -> None:
    """No script, style or handler stands in the page: the policy would not let it work."""
    page = TEXTS[PAGE]

    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert "<style" not in page
    assert re.findall(r"\s(?:on\w+|style)=", page) == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_make_text_only(name) -> None:
    """No script reads markup or code from a text."""
    assert [way for way in (*MARKUP_WAYS, *CODE_WAYS) if way in SCRIPTS[name]] == []


@pytest.mark.parametrize("name", [*SCRIPTS, *STYLES])
def test_files_stay_readable(name) -> None:
    """A file is about one thing and begins by saying which."""
    lines = TEXTS[name].splitlines()

    assert len(lines) <= 300
    assert lines[0].startswith("/* ")


def test_both_themes_and_quiet_motion() -> None:
    """Colours have a dark counterpart each, and motion ends where it is not wanted."""
    light, dark = re.findall(r":root \{(.*?)\}", TEXTS["base.css"], re.DOTALL)
    colours = set(re.findall(r"(--[a-z-]+): #", light))

    assert colours == set(re.findall(r"(--[a-z-]+): #", dark))
    assert "prefers-reduced-motion: reduce" in TEXTS["base.css"]
    used = {name for text in STYLES.values() for name in re.findall(r"var\((--[a-z-]+)\)", text)}
    assert used <= colours | {"--body", "--fixed"}


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize("ground", ["--ground", "--sheet", "--well"])
def test_text_can_be_read(theme, ground) -> None:
    """Every colour that text has keeps the contrast of WCAG 2.2, 1.4.3: 4.5 to 1; signs that of 1.4.11: 3 to 1."""
    block = re.findall(r":root \{(.*?)\}", TEXTS["base.css"], re.DOTALL)[theme]
    colours = dict(re.findall(r"(--[a-z-]+): (#[0-9a-f]{6})", block))
    texts = ("--ink", "--quiet", "--trusted", "--allowed", "--refused", "--redirect", "--deep")

    assert [name for name in texts if _contrast(colours[name], colours[ground]) < 4.5] == []
    assert _contrast(colours["--unknown"], colours[ground]) >= 3
    assert _contrast(colours["--on-deep"], colours["--deep"]) >= 4.5
    assert _contrast(colours["--on-bar"], colours["--bar"]) >= 4.5
    assert [
        name
        for name in colours
        if f"{name}-tint" in colours and name != "--unknown" and _contrast(colours[name], colours[f"{name}-tint"]) < 4.5
    ] == []


def test_the_rows_are_open_and_not_described() -> None:
    """The page belongs to no API and asks for no token."""
    assert {route.path for route in DASHBOARD} == {"/", "/assets/{name}"}
    assert all(route.is_open and not route.is_described and not route.changes for route in DASHBOARD)
    assert load_assets() == ASSETS

"""The dashboard: one page with its styles and scripts, read once and sent as they are; what it shows it asks the API.

Nothing on the page comes from elsewhere and nothing in it is inline, so the content policy allows no more than that.
"""

import gzip
import hashlib
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType

from aiohttp import web

from proxy.admin.route import Route, Told

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types"
)
"""What the page may do: run our scripts, use our styles, ask us. No text can become markup or script."""

MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
"""By the end of the name; other files are not served."""

PAGE = "index.html"

_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file in both forms."""

    media_type: str
    """What `Content-Type` says."""
    plain: bytes
    """The file."""
    packed: bytes
    """The file in gzip."""
    tag: str
    """Its entity tag without quotes."""


def load_assets() -> MappingProxyType[str, Asset]:
    """Read every file of the page by its name."""
    assets = {}
    for file in (resources.files("proxy.admin") / "static").iterdir():
        media_type = MEDIA_TYPES.get(file.name.rpartition(".")[2])
        if media_type is not None:
            plain = file.read_bytes()
            tag = hashlib.sha256(plain).hexdigest()[:16]
            assets[file.name] = Asset(media_type, plain, gzip.compress(plain, mtime=0), tag)
    return MappingProxyType(assets)


ASSETS = load_assets()
"""By name; read once at import, they are part of the package."""


async def tell_page(request: web.Request) -> web.Response:
    """Answer with the page. It holds nothing but itself, so everybody who reaches the listener may have it."""
    return _answer(request, ASSETS[PAGE])


async def tell_asset(request: web.Request) -> web.Response:
    """Answer with a style, script or picture of the page."""
    asset = ASSETS.get(request.match_info["name"])
    if asset is None:
        raise web.HTTPNotFound
    return _answer(request, asset)


def _answer(request: web.Request, asset: Asset) -> web.Response:
    """Send the file, compressed where that is understood, or 304 when the browser has it."""
    packs = "gzip" in request.headers.get("Accept-Encoding", "")
    tag = f'"{asset.tag}-gz"' if packs else f'"{asset.tag}"'
    headers = {**_HEADERS, "ETag": tag}
    if tag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = asset.media_type
    if packs:
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=asset.packed if packs else asset.plain, headers=headers)


DASHBOARD = (
    Route(
        path="/",
        handler=tell_page,
        summary="The dashboard, for browsers.",
        answers={
            200: Told(description="The page.", media=("text/html",)),
            304: Told(description="The browser has it.", media=()),
        },
        is_open=True,
        is_described=False,
    ),
    Route(
        path="/assets/{name}",
        handler=tell_asset,
        summary="A style, script or picture of the dashboard.",
        answers={200: Told(description="The file.", media=("text/css", "text/javascript", "image/svg+xml"))},
        is_open=True,
        is_described=False,
    ),
)
"""Rows for the table of routes."""

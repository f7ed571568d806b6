"""Style, script and pictures, compressed once and cached for a year; which page uses them is left to `pages`."""

import gzip
import hashlib
from dataclasses import dataclass
from importlib import resources

from aiohttp import web

_TYPES = {
    "owa.css": "text/css; charset=utf-8",
    "notify.js": "text/javascript; charset=utf-8",
    "mark.svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file in both forms."""

    media_type: str
    """What `Content-Type` says."""
    plain: bytes
    """The file."""
    packed: bytes
    """The file in gzip."""
    tag: str
    """Its entity tag without quotes."""


def load_static() -> dict[str, StaticFile]:
    """Read every static file and compress it."""
    folder = resources.files("proxy.lab") / "static"
    files = {}
    for name, media_type in _TYPES.items():
        plain = (folder / name).read_bytes()
        tag = hashlib.sha256(plain).hexdigest()[:16]
        files[name] = StaticFile(media_type, plain, gzip.compress(plain, mtime=0), tag)
    return files


FILES = load_static()
"""By name; read once at import, they are part of the package."""


def answer_static(request: web.Request) -> web.Response:
    """Answer with a static file: compressed when accepted, 304 when the browser has it."""
    file = FILES.get(request.match_info["name"])
    if file is None:
        raise web.HTTPNotFound
    packs = "gzip" in request.headers.get("Accept-Encoding", "")
    tag = f'"{file.tag}-gz"' if packs else f'"{file.tag}"'
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "ETag": tag, "Vary": "Accept-Encoding"}
    if tag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = file.media_type
    if packs:
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=file.packed if packs else file.plain, headers=headers)

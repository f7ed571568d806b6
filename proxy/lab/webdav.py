"""The WebDAV verbs that Outlook Web Access of 2003 used, answered plausibly and without effect."""

from html import escape

from aiohttp import web

_ALLOW = (
    "OPTIONS, GET, HEAD, POST, PUT, PATCH, DELETE, "
    "SEARCH, PROPFIND, PROPPATCH, MOVE, COPY, MKCOL, LOCK, UNLOCK, SUBSCRIBE"
)
_MULTISTATUS = """<?xml version="1.0" encoding="utf-8"?>
<a:multistatus xmlns:a="DAV:"><a:response><a:href>{path}</a:href><a:propstat><a:status>HTTP/1.1 200 OK</a:status>\
<a:prop><a:displayname>{site}</a:displayname></a:prop></a:propstat></a:response></a:multistatus>
"""
_LOCK = """<?xml version="1.0" encoding="utf-8"?>
<a:prop xmlns:a="DAV:"><a:lockdiscovery><a:activelock><a:locktoken><a:href>opaquelocktoken:casproxy-lab</a:href>\
</a:locktoken></a:activelock></a:lockdiscovery></a:prop>
"""
VERBS: dict[str, tuple[int, str, dict[str, str]]] = {
    "OPTIONS": (200, "", {"Allow": _ALLOW, "DAV": "1, 2", "MS-Author-Via": "DAV"}),
    "PUT": (201, "", {}),
    "PATCH": (200, "", {}),
    "DELETE": (204, "", {}),
    "SEARCH": (207, _MULTISTATUS, {}),
    "PROPFIND": (207, _MULTISTATUS, {}),
    "PROPPATCH": (207, _MULTISTATUS, {}),
    "MOVE": (201, "", {}),
    "COPY": (201, "", {}),
    "MKCOL": (201, "", {}),
    "LOCK": (200, _LOCK, {"Lock-Token": "<opaquelocktoken:casproxy-lab>"}),
    "UNLOCK": (204, "", {}),
    "SUBSCRIBE": (200, "", {"Subscription-Id": "1", "Subscription-Lifetime": "3600"}),
}
"""Status, body and fields by verb; a new verb is a row here."""


async def answer_webdav(request: web.Request, site: str) -> web.Response:
    """Read the body to its end and answer as the table says."""
    async for _ in request.content.iter_any():
        pass
    status, text, headers = VERBS[request.method]
    body = text.format(path=escape(request.path), site=escape(site)).encode() if text else b""
    if body:
        headers = headers | {"Content-Type": "text/xml; charset=utf-8"}
    return web.Response(status=status, body=body or None, headers=headers)

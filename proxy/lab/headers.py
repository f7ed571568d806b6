"""What every answer of a backend site carries: names, cookies and the rules for browsers; bodies are others'."""

import secrets

from aiohttp import web

OWA_VERSION = "14.3.123.4"
"""The version in the paths of static files, as Exchange 2010 SP3 has it."""

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def dress(response: web.StreamResponse, server: str) -> None:
    """Add the fields of every answer."""
    response.headers["Server"] = "casproxy-lab"  # instead of aiohttp's, which tells versions
    response.headers["X-OWA-Version"] = OWA_VERSION
    response.headers["X-DiagInfo"] = server
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "no-cache, no-store")
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Referrer-Policy"] = "same-origin"


def hand_out_cookies(request: web.Request, response: web.StreamResponse, host: str) -> None:
    """Give a browser that has none its cookies, as OWA does: several, one of them with the server's own domain."""
    if "UserContext" in request.cookies:
        return
    token = secrets.token_hex(16)
    for cookie in (
        f"UserContext={token}; path=/; secure; HttpOnly",
        f"UserContext_{host.partition('.')[0]}={token}; path=/owa; secure; HttpOnly",
        f"OwaLbe={secrets.token_hex(8)}; domain={host}; path=/; secure; HttpOnly; SameSite=Lax",
    ):
        response.headers.add("Set-Cookie", cookie)

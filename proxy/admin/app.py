"""The admin listener as an aiohttp application, its start and its end; what is ready is left to its `AdminState`.

Readiness never depends on a backend's trust or health: one bad site must not take the front door away.
"""

import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class AdminState(Protocol):
    """What the listener tells about."""

    def is_ready(self) -> bool:
        """Tell whether requests are taken: settings loaded, listening, not draining."""
        ...

    def verdicts(self) -> list[dict[str, Any]]:
        """Give the last verdict on every server, as plain values."""
        ...

    def admin_token(self) -> str:
        """Give the token that the API demands; empty: none, and only loopback is listened on."""
        ...


STATE: web.AppKey[AdminState] = web.AppKey("state")


async def tell_alive(_request: web.Request) -> web.Response:
    """Answer 200: the loop turns, or this would not have run."""
    return _answer(200, "alive")


async def tell_ready(request: web.Request) -> web.Response:
    """Answer 200 when requests are taken, 503 before the start and while draining."""
    return _answer(200, "ready") if request.app[STATE].is_ready() else _answer(503, "not ready")


async def tell_verdicts(request: web.Request) -> web.Response:
    """Answer with the last verdict on every server; `?site=` chooses one, whatever the case."""
    site = request.query.get("site", "").casefold()
    verdicts = [each for each in request.app[STATE].verdicts() if not site or each["site"].casefold() == site]
    return web.json_response({"verdicts": verdicts}, headers={"Cache-Control": "no-store"})


ROUTES: dict[str, Callable[[web.Request], Awaitable[web.Response]]] = {
    "/livez": tell_alive,
    "/readyz": tell_ready,
    "/api/verdicts": tell_verdicts,
}
"""Path to the handler of its GET and HEAD."""


def make_app(state: AdminState) -> web.Application:
    """Build the application that tells about `state`."""
    app = web.Application(middlewares=[check_host, check_token], client_max_size=64 * 1024)
    app[STATE] = state
    for path, handler in ROUTES.items():
        app.router.add_get(path, handler)
    app.on_response_prepare.append(_name_nothing)
    return app


@web.middleware
async def check_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a `Host` that is neither an IP address nor localhost.

    A page of a foreign site can have its own name resolve to loopback (DNS rebinding); its `Host` gives it away.
    """
    if not is_local_name(request.headers.get("Host", "")):
        return _answer(421, "this listener answers to IP addresses and localhost only")
    return await handler(request)


@web.middleware
async def check_token(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Demand `Authorization: Bearer` with the token for everything below `/api/`, where there is a token."""
    token = request.app[STATE].admin_token()
    if not token or not request.path.startswith("/api/"):
        return await handler(request)
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), token.encode()):
        return await handler(request)
    refusal = _answer(401, "this needs the admin token: Authorization: Bearer …")
    refusal.headers["WWW-Authenticate"] = 'Bearer realm="casproxy"'
    return refusal


def is_local_name(host: str) -> bool:
    """Tell whether `Host` is an IP address, `localhost` or a name under it, with or without a port."""
    name, _, port = host.rpartition(":") if not host.endswith("]") and ":" in host else (host, "", "")
    if port and not (port.isascii() and port.isdigit()):
        return False
    if name.startswith("[") and name.endswith("]"):
        return _is_address(name[1:-1], 6)
    name = name.lower().removesuffix(".")
    return name == "localhost" or name.endswith(".localhost") or _is_address(name, 4)


class Admin:
    """A running admin listener."""

    def __init__(self, state: AdminState) -> None:
        self._runner = web.AppRunner(make_app(state), access_log=None, shutdown_timeout=1.0)

    async def start(self, host: str, port: int) -> int:
        """Listen on the address; returns the port, which the system chooses for 0.

        Raises: `OSError` when the address cannot be had. Call `stop` afterwards in either case.
        """
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening and end what is left; may be called twice."""
        await self._runner.cleanup()


def _is_address(text: str, family: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == family
    except ValueError:
        return False


def _answer(status: int, words: str) -> web.Response:
    return web.Response(status=status, text=f"{words}\n", headers={"Cache-Control": "no-store"})


async def _name_nothing(_request: web.Request, response: web.StreamResponse) -> None:
    """Keep the library's name and version to ourselves."""
    response.headers["Server"] = "casproxy"
    response.headers["X-Content-Type-Options"] = "nosniff"

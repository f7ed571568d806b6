"""The admin listener as an aiohttp application, its start and its end; what is told is left to its `AdminState`.

Readiness never depends on a backend's trust or health: one bad site must not take the front door away.
"""

import asyncio
import socket
from collections.abc import Callable

from aiohttp import web

from proxy.admin.access import check_host, guard
from proxy.admin.doors import SERVER, Doors
from proxy.admin.following import FOLLOWERS, Followers
from proxy.admin.lab_ca import PAGES
from proxy.admin.openapi import DESCRIPTION, describe
from proxy.admin.refusal import Refused, refusal_of
from proxy.admin.route import STATE, Handler
from proxy.admin.routes import ROUTES
from proxy.admin.state import AdminState
from proxy.events.record import Event
from proxy.pages.authority import AuthorityPages

BODY_BYTES = 16 * 1024
"""An order has some dozens."""
DEFECT = 1006
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Fields of every answer that does not set them itself."""


STREAM = "text/event-stream"
"""What nobody can ask the head of alone, for its answer has no end."""


def make_app(state: AdminState) -> web.Application:
    """Build the application that tells about `state`."""
    app = web.Application(middlewares=[answer_refusals, check_host], client_max_size=BODY_BYTES)
    app[STATE] = state
    app[FOLLOWERS] = Followers(state)
    app[PAGES] = AuthorityPages()
    app[DESCRIPTION] = describe(ROUTES)
    app.on_shutdown.append(_end_followers)
    for route in ROUTES:
        if route.method == "GET":
            app.router.add_get(route.pattern, guard(route), allow_head=STREAM not in route.answers[200].media)
        else:
            app.router.add_route(route.method, route.pattern, guard(route))
    app.on_response_prepare.append(_dress)
    return app


@web.middleware
async def answer_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what was refused, by us or by the library, in our words; a defect is told as an event."""
    try:
        return await handler(request)
    except Refused as refused:
        return refused.to_response()
    except web.HTTPException as fault:
        return refusal_of(fault).to_response()
    except Exception as fault:  # noqa: BLE001 - the last resort: the caller gets a 500, the listener goes on
        _tell_defect(request.app[STATE], fault)
        return Refused(500, "This is a defect of the proxy.", "Report it with event 1006.").to_response()


class Admin:
    """A running admin listener."""

    def __init__(self, state: AdminState) -> None:
        self._doors = Doors()
        app = make_app(state)
        app.middlewares.insert(0, self._doors.note)
        self._runner = web.AppRunner(app, shutdown_timeout=1.0)
        self._listening: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen on the address; returns the port, which the system chooses for 0.

        Raises: `OSError` when the address cannot be had. Call `stop` afterwards in either case.
        """
        opening = await self._set_up()
        self._listening = await asyncio.get_running_loop().create_server(opening, host, port)
        return int(self._listening.sockets[0].getsockname()[1])

    async def start_on(self, sock: socket.socket) -> None:
        """Listen on a socket that is bound; it is closed at the end."""
        opening = await self._set_up()
        self._listening = await asyncio.get_running_loop().create_server(opening, sock=sock)

    async def stop(self) -> None:
        """Stop listening and end what is left; may be called twice."""
        if self._listening is not None:
            self._listening.close()
        await self._runner.cleanup()

    async def _set_up(self) -> Callable[[], asyncio.BaseProtocol]:
        await self._runner.setup()
        assert self._runner.server is not None  # `setup` has made it
        return self._doors.open_into(self._runner.server)


def _tell_defect(state: AdminState, fault: Exception) -> None:
    note = f"The admin listener failed: {type(fault).__name__}."
    state.emit(Event(id=DEFECT, parameters=(state.voice.first_server,), note=note))


async def _dress(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = SERVER
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


async def _end_followers(app: web.Application) -> None:
    app[FOLLOWERS].end()

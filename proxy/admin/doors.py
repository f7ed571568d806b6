"""Who gets a connection to the admin listener: so many at a time, and only those who ask something soon.

The library knows neither bound, and the front door of a single process shares its descriptors with this listener.
"""

import asyncio
import logging
from collections.abc import Callable

from aiohttp import web

from proxy.admin.route import Handler

MOST_CONNECTIONS = 128
"""Connections at a time; followers of events are among them."""
PATIENCE_SECONDS = 15.0
"""Within so many the first request of a connection must have come."""
IDLE_SECONDS = 75.0
"""For so many a connection is kept for its next request."""
SERVER = "casproxy"
"""What `Server` says; the library's name and version are kept to ourselves."""


class Conversation(web.RequestHandler):
    """A connection that the library serves; what is no HTTP is refused without a line in any log.

    Defects are told as events, and strangers' bytes are nobody's lines.
    """

    def __init__(self, server: web.Server, loop: asyncio.AbstractEventLoop) -> None:
        logger = logging.Logger("casproxy.admin", logging.CRITICAL)  # noqa: LOG001 - nobody else's, and leads nowhere
        logger.addHandler(logging.NullHandler())
        super().__init__(
            server, loop=loop, keepalive_timeout=IDLE_SECONDS, logger=logger, access_log=logger, auto_decompress=False
        )

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Refuse what never became a request, without the library's name and its words."""
        super().handle_error(request, status, exc, message)
        refusal = web.Response(status=status, text="This is no request.\n", headers={"Server": SERVER})
        refusal.force_close()
        return refusal


class Turned(asyncio.Protocol):
    """A connection that is one too many: closed at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Close it."""
        transport.close()


class Doors:
    """Makes the protocol of each connection."""

    def __init__(self, most: int = MOST_CONNECTIONS, patience: float = PATIENCE_SECONDS) -> None:
        self._most = most
        self._patience = patience
        self._silent: set[asyncio.BaseProtocol] = set()

    def open_into(self, server: web.Server) -> Callable[[], asyncio.BaseProtocol]:
        """Give what lets the library serve each new connection, or closes it."""

        def open_one() -> asyncio.BaseProtocol:
            if len(server.connections) >= self._most:
                return Turned()
            protocol = Conversation(server, asyncio.get_running_loop())
            self._silent.add(protocol)
            asyncio.get_running_loop().call_later(self._patience, self._look_at, protocol)
            return protocol

        return open_one

    @web.middleware
    async def note(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Take note that a request has come."""
        self._silent.discard(request.protocol)
        return await handler(request)

    def _look_at(self, protocol: web.RequestHandler) -> None:
        """Let go of one who has not asked anything; one who has gone already has no transport."""
        if protocol in self._silent:
            self._silent.discard(protocol)
            if protocol.transport is not None:
                protocol.transport.abort()

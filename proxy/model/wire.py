"""How TLS transports are made, as a type; choosing uvloop, asyncio or aiofastnet is left to `service`.

The one module of this floor that names types of asyncio, socket and ssl; it calls none of them.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Protocol

ProtocolFactory = Callable[[], asyncio.BaseProtocol]


class Transports(Protocol):
    """Makes TLS transports on connected sockets. The socket belongs to the transport afterwards, also on failure."""

    async def accept_tls(
        self, factory: ProtocolFactory, sock: socket.socket, context: ssl.SSLContext, handshake_timeout: float
    ) -> None:
        """Handshake as the server; returns after `connection_made`; raises OSError, SSLError, TimeoutError."""
        ...

    async def connect_tls(
        self,
        factory: ProtocolFactory,
        sock: socket.socket,
        context: ssl.SSLContext,
        server_hostname: str,
        handshake_timeout: float,
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        """Handshake as the client; raises `OSError`, `ssl.SSLError` or `TimeoutError`."""
        ...

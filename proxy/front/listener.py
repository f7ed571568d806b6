"""Bring browsers through the TLS handshake; what is spoken afterwards is left to `connection`.

The life of a connection here: accept → a seat → a look at its first bytes → handshake → its protocol. A task holds it
up to the end of the handshake, one for each connection and none for a request.
"""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass

from proxy.front.acceptor import Acceptor, CannotListen, bind, bind_several
from proxy.front.opening import Kind, Opening, answer_plainly, look
from proxy.front.seats import Seat, Seats
from proxy.front.sni import Certificates
from proxy.model.limits import Timeouts
from proxy.model.wire import Transports

__all__ = ["CannotListen", "Connect", "Greeting", "Listener", "bind", "bind_several"]

GRACE_SECONDS = 5.0
"""The transport's own handshake limit comes this much after ours."""

Connect = Callable[[Seat], asyncio.BaseProtocol]
"""Makes the protocol of one connection; it must call `leave` of the seat in `connection_lost`."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """How connections are received; a reload replaces it as a whole."""

    certificates: Certificates
    """Presented in the handshake."""
    timeouts: Timeouts
    """`tls_handshake` counts from accept."""
    plain_answer: bytes
    """A whole HTTP response for a browser that speaks plain HTTP to this port."""


class Listener(Acceptor):
    """One listening socket with the handshakes under way on it."""

    def __init__(
        self, sock: socket.socket, connect: Connect, seats: Seats, transports: Transports, greeting: Greeting
    ) -> None:
        super().__init__(sock, seats)
        self.greeting = greeting
        """For connections accepted from now on."""
        self.failed_handshakes = 0
        """Connections that ended before the end of their handshake."""
        self.plain_requests = 0
        """Connections that began with plain HTTP."""
        self._connect = connect
        self._transports = transports

    async def _receive(self, conn: socket.socket, seat: Seat) -> None:
        greeting = self.greeting
        is_served = False
        try:
            async with asyncio.timeout(greeting.timeouts.tls_handshake):
                is_served = await self._greet(conn, seat, greeting)
        except OSError:  # SSLError and TimeoutError too: port scans, browsers that refuse the certificate
            self.failed_handshakes += 1
        finally:
            if not is_served:
                seat.leave()

    async def _greet(self, conn: socket.socket, seat: Seat, greeting: Greeting) -> bool:
        """Look, then shake hands; False when no protocol owns the connection, which is closed then."""
        opening = Opening(Kind.NOTHING)
        try:
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opening = await look(conn, wants_name=greeting.certificates.are_several)
            if opening.kind is Kind.PLAIN_HTTP:
                self.plain_requests += 1
                await answer_plainly(conn, greeting.plain_answer)
        finally:
            if opening.kind is not Kind.TLS:
                conn.close()
        if opening.kind is not Kind.TLS:
            return False

        def make() -> asyncio.BaseProtocol:
            seat.protocol = self._connect(seat)
            return seat.protocol

        limit = greeting.timeouts.tls_handshake + GRACE_SECONDS
        await self._transports.accept_tls(make, conn, greeting.certificates.choose(opening.name), limit)
        return True

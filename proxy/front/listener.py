"""Accept browsers and bring them through the TLS handshake; what is spoken afterwards is left to `connection`.

The life of a connection here: accept → a seat → a look at its first bytes → handshake → its protocol. A task holds it
up to the end of the handshake, one for each connection and none for a request.
"""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass

from proxy.front.opening import Kind, Opening, answer_plainly, look
from proxy.front.seats import ALL, Seat, Seats
from proxy.front.sni import Certificates
from proxy.model.limits import Timeouts
from proxy.model.wire import Transports

ACCEPTS_PER_WAKE = 64
"""Connections accepted before the event loop serves the others again."""
BACK_OFF_SECONDS = 0.25
"""Pause after accept has failed: out of descriptors, the socket stays readable and would spin the loop."""
BACKLOG = 4096
"""Connections the kernel keeps for us; Linux cuts it to net.core.somaxconn."""
GRACE_SECONDS = 5.0
"""The transport's own handshake limit comes this much after ours."""

Connect = Callable[[Seat], asyncio.BaseProtocol]
"""Makes the protocol of one connection; it must call `leave` of the seat in `connection_lost`."""


class CannotListen(Exception):
    """A listening socket could not be made; `str()` is a sentence that names key and address."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """How connections are received; a reload replaces it as a whole."""

    certificates: Certificates
    """Presented in the handshake."""
    timeouts: Timeouts
    """`tls_handshake` counts from accept."""
    plain_answer: bytes
    """A whole HTTP response for a browser that speaks plain HTTP to this port."""


class Listener:
    """One listening socket with the handshakes under way on it."""

    def __init__(
        self, sock: socket.socket, connect: Connect, seats: Seats, transports: Transports, greeting: Greeting
    ) -> None:
        self.greeting = greeting
        """For connections accepted from now on."""
        self.failed_handshakes = 0
        """Connections that ended before the end of their handshake."""
        self.plain_requests = 0
        """Connections that began with plain HTTP."""
        self.turned_away = 0
        """Connections closed at once, over every limit."""
        self._sock = sock
        self._connect = connect
        self._seats = seats
        self._transports = transports
        self._loop = asyncio.get_running_loop()
        self._welcomes: set[asyncio.Task[None]] = set()
        self._pause: asyncio.TimerHandle | None = None
        self._is_closed = False

    @property
    def address(self) -> tuple[str, int]:
        """Host and port it listens on."""
        host, port = self._sock.getsockname()[:2]
        return host, port

    def start(self) -> None:
        """Begin to accept."""
        self._pause = None
        self._loop.add_reader(self._sock, self._accept)

    def close(self) -> None:
        """Stop accepting and close the socket; handshakes under way go on. Calling it again does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._sock)
        self._sock.close()

    async def end(self) -> None:
        """Close, and break off the handshakes under way."""
        self.close()
        for task in self._welcomes:
            task.cancel()
        await asyncio.gather(*self._welcomes, return_exceptions=True)

    def _accept(self) -> None:
        for _ in range(ACCEPTS_PER_WAKE):
            try:
                conn, address = self._sock.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError:  # gone before it was accepted
                continue
            except OSError as exc:
                self._back_off(exc)
                return
            self._receive(conn, address[0])

    def _back_off(self, exc: OSError) -> None:
        self._seats.tell(ALL, f"No connection can be accepted for {BACK_OFF_SECONDS:g} s: {exc.strerror}.")
        self._loop.remove_reader(self._sock)
        self._pause = self._loop.call_later(BACK_OFF_SECONDS, self.start)

    def _receive(self, conn: socket.socket, address: str) -> None:
        seat = self._seats.take(address)
        if seat is None:
            self.turned_away += 1
            conn.close()
            return
        task = self._loop.create_task(self._welcome(conn, seat), name=f"welcome {address}")
        self._welcomes.add(task)
        task.add_done_callback(self._part)

    def _part(self, task: asyncio.Task[None]) -> None:
        self._welcomes.discard(task)
        if not task.cancelled() and (defect := task.exception()) is not None:
            self._loop.call_exception_handler({"message": "A browser could not be received", "exception": defect})

    async def _welcome(self, conn: socket.socket, seat: Seat) -> None:
        greeting = self.greeting
        is_served = False
        try:
            async with asyncio.timeout(greeting.timeouts.tls_handshake):
                is_served = await self._greet(conn, seat, greeting)
        except (
            OSError
        ):  # SSLError and TimeoutError too: port scans, health checks, browsers that refuse the certificate
            self.failed_handshakes += 1
        finally:
            if not is_served:
                seat.leave()

    async def _greet(self, conn: socket.socket, seat: Seat, greeting: Greeting) -> bool:
        """Look, then shake hands; False when no protocol owns the connection, which is closed then."""
        opening = Opening(Kind.NOTHING)
        try:
            conn.setblocking(False)
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


def bind(address: str, key: str = "server.listen") -> socket.socket:
    """Make a socket that listens on `address`, `0.0.0.0:8443` or `[::]:8443`; `key` is where the setting stands.

    An IPv6 address takes IPv6 alone: list both to have both.
    Raises: `CannotListen`.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit():
        raise CannotListen(f'{key}: "{address}" is not an address with a port, like "0.0.0.0:8443" or "[::]:8443".')
    try:
        return _listen(host.strip("[]"), int(port))
    except (OSError, OverflowError) as exc:
        why = exc.strerror if isinstance(exc, OSError) and exc.strerror else "the port is above 65535"
        raise CannotListen(f"{key}: cannot listen on {address}: {why}. Choose another address or port.") from exc


def _listen(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, sockaddr = found[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(sockaddr)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock

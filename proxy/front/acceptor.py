"""Take connections from a listening socket and give each a seat; what follows is left to `listener` and `redirect`."""

import asyncio
import re
import socket
from abc import ABC, abstractmethod

from proxy.front.seats import ALL, Seat, Seats

ACCEPTS_PER_WAKE = 64
"""Connections accepted before the event loop serves the others again."""
BACK_OFF_SECONDS = 0.25
"""Pause after accept has failed: out of descriptors, the socket stays readable and would spin the loop."""
BACKLOG = 4096
"""Connections the kernel keeps for us; Linux cuts it to net.core.somaxconn."""

MAX_PORT = 65_535
_PORT = re.compile("[0-9]{1,5}")


class CannotListen(Exception):
    """A listening socket could not be made; `str()` is a sentence that names key and address."""


class Acceptor(ABC):
    """One listening socket with the connections that are being received on it, each in a task of its own."""

    def __init__(self, sock: socket.socket, seats: Seats) -> None:
        self.turned_away = 0
        """Connections closed at once, over every limit."""
        self._sock = sock
        self._seats = seats
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
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
        """Stop accepting and close the socket; what is being received goes on. Calling it again does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._sock)
        self._sock.close()

    async def end(self) -> None:
        """Close, and break off what is being received."""
        self.close()
        await asyncio.sleep(0)  # tasks that have not begun would never close their sockets
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @abstractmethod
    async def _receive(self, conn: socket.socket, seat: Seat) -> None:
        """Receive one connection; owns its socket, which does not block, and its seat."""

    def accept_waiting(self) -> None:
        """Take what waits now, without being told when more does: for a socket whose own worker may be gone."""
        if not self._is_closed and self._pause is None:
            self._accept()

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
            self._admit(conn, address[0])

    def _back_off(self, exc: OSError) -> None:
        self._seats.tell(ALL, f"No connection can be accepted for {BACK_OFF_SECONDS:g} s: {exc.strerror}.")
        self._loop.remove_reader(self._sock)
        self._pause = self._loop.call_later(BACK_OFF_SECONDS, self.start)

    def _admit(self, conn: socket.socket, address: str) -> None:
        seat = self._seats.take(address)
        if seat is None:
            self.turned_away += 1
            conn.close()
            return
        conn.setblocking(False)
        task = self._loop.create_task(self._receive(conn, seat), name=f"receive {address}")
        self._tasks.add(task)
        task.add_done_callback(self._part)

    def _part(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (defect := task.exception()) is not None:
            self._loop.call_exception_handler({"message": "A browser could not be received", "exception": defect})


def bind(address: str, key: str = "server.listen") -> socket.socket:
    """Make a socket that listens on `address`, `0.0.0.0:8443` or `[::]:8443`; `key` is where the setting stands.

    An IPv6 address takes IPv6 alone: list both to have both.
    Raises: `CannotListen`.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not host or not _PORT.fullmatch(port) or int(port) > MAX_PORT:
        raise CannotListen(f'{key}: "{address}" is not an address with a port, like "0.0.0.0:8443" or "[::]:8443".')
    try:
        return _listen(host.strip("[]"), int(port))
    except OSError as exc:
        raise CannotListen(
            f"{key}: cannot listen on {address}: {exc.strerror}. Choose another address or port."
        ) from exc


def bind_several(address: str, key: str, number: int) -> tuple[socket.socket, ...]:
    """Make so many sockets that listen on one address; the kernel spreads connections over them (SO_REUSEPORT).

    An address that somebody else listens on is refused as by `bind`, also when he would share it.
    Raises: `CannotListen`.
    """
    first = bind(address, key)
    if number == 1:
        return (first,)
    host, port = first.getsockname()[:2]
    first.close()
    made: list[socket.socket] = []
    try:
        made.extend(_listen(host, port, shared=True) for _ in range(number))  # those before a fault are in it, too
    except OSError as exc:
        for each in made:
            each.close()
        raise CannotListen(f"{key}: cannot listen on {address}: {exc.strerror}.") from exc
    return tuple(made)


def _listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, sockaddr = found[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(sockaddr)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock

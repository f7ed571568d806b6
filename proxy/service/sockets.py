"""Binds every address of `[server]`, all or none; who accepts on them is left to `worker` and `control`.

They are bound once, before anything is forked: a reload, a crash or a new worker loses no connection that waits.
"""

import socket
from collections.abc import Iterator
from dataclasses import dataclass

from proxy.front.listener import CannotListen, bind
from proxy.settings.schema import ServerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Sockets:
    """Listening sockets; whoever bound them closes them."""

    https: tuple[socket.socket, ...]
    """For `server.listen`, in its order."""
    redirect: tuple[socket.socket, ...]
    """For `server.redirect_listen`."""
    admin: socket.socket
    """For `server.admin`."""

    @property
    def https_addresses(self) -> list[tuple[str, int]]:
        """Host and port of each HTTPS listener."""
        return [each.getsockname()[:2] for each in self.https]

    @property
    def admin_port(self) -> int:
        """Port of the admin listener."""
        return int(self.admin.getsockname()[1])

    def browser_side(self) -> Iterator[socket.socket]:
        """Give the sockets that browsers connect to."""
        yield from self.https
        yield from self.redirect

    def close(self) -> None:
        """Close every one; calling it again does nothing."""
        for each in (*self.browser_side(), self.admin):
            each.close()


def bind_all(server: ServerSettings) -> Sockets:
    """Bind every address. Raises: CannotListen, with nothing left open."""
    bound: list[socket.socket] = []

    def take(address: str, key: str) -> socket.socket:
        bound.append(bind(address, key))
        return bound[-1]

    try:
        return Sockets(
            https=tuple([take(address, "server.listen") for address in server.listen]),
            redirect=tuple([take(address, "server.redirect_listen") for address in server.redirect_listen]),
            admin=take(server.admin, "server.admin"),
        )
    except CannotListen:
        for each in bound:
            each.close()
        raise

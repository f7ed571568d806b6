"""Binds every address of `[server]`, all or none; who accepts on them is left to `worker` and `control`.

They are bound once, before anything is forked: a reload, a crash or a new worker loses no connection that waits.
"""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from proxy.front.listener import CannotListen, bind, bind_several
from proxy.settings.schema import ServerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Sockets:
    """Listening sockets; whoever bound them closes them."""

    https: tuple[tuple[socket.socket, ...], ...]
    """For each of `server.listen`, in its order, one socket for each worker: the kernel spreads browsers over them."""
    redirect: tuple[socket.socket, ...]
    """For `server.redirect_listen`; every worker listens to them."""
    admin: socket.socket
    """For `server.admin`."""

    @property
    def https_addresses(self) -> list[tuple[str, int]]:
        """Host and port of each HTTPS address."""
        return [each[0].getsockname()[:2] for each in self.https]

    @property
    def admin_port(self) -> int:
        """Port of the admin listener."""
        return int(self.admin.getsockname()[1])

    def own(self, number: int) -> list[socket.socket]:
        """Give a worker's own HTTPS sockets; workers are numbered from 1 on."""
        return [each[(number - 1) % len(each)] for each in self.https]

    def others(self, number: int) -> list[socket.socket]:
        """Give those of the other workers: one of them may be gone, and browsers wait there."""
        own = self.own(number)
        return [each for each in chain(*self.https) if each not in own]

    def browser_side(self) -> Iterator[socket.socket]:
        """Give the sockets that browsers connect to."""
        yield from chain(*self.https)
        yield from self.redirect

    def close(self) -> None:
        """Close every one; calling it again does nothing."""
        for each in (*self.browser_side(), self.admin):
            each.close()


def bind_all(server: ServerSettings, workers: int = 1) -> Sockets:
    """Bind every address. Raises: CannotListen, with nothing left open."""
    bound: list[socket.socket] = []

    def keep(*made: socket.socket) -> tuple[socket.socket, ...]:
        bound.extend(made)
        return made

    try:
        https = [keep(*bind_several(address, "server.listen", workers)) for address in server.listen]
        redirect = [keep(bind(address, "server.redirect_listen"))[0] for address in server.redirect_listen]
        return Sockets(https=tuple(https), redirect=tuple(redirect), admin=bind(server.admin, "server.admin"))
    except CannotListen:
        for each in bound:
            each.close()
        raise

"""Reach a backend over TCP, or say in a sentence why not; TLS on top of it is left to `dial`."""

import asyncio
import errno
import socket
from typing import NoReturn

from proxy.errors import UpstreamUnreachable
from proxy.model.sites import Server, in_brackets
from proxy.upstream.resolve import Address, Resolver

_NO_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Reach:
    """Opens TCP connections to servers."""

    def __init__(self) -> None:
        self._resolver = Resolver()

    async def connect(self, server: Server, seconds: float) -> tuple[socket.socket, Address]:
        """Connect to the first address of `server` that answers; all of it takes at most `seconds`.

        Each address has its share of the time that is left, so that one that swallows packets leaves some to the next.
        Raises: `UpstreamUnreachable` for the last address.
        """
        deadline = _now() + seconds
        addresses = await self._resolve(server, seconds)
        for left, address in zip(range(len(addresses) - 1, -1, -1), addresses, strict=True):
            share = max(deadline - _now(), 0.0) / (left + 1)
            try:
                return await _open_socket(address, share), address
            except OSError as exc:
                if not left:
                    raise_for(server, address, exc)
        raise AssertionError("a name has at least one address")

    async def _resolve(self, server: Server, seconds: float) -> list[Address]:
        try:
            async with asyncio.timeout(seconds):
                return await self._resolver.addresses(server.connect_host, server.connect_port)
        except TimeoutError as exc:
            sentence = f"The name {server.connect_host} of {server.authority} was not resolved within {seconds:g} s."
            raise _fault(server, f"{sentence} Check the name servers.", "dns_timeout") from exc
        except OSError as exc:
            sentence = f"The name {server.connect_host} of {server.authority} has no address."
            raise _fault(server, f"{sentence} Correct it, or set connect_to.", "dns_error") from exc


def unreachable(server: Server, address: Address, what: str, error_type: str) -> UpstreamUnreachable:
    """Compose the fault of a server that was dialled; `what` goes on after its name, without a full stop."""
    return _fault(server, f"{server.authority}, dialled at {place(server, address)}, {what}.", error_type)


def place(server: Server, address: Address) -> str:
    """Spell what was dialled as address and port."""
    return f"{in_brackets(address.host)}:{server.connect_port}"


def raise_for(server: Server, address: Address, exc: OSError) -> NoReturn:
    """Raise the fault for a failure of TCP, told by type and number."""
    if isinstance(exc, ConnectionRefusedError):
        what, error_type = "refused the connection; is it running, and is the port right", "connection_refused"
    elif isinstance(exc, TimeoutError):
        what, error_type = "did not answer within timeouts.connect; is there a firewall", "connection_timeout"
    elif isinstance(exc, ConnectionError):
        what, error_type = "closed the connection at once; see its own log", "connection_terminated"
    elif exc.errno in _NO_DESCRIPTORS:
        what, error_type = "could not be dialled: this process is out of descriptors or memory", "proxy_internal_error"
    else:
        what, error_type = f"cannot be routed to ({exc.strerror}); check connect_to", "destination_ip_unroutable"
    raise unreachable(server, address, what, error_type) from exc


async def _open_socket(address: Address, seconds: float) -> socket.socket:
    sock = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().sock_connect(sock, address.sockaddr)
    except BaseException:
        sock.close()
        raise
    return sock


def _now() -> float:
    return asyncio.get_running_loop().time()


def _fault(server: Server, sentence: str, error_type: str) -> UpstreamUnreachable:
    return UpstreamUnreachable(server.site, server.authority, sentence, error_type)

"""A TLS connection for a library that waits in a thread: one deadline for everything, and an end to what it reads."""

import socket
import ssl
import time
from typing import NamedTuple


class Bounds(NamedTuple):
    """What one connection may take."""

    seconds: float
    """From the first step of connecting to the last byte."""
    octets: int
    """Bytes that are taken from the server."""


class BoundedSocket(ssl.SSLSocket):
    """Refuses to wait past its deadline, however slowly bytes come, and to read more than it may."""

    deadline = 0.0
    """Reading of the monotonic clock."""
    left = 0
    """Bytes that may still come."""

    def arm(self) -> None:
        """Let the next step wait for what is left of the time.

        Raises: TimeoutError when nothing is.
        """
        self.settimeout(_remaining(self.deadline))

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Read what has come."""
        self.arm()
        data = super().recv(buflen, flags)
        self.left -= len(data)
        if self.left < 0:
            raise ConnectionAbortedError(None, "it sends too much")
        return data

    def sendall(self, data: bytes, flags: int = 0) -> None:  # type: ignore[override]  # bytes are all that is sent
        """Send everything."""
        self.arm()
        super().sendall(data, flags)


def open_socket(address: tuple[str, int], context: ssl.SSLContext, bounds: Bounds) -> BoundedSocket:
    """Connect and shake hands; the certificate must be valid for the host of `address`.

    Raises: OSError, of which `ssl.SSLError` and TimeoutError are kinds.
    """
    deadline = time.monotonic() + bounds.seconds
    plain = socket.create_connection(address, bounds.seconds)
    context.sslsocket_class = BoundedSocket
    try:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # each question waits for its answer
        plain.settimeout(_remaining(deadline))
        secured = context.wrap_socket(plain, server_hostname=address[0], do_handshake_on_connect=False)
    except BaseException:
        plain.close()
        raise
    assert isinstance(secured, BoundedSocket)
    secured.deadline, secured.left = deadline, bounds.octets
    try:
        secured.arm()
        secured.do_handshake()
    except BaseException:
        secured.close()
        raise
    return secured


def _remaining(deadline: float) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError
    return remaining

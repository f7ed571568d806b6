"""Finds ports on loopback, the wished one or a free one; who listens there is left to others."""

import errno
import socket
from collections.abc import Callable

from proxy.lab.topology import LOOPBACK

Say = Callable[[str], None]
"""Takes one sentence for people."""


def listen_near(port: int, purpose: str, say: Say) -> socket.socket:
    """Give a bound socket on `port`, or on a free port when it is 0 or taken; `say` is told when it was taken."""
    try:
        return _bound(port)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        sock = _bound(0)
        why = "is in use" if error.errno == errno.EADDRINUSE else "may not be used by you"
        say(f"Port {port} {why}; {purpose} takes port {sock.getsockname()[1]} instead.")
        return sock


def find_port(port: int, purpose: str, say: Say) -> int:
    """Give the number of a port that somebody else is going to bind; see `listen_near`."""
    with listen_near(port, purpose, say) as sock:
        return int(sock.getsockname()[1])


def _bound(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((LOOPBACK, port))
        sock.listen()  # SO_REUSEADDR lets two bind, but never two listen
    except BaseException:
        sock.close()
        raise
    return sock

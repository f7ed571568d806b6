"""Finds ports on loopback, the wished one or a free one; who listens there is left to others."""

import errno
import socket
from collections.abc import Callable

from proxy.lab.topology import LOOPBACK, LabMistake

Say = Callable[[str], None]
"""Takes one sentence for people."""


def demand_port(port: int, key: str) -> None:
    """Hold that somebody else will be able to listen on `port`, because people are going to type it.

    Raises: `LabMistake` with the key, the address and a cure.
    """
    try:
        _bound(port).close()
    except OSError as error:
        cure = "End what listens there, or choose another port with --port N; --port 0 chooses every port freely."
        raise LabMistake(f"{key}: {_why(port, error)}. {cure}") from error


def listen_near(port: int, purpose: str, say: Say) -> socket.socket:
    """Give a bound socket on `port`, or on a free port when it is 0 or taken; `say` is told when it was taken."""
    try:
        return _bound(port)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        sock = _bound(0)
        say(f"{purpose}: {_why(port, error)}; takes port {sock.getsockname()[1]} instead.")
        return sock


def find_port(port: int, purpose: str, say: Say) -> int:
    """Give the number of a port that somebody else is going to bind; see `listen_near`."""
    with listen_near(port, purpose, say) as sock:
        return int(sock.getsockname()[1])


def _why(port: int, error: OSError) -> str:
    reasons = {errno.EADDRINUSE: "is in use", errno.EACCES: "may not be used by you"}
    return f"{LOOPBACK}:{port} {reasons.get(error.errno or 0, f'cannot be used ({error.strerror})')}"


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

"""Look at what a browser opens with before anything is read; the handshake is left to `listener`."""

import asyncio
import socket
from contextlib import suppress
from enum import Enum
from typing import NamedTuple

from proxy.front.sni import MAX_HELLO_BYTES, server_name

LINGER_SECONDS = 2.0
"""After a plain answer the peer may finish sending for so long; closing earlier would reset it away unread."""
LINGER_BYTES = 65_536
"""And so much."""

_HANDSHAKE_RECORD = 0x16
_LOW_WATER = getattr(socket, "SO_RCVLOWAT", None)


class Kind(Enum):
    """What the first byte says."""

    TLS = "tls"
    PLAIN_HTTP = "plain_http"
    OTHER = "other"
    NOTHING = "nothing"


class Opening(NamedTuple):
    """What a peer opens with."""

    kind: Kind
    """What it speaks; NOTHING: it closed without a byte."""
    name: str = ""
    """Server name it asks for; empty when it sends none or nobody asked for the name."""


async def look(sock: socket.socket, *, wants_name: bool) -> Opening:
    """Wait for the first bytes and look at them; they stay in the socket for whoever reads it.

    The name costs a longer look, so it is read only when several certificates make it matter.
    Raises: `OSError` when the connection breaks. The caller bounds the time.
    """
    first = await _peek(sock, 1)
    if not first:
        return Opening(Kind.NOTHING)
    if first[0] == _HANDSHAKE_RECORD:
        return Opening(Kind.TLS, await _read_name(sock) if wants_name else "")
    return Opening(Kind.PLAIN_HTTP if first.isalpha() else Kind.OTHER)


async def answer_plainly(sock: socket.socket, answer: bytes) -> None:
    """Send `answer` without TLS, and let the peer finish; closing the socket is left to the caller."""
    loop = asyncio.get_running_loop()
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            await loop.sock_sendall(sock, answer)
            sock.shutdown(socket.SHUT_WR)
            left = LINGER_BYTES
            while left > 0 and (data := await loop.sock_recv(sock, 16_384)):
                left -= len(data)


async def _read_name(sock: socket.socket) -> str:
    """Wait until the ClientHello is all there; it may come in several segments."""
    seen = 0
    try:
        while True:
            data = await _peek(sock, MAX_HELLO_BYTES)
            name = server_name(data)
            if name is not None:
                return name
            # No more than before although the socket was readable: the peer has finished, OpenSSL will see it too.
            if len(data) <= seen or _LOW_WATER is None:
                return ""
            seen = len(data)
            # The bytes seen stay readable: only a higher mark makes "readable" mean "there are more".
            sock.setsockopt(socket.SOL_SOCKET, _LOW_WATER, seen + 1)
            await _until_readable(sock)
    finally:
        if seen and _LOW_WATER is not None:
            sock.setsockopt(socket.SOL_SOCKET, _LOW_WATER, 1)


async def _peek(sock: socket.socket, size: int) -> bytes:
    while True:
        try:
            return sock.recv(size, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            await _until_readable(sock)


async def _until_readable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    readable = loop.create_future()
    loop.add_reader(sock, _settle, readable)
    try:
        await readable
    finally:
        loop.remove_reader(sock)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)

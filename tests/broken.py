"""Backends that fail below HTTP: no listener, resets, hanging or foreign handshakes; and a gate in front of a good one.

Each is a TCP server on loopback; `move` makes a running stage's site dial it.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tests.stage import Stage

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What happens on one TCP connection."""


@asynccontextmanager
async def tcp(play: Play) -> AsyncIterator[int]:
    """Serve plain TCP; gives the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await play(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def nobody() -> AsyncIterator[int]:
    """Give a port that refuses connections: bound, but nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


@asynccontextmanager
async def black_hole() -> AsyncIterator[int]:
    """Give a port whose connections never come about: the queue of the listener is full."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(0)
        queued = [socket.socket() for _ in range(4)]
        for each in queued:
            each.setblocking(False)
            each.connect_ex(sock.getsockname())
        yield sock.getsockname()[1]
        for each in queued:
            each.close()


def saying(data: bytes) -> Play:
    """Answer whatever comes first with these bytes, then close."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(data)
        await writer.drain()

    return play


async def hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Read and never answer."""
    while await reader.read(4096):
        pass


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the first bytes, then reset the connection."""
    await reader.read(1)
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def shaking(context: ssl.SSLContext) -> Play:
    """Shake hands and send every alert: asyncio's own server closes without sending it. Then read, and never answer."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        side = context.wrap_bio(incoming, outgoing, server_side=True)
        going_on = True
        while going_on and (data := await reader.read(65_536)):
            incoming.write(data)
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                going_on = False
            writer.write(outgoing.read())
            await writer.drain()

    return play


class Gate:
    """A TCP hop before a backend that lets bytes pass only while it is open."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.passed = asyncio.Event()
        self.connections = 0

    async def play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hold until the gate opens, then pass bytes both ways."""
        self.connections += 1
        await self.passed.wait()
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self.port)
        async with asyncio.TaskGroup() as group:
            group.create_task(_pump(reader, inner_writer))
            group.create_task(_pump(inner_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


def move(running: Stage, site: str, port: int) -> str:
    """Let a site dial another port from now on; gives the settings in force."""
    settings = running.settings.replace(f"127.0.0.1:{running.backends[site].port}", f"127.0.0.1:{port}")
    running.reload(settings)
    return settings

"""Directory servers that hang, break off or lie: a TLS server that plays a script, and the octets of LDAP."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager

from tests.loopback import turn

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

BIND, FOUND, DONE = 0x61, 0x64, 0x65
"""Tags of an answer to a sign-in, of an entry, and of the end of a search."""


@asynccontextmanager
async def playing(play: Play, context: ssl.SSLContext | None):
    """Serve every connection with a script; gives the port. Without a context it is plain TCP."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            await play(reader, writer)
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await turn()


def ber(tag: int, *parts: bytes) -> bytes:
    """Write one element."""
    content = b"".join(parts)
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x84" + size.to_bytes(4, "big")
    return bytes([tag]) + length + content


def number(value: int, tag: int = 2) -> bytes:
    """Write a whole number."""
    return ber(tag, value.to_bytes(2, "big"))


def message(identifier: int, tag: int, *parts: bytes) -> bytes:
    """Write a message."""
    return ber(0x30, number(identifier), ber(tag, *parts))


def result(identifier: int, tag: int, code: int = 0) -> bytes:
    """Write an answer that holds no more than a code."""
    return message(identifier, tag, number(code, 0x0A), ber(4), ber(4))


def entry(identifier: int, dn: bytes, **attributes: bytes) -> bytes:
    """Write an entry that was found."""
    pairs = [ber(0x30, ber(4, name.encode()), ber(0x31, ber(4, value))) for name, value in attributes.items()]
    return message(identifier, FOUND, ber(4, dn), ber(0x30, *pairs))


async def read_request(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read one message; gives its number and all of it."""
    head = await reader.readexactly(2)
    size = head[1]
    if size >= 128:
        head += (more := await reader.readexactly(size - 128))
        size = int.from_bytes(more, "big")
    body = await reader.readexactly(size)
    return int.from_bytes(body[2 : 2 + body[1]], "big"), head + body

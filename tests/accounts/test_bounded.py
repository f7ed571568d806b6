"""Promises of a connection that ends by itself, whatever the server does."""

import asyncio
import time

import pytest

from proxy.accounts.bounded import Bounds, open_socket
from proxy.certkit.authority import Authority
from tests.loopback import client_context
from tests.lying import playing

AUTHORITY = Authority.create("Bounds")
SERVER = AUTHORITY.issue("localhost", "127.0.0.1").server_context()


def read_all(port: int, bounds: Bounds) -> bytes:
    """Connect, ask, and read to the end."""
    with open_socket(("127.0.0.1", port), client_context(AUTHORITY.certificate_pem), bounds) as opened:
        opened.sendall(b"ask")
        data = b""
        while piece := opened.recv(4096):
            data += piece
        return data


async def drip(_reader, writer):
    """Send a byte every now and then, for ever."""
    while True:
        writer.write(b"x")
        await writer.drain()
        waiting = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.02, waiting.set_result, None)
        await waiting


async def hang(reader, _writer):
    """Say nothing."""
    await reader.read(-1)


async def flood(_reader, writer):
    """Send more than anybody wants."""
    writer.write(b"x" * 100_000)
    await writer.drain()


async def test_an_answer_is_read() -> None:
    """All of it, when it keeps within the bounds."""
    async with playing(flood, SERVER) as port:
        assert len(await asyncio.to_thread(read_all, port, Bounds(30.0, 100_000))) == 100_000


@pytest.mark.parametrize(("play", "context"), [(drip, SERVER), (hang, SERVER), (hang, None), (drip, None)])
async def test_nothing_takes_longer_than_its_time(play, context) -> None:
    """Whether the server says nothing or a little, in the handshake or later."""
    began = time.monotonic()
    async with playing(play, context) as port:
        with pytest.raises(OSError):  # noqa: PT011 - TimeoutError, or what TLS says of plain bytes
            await asyncio.to_thread(read_all, port, Bounds(0.3, 100_000))
    assert time.monotonic() - began < 10


async def test_nothing_brings_more_than_it_may() -> None:
    """What is beyond is not kept."""
    async with playing(flood, SERVER) as port:
        with pytest.raises(ConnectionAbortedError):
            await asyncio.to_thread(read_all, port, Bounds(30.0, 99_999))


async def test_a_stranger_is_not_spoken_to() -> None:
    """A certificate of somebody else's authority, or of another name, ends it; the socket is closed."""
    async with playing(flood, Authority.create("Other").issue("127.0.0.1").server_context()) as port:
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            await asyncio.to_thread(read_all, port, Bounds(30.0, 1000))
    async with playing(flood, AUTHORITY.issue("elsewhere.test").server_context()) as port:
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            await asyncio.to_thread(read_all, port, Bounds(30.0, 1000))


def test_time_that_is_over_is_not_waited_for() -> None:
    """The same for a server that cannot be connected to."""
    with pytest.raises(OSError):  # noqa: PT011 - whatever the system says of a closed port
        read_all(1, Bounds(0.5, 1000))

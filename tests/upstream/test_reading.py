"""What a transport has kept while it was paused is delivered when reading goes on, on every kind of transport."""

import fcntl
import socket
import struct
import termios

import pytest

from proxy.certkit.authority import Authority
from proxy.upstream.reading import read_on
from tests.loopback import KINDS, Recorder, backend, client_context, run_on, until

AUTHORITY = Authority.create("Reading CA")
SIZE = 300 * 1024
"""More than aiofastnet delivers at once (256 KiB) and less than its buffer holds, so that a rest stays in there."""


class Hesitant(Recorder):
    """Pauses at each delivery."""

    def __init__(self) -> None:
        super().__init__()
        self.deliveries = 0

    def data_received(self, data: bytes) -> None:
        """Take it, and no more for now."""
        super().data_received(data)
        self.deliveries += 1
        assert self.transport is not None
        self.transport.pause_reading()


async def open_to(world, transports) -> Hesitant:
    """Connect with a transport of the kind under test, paused before anything comes."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * SIZE)  # everything is there before reading goes on
    sock.connect(("127.0.0.1", world.port))
    sock.setblocking(False)
    context = client_context(AUTHORITY.certificate_pem)
    _, protocol = await transports.connect_tls(Hesitant, sock, context, "localhost", 10.0)
    await until(lambda: world.handshakes == 1, "no handshake")
    protocol.transport.pause_reading()
    return protocol


def waiting(descriptor: int) -> int:
    """Tell how many bytes a socket holds."""
    return int(struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4))[0])


async def read_all(protocol: Hesitant) -> None:
    """Resume after each pause, from when on everything has come."""
    descriptor = protocol.transport.get_extra_info("socket").fileno()
    await until(lambda: waiting(descriptor) > SIZE, "it does not arrive")
    while len(protocol.received) < SIZE:
        before = protocol.deliveries
        read_on(protocol.transport)
        await until(lambda before=before: protocol.deliveries > before or protocol.is_lost, "it is kept back", 5.0)
        assert not protocol.is_lost or len(protocol.received) == SIZE


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("closes", [False, True])
def test_the_rest_comes_although_the_socket_is_empty(kind, closes):
    """Up to the last byte, whether the peer waits or has said goodbye."""

    async def work(transports):
        async with backend([AUTHORITY.issue("localhost").server_context()]) as world:
            protocol = await open_to(world, transports)
            server = world.connections[0].transport
            server.write(b"x" * SIZE)
            if closes:
                server.close()
            await read_all(protocol)
            protocol.transport.abort()
            await until(lambda: protocol.is_lost, "it is not lost")
            return protocol.received

    assert run_on(kind, work) == b"x" * SIZE


def test_the_fast_transports_have_what_is_asked_of_them():
    """A release that renames it must not bring the fault back unseen."""

    async def work(transports):
        async with backend([AUTHORITY.issue("localhost").server_context()]) as world:
            protocol = await open_to(world, transports)
            has = callable(getattr(protocol.transport, "_retry_ssl_read", None))
            protocol.transport.abort()
            await until(lambda: protocol.is_lost, "it is not lost")
            return has

    assert run_on("aiofastnet", work)

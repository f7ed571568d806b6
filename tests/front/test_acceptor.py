"""Listening sockets: clear words when there can be none, and patience when descriptors run out."""

import asyncio
import errno
import socket

import pytest

from proxy.events.record import Event
from proxy.front.acceptor import BACK_OFF_SECONDS, Acceptor, CannotListen, bind
from proxy.front.seats import Seat, Seats
from proxy.model.limits import Limits
from tests.loopback import KINDS, run_on, until


class Greeter(Acceptor):
    """Says hello to everybody."""

    async def _receive(self, conn: socket.socket, seat: Seat) -> None:
        with conn:
            await asyncio.get_running_loop().sock_sendall(conn, b"hello")
        seat.leave()


class Exhausted(socket.socket):
    """A listening socket of a process without descriptors, until `is_mended`."""

    is_mended = False
    attempts = 0

    def accept(self):
        """Fail like the kernel does."""
        self.attempts += 1
        if not self.is_mended:
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def greeter(sock: socket.socket) -> tuple[Greeter, list[Event]]:
    """Make a greeter and the list of its events."""
    events: list[Event] = []
    return Greeter(sock, Seats(Limits(), events.append, asyncio.get_running_loop().time, "CAS01")), events


async def hear(address: tuple[str, int]) -> bytes:
    """Connect and listen to the end."""
    reader, writer = await asyncio.open_connection(*address)
    said = await reader.read()
    writer.close()
    await writer.wait_closed()
    return said


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0", "localhost:0"])
def test_both_families_are_listened_on(kind, address):
    """IPv4, IPv6 in brackets and host names can be listened on."""

    async def work(_transports):
        acceptor, _ = greeter(bind(address))
        acceptor.start()
        said = await hear(acceptor.address)
        await acceptor.end()
        return said

    assert run_on(kind, work) == b"hello"


@pytest.mark.parametrize("kind", KINDS)
def test_out_of_descriptors_waits_and_goes_on(kind):
    """Out of descriptors, accepting pauses instead of spinning, says so once, and goes on when there are some again."""

    async def work(_transports):
        loop = asyncio.get_running_loop()
        sock = Exhausted(fileno=bind("127.0.0.1:0").detach())
        sock.setblocking(False)
        acceptor, events = greeter(sock)
        acceptor.start()
        hearing = loop.create_task(hear(acceptor.address))
        began = loop.time()
        await until(lambda: sock.attempts == 2, "it is not tried again")
        waited = loop.time() - began
        sock.is_mended = True
        said = await hearing
        await acceptor.end()
        return said, waited >= BACK_OFF_SECONDS * 0.9, [(event.id, event.parameters) for event in events]

    assert run_on(kind, work) == (b"hello", True, [(1014, ("CAS01", "all"))])


@pytest.mark.parametrize("kind", KINDS)
def test_end_during_the_pause_is_final(kind):
    """Closing while accepting pauses does not begin to accept again."""

    async def work(_transports):
        sock = Exhausted(fileno=bind("127.0.0.1:0").detach())
        sock.setblocking(False)
        acceptor, _ = greeter(sock)
        acceptor.start()
        hearing = asyncio.ensure_future(hear(acceptor.address))
        await until(lambda: sock.attempts == 1, "it is not tried")
        await acceptor.end()
        with pytest.raises(ConnectionResetError):
            await hearing

    run_on(kind, work)


def test_port_in_use_names_key_and_address():
    """Two listeners on one port: the second is told which setting and which address."""
    with bind("127.0.0.1:0") as first:
        address = f"127.0.0.1:{first.getsockname()[1]}"
        with pytest.raises(CannotListen, match=rf"server\.redirect_listen: cannot listen on {address}"):
            bind(address, "server.redirect_listen")


@pytest.mark.parametrize(
    "address", ["", "8443", ":8443", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:99999", "127.0.0.1:-1", "nobody.invalid:0"]
)
def test_impossible_address_names_key(address):
    """What is no address is told in a sentence with the key, without a traceback of the library."""
    with pytest.raises(CannotListen, match=r"^server\.listen: "):
        bind(address)


def test_both_families_share_a_port():
    """An IPv6 listener leaves the port of IPv4 free."""
    for _ in range(20):  # somebody else may have the same port of the other family
        with bind("[::1]:0") as six:
            port = six.getsockname()[1]
            try:
                four = bind(f"127.0.0.1:{port}")
            except CannotListen:
                continue
            with four:
                assert four.getsockname()[1] == port
            return
    pytest.fail("no port was free for both families")

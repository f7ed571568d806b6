"""Real TLS on the loopback interface for tests: event loops of each kind, small servers, sockets counted."""

import asyncio
import json
import socket
import ssl
import urllib.request
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from proxy.events.record import Event
from proxy.model.wire import Transports
from proxy.service.defects import install_exception_handler
from proxy.service.transports import LoopTransports, choose

KINDS = ("asyncio", "uvloop", "aiofastnet")
"""Transports that a test runs on; aiofastnet on uvloop, as in production."""

T = TypeVar("T")


def run_on(kind: str, work: Callable[[Transports], Awaitable[T]]) -> T:
    """Run `work` to its end on an event loop of this kind, and see to it that no socket stays open."""

    async def main() -> T:
        loop = asyncio.get_running_loop()
        transports = choose(loop).transports if kind == "aiofastnet" else LoopTransports(loop)
        defects: list[Event] = []
        install_exception_handler(loop, defects.append, "CAS01")
        before = open_sockets()
        result = await work(transports)
        await until(lambda: open_sockets() <= before, "sockets stay open")
        assert defects == []
        return result

    factory = asyncio.new_event_loop if kind == "asyncio" else uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main())


def open_sockets() -> int:
    """Count the sockets of this process; event loops open other descriptors when they first need them."""
    count = 0
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the descriptor of the listing itself is gone
            count += entry.readlink().name.startswith("socket:")
    return count


async def until(condition: Callable[[], bool], complaint: str, seconds: float = 10.0) -> None:
    """Let the event loop turn until `condition` holds; fail with `complaint` when it never does."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not condition():
        assert loop.time() < end, complaint
        turn = loop.create_future()
        loop.call_later(0.002, turn.set_result, None)
        await turn


class Recorder(asyncio.Protocol):
    """A server's side that keeps what it got and answers each piece with `answer`."""

    def __init__(self, answer: bytes = b"") -> None:
        self.answer = answer
        self.received = b""
        self.is_connected = False
        self.is_lost = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self.transport = transport  # type: ignore[assignment]  # aiofastnet's class is its own
        self.is_connected = True

    def data_received(self, data: bytes) -> None:
        """Keep the bytes and answer."""
        self.received += data
        if self.answer and self.transport is not None:
            self.transport.write(self.answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember the end."""
        del exc
        self.is_lost = True


class Backend:
    """A TLS server on 127.0.0.1 that records its connections; `context` may be exchanged while it runs."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connections: list[Recorder] = []
        self.accepted = 0

    @property
    def received(self) -> bytes:
        """Every byte that came through TLS, over all connections."""
        return b"".join(connection.received for connection in self.connections)

    @property
    def handshakes(self) -> int:
        """Handshakes that the server finished."""
        return sum(connection.is_connected for connection in self.connections)


@asynccontextmanager
async def backend(contexts: list[ssl.SSLContext] | None, answer: bytes = b"", *, once: bool = False):
    """Serve with the last of `contexts`, so that a test may append another; without any: plain TCP.

    `once`: the first connection is served, every later one is closed at once.
    """
    loop = asyncio.get_running_loop()
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    world = Backend(listening.getsockname()[1])
    transports = LoopTransports(loop)

    def connected() -> Recorder:
        connection = Recorder(answer)
        world.connections.append(connection)
        return connection

    async def serve(sock: socket.socket) -> None:
        try:
            if contexts is None:
                await loop.connect_accepted_socket(connected, sock)
            else:
                await transports.accept_tls(connected, sock, contexts[-1], 10.0)
        except OSError:
            return

    async def accept() -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                sock, _ = await loop.sock_accept(listening)
                sock.setblocking(False)
                world.accepted += 1
                if once and world.accepted > 1:
                    sock.close()
                    continue
                group.create_task(serve(sock))

    task = loop.create_task(accept(), name="backend")
    try:
        yield world
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        listening.close()
        for connection in world.connections:
            if connection.transport is not None:
                connection.transport.abort()


def client_context(*anchors: bytes) -> ssl.SSLContext:
    """Make a browser's context; without anchors it accepts every certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if anchors:
        context.load_verify_locations(cadata=b"".join(anchors).decode("ascii"))
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def client_hello(name: str | None, *, splits: int = 1) -> bytes:
    """Let OpenSSL write a ClientHello; `splits` spreads it over so many records."""
    outgoing = ssl.MemoryBIO()
    side = client_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with suppress(ssl.SSLWantReadError):
        side.do_handshake()
    data = outgoing.read()
    message = data[5:]
    size = -(-len(message) // splits)
    pieces = [message[start : start + size] for start in range(0, len(message), size)]
    return b"".join(data[:3] + len(piece).to_bytes(2, "big") + piece for piece in pieces)


async def exchange(
    address: tuple[str, int], request: bytes, context: ssl.SSLContext | None = None, name: str = ""
) -> bytes:
    """Connect like a browser, send `request`, and give everything that comes until the end."""
    reader, writer = await asyncio.open_connection(*address, ssl=context, server_hostname=name or None)
    try:
        writer.write(request)
        return await reader.read()
    finally:
        writer.transport.abort()
        await turn()


async def turn() -> None:
    """Let the event loop do what is due."""
    done = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(done.set_result, None)
    await done


def free_port() -> int:
    """Give a port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def ask_admin(address: str, path: str) -> Any:
    """Ask the admin API, waiting for the answer; gives its JSON."""
    with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
        return json.load(answer)

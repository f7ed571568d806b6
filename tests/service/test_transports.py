"""The three ways to make TLS transports keep the same promises, and the fastest usable one is chosen."""

import asyncio
import gc
import socket
import ssl
import tempfile
from types import ModuleType
from weakref import ReferenceType, ref

import pytest

from proxy.certkit.authority import Authority
from proxy.model.wire import ProtocolFactory, Transports
from proxy.service import transports as module
from proxy.service.transports import FastTransports, LoopTransports, choose, new_loop
from tests.loopback import KINDS, Recorder, client_context, run_on, until

AUTHORITY = Authority.create("Root")
SERVER = AUTHORITY.issue("cas.example").server_context()


async def connected() -> tuple[socket.socket, socket.socket]:
    """Make two connected sockets that do not block."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        here = socket.socket()
        here.setblocking(False)
        await loop.sock_connect(here, listening.getsockname())
        there, _ = listening.accept()
        there.setblocking(False)
    return here, there


async def shake_hands(transports: Transports, side: str, factory: ProtocolFactory, sock: socket.socket) -> None:
    """Shake hands on one side."""
    if side == "accept":
        await transports.accept_tls(factory, sock, SERVER, 10.0)
    else:
        await transports.connect_tls(factory, sock, client_context(), "cas.example", 10.0)


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_pass_both_ways(kind):
    """Both sides shake hands, `connection_made` has been called on return, and a megabyte passes in large reads."""
    sizes: list[int] = []

    class Reader(Recorder):
        """Keeps the sizes of its reads."""

        def data_received(self, data: bytes) -> None:
            sizes.append(len(data))
            super().data_received(data)

    async def work(transports: Transports):
        here, there = await connected()
        server, client = Reader(), Recorder()
        accepting = asyncio.ensure_future(transports.accept_tls(lambda: server, there, SERVER, 10.0))
        context = client_context(AUTHORITY.certificate_pem)
        transport, protocol = await transports.connect_tls(lambda: client, here, context, "cas.example", 10.0)
        await accepting
        made = client.is_connected, server.is_connected, protocol is client
        transport.write(b"x" * 1_000_000)
        await until(lambda: len(server.received) == 1_000_000, "bytes are missing")
        transport.close()
        await until(lambda: server.is_lost and client.is_lost, "the end is not told")
        return made

    assert run_on(kind, work) == (True, True, True)
    assert max(sizes) >= 16_384


@pytest.mark.parametrize("kind", KINDS)
def test_verify_failure_carries_its_code(kind):
    """The exception of a refused certificate has OpenSSL's code, unwrapped."""

    async def work(transports: Transports):
        here, there = await connected()
        accepting = asyncio.ensure_future(transports.accept_tls(Recorder, there, SERVER, 10.0))
        context = client_context(AUTHORITY.certificate_pem)
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            await transports.connect_tls(Recorder, here, context, "other.example", 10.0)
        await asyncio.gather(accepting, return_exceptions=True)
        return caught.value.verify_code

    assert run_on(kind, work) == 62


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", ["accept", "connect"])
def test_failing_factory_closes_the_socket(kind, side):
    """A factory that raises leaves no socket behind."""

    def fail() -> asyncio.BaseProtocol:
        raise ZeroDivisionError

    async def work(transports: Transports):
        here, there = await connected()
        with pytest.raises(ZeroDivisionError):
            await shake_hands(transports, side, fail, there if side == "accept" else here)
        (here if side == "accept" else there).close()

    run_on(kind, work)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", ["accept", "connect"])
def test_cancelled_handshake_closes_the_socket(kind, side):
    """Giving up in the handshake raises CancelledError and leaves no socket behind."""

    async def work(transports: Transports):
        here, there = await connected()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await shake_hands(transports, side, Recorder, there if side == "accept" else here)
        (here if side == "accept" else there).close()

    run_on(kind, work)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", ["accept", "connect"])
def test_a_failed_handshake_leaves_nothing_to_collect(kind, side):
    """The collector counts objects, and would let thousands of connections with their buffers lie around."""

    async def work(transports: Transports):
        here, there = await connected()
        ours, theirs = (there, here) if side == "accept" else (here, there)
        theirs.send(b"\x16\x03\x01\x00\x05hello")
        protocols: list[ReferenceType[Recorder]] = []

        def make() -> Recorder:
            protocol = Recorder()
            protocols.append(ref(protocol))
            return protocol

        with pytest.raises(ssl.SSLError):
            await shake_hands(transports, side, make, ours)
        theirs.close()
        await until(lambda: protocols[0]() is None, "it is still there")

    gc.disable()
    try:
        run_on(kind, work)
    finally:
        gc.enable()


def test_fastest_is_chosen():
    """The extra `speed` with its direct engine wins, on uvloop; the sentence names both."""
    loop = new_loop()
    choice = choose(loop)
    loop.close()

    assert isinstance(choice.transports, FastTransports)
    assert "aiofastnet" in choice.sentence
    assert "uvloop" in choice.sentence


def test_slow_engine_is_not_chosen(monkeypatch):
    """The extra `speed` without its direct engine is slower than uvloop's own TLS, and left alone."""
    slow = ModuleType("aiofastnet")
    slow.OPENSSL_DYN_LIBS = None
    monkeypatch.setattr(module, "aiofastnet", slow)
    loop = new_loop()
    choice = choose(loop)
    loop.close()

    assert isinstance(choice.transports, LoopTransports)
    assert "slow engine" in choice.sentence


def test_without_temporary_files_the_loop_serves(monkeypatch):
    """On a read-only file system without /tmp the extra `speed` could not finish a handshake; it is left alone."""

    def fail() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(tempfile, "gettempdir", fail)
    loop = new_loop()
    choice = choose(loop)
    loop.close()

    assert isinstance(choice.transports, LoopTransports)
    assert "/tmp" in choice.sentence


def test_plain_asyncio_will_do(monkeypatch):
    """Without uvloop and aiofastnet asyncio's own loop and TLS serve."""
    monkeypatch.setattr(module, "aiofastnet", None)
    monkeypatch.setattr(module, "uvloop", None)
    loop = new_loop()
    choice = choose(loop)
    loop.close()

    assert isinstance(loop, asyncio.SelectorEventLoop)
    assert isinstance(choice.transports, LoopTransports)
    assert choice.sentence == "TLS through asyncio's own loop; the extra `speed` is not installed."

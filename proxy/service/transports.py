"""Choose event loop and TLS transports: aiofastnet, uvloop or plain asyncio; what runs on them is left to other rooms.

Measured with the benchmark in tests/bench: aiofastnet's direct engine is the fastest, its fallback engine is slower
than uvloop's own TLS, and plain asyncio comes last.
"""

import asyncio
import socket
import ssl
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from types import ModuleType
from typing import Any, NamedTuple, cast

from proxy.model.wire import ProtocolFactory, Transports

try:
    import uvloop as _uvloop
except ImportError:
    _uvloop = None  # type: ignore[assignment]  # it does not exist on every platform

try:
    import aiofastnet as _aiofastnet
except ImportError:
    _aiofastnet = None  # type: ignore[assignment]  # the extra `speed` is not installed

uvloop: ModuleType | None = _uvloop
aiofastnet: ModuleType | None = _aiofastnet

SHUTDOWN_SECONDS = 30.0
"""From `close()` to the end of the connection; covers what is still buffered for a slow reader, then close_notify."""

BUFFER_BYTES = 21 * (16 * 1024 + 64)
"""Size of each of aiofastnet's two buffers of encrypted bytes per connection: 21 TLS records.

Below 64 KiB large bodies slow down measurably. Large costs less than middling: beyond `memory.MMAP_BYTES` glibc maps a
buffer, so that only the touched pages count. 1,000 idle connections (tests/bench) take 33.5 MiB with 345,408 bytes,
49.5 with 131,584, which come from the heap. It must exceed by a margin what aiofastnet allocates for each read
(256 KiB), or the rest of such a block serves as a buffer and is never given back: 41 to 56 MiB with 279,616 bytes.
"""


class LoopTransports:
    """Transports of the running event loop itself: plain asyncio's or uvloop's."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # Any: the calls of a loop and of a library have no type in common.
        self._accept: Callable[..., Awaitable[Any]] = loop.connect_accepted_socket
        self._connect: Callable[..., Awaitable[Any]] = loop.create_connection
        self._sizes: dict[str, int] = {}

    async def accept_tls(
        self, factory: ProtocolFactory, sock: socket.socket, context: ssl.SSLContext, handshake_timeout: float
    ) -> None:
        """Handshake as the server; see `Transports`."""
        try:
            await self._accept(
                factory,
                sock,
                ssl=context,
                ssl_handshake_timeout=handshake_timeout,
                ssl_shutdown_timeout=SHUTDOWN_SECONDS,
                **self._sizes,
            )
        except BaseException as exc:
            _close_orphan(self._loop, sock, exc)
            _forget_frames(exc)
            raise

    async def connect_tls(
        self,
        factory: ProtocolFactory,
        sock: socket.socket,
        context: ssl.SSLContext,
        server_hostname: str,
        handshake_timeout: float,
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        """Handshake as the client; see `Transports`."""
        try:
            made = await self._connect(
                factory,
                sock=sock,
                ssl=context,
                server_hostname=server_hostname,
                ssl_handshake_timeout=handshake_timeout,
                ssl_shutdown_timeout=SHUTDOWN_SECONDS,
                **self._sizes,
            )
        except BaseException as exc:
            _close_orphan(self._loop, sock, exc)
            _forget_frames(exc)
            raise
        return cast("tuple[asyncio.Transport, asyncio.BaseProtocol]", made)


class FastTransports(LoopTransports):
    """Transports of aiofastnet, which drives OpenSSL without Python's `ssl` in between.

    Callbacks of an `SSLContext` that expect an `SSLObject` (`sni_callback`, `_msg_callback`) end the process here.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, library: ModuleType) -> None:
        super().__init__(loop)
        self._accept = partial(library.connect_accepted_socket, loop)
        self._connect = partial(library.create_connection, loop)
        self._sizes = {"ssl_incoming_bio_size": BUFFER_BYTES, "ssl_outgoing_bio_size": BUFFER_BYTES}


class Choice(NamedTuple):
    """The transports to use and why."""

    transports: Transports
    """To be handed to listeners and dialers."""
    sentence: str
    """For the start message."""


def new_loop() -> asyncio.AbstractEventLoop:
    """Make an event loop: uvloop's when it is installed, otherwise asyncio's."""
    if uvloop is None:
        return asyncio.new_event_loop()
    return cast("asyncio.AbstractEventLoop", uvloop.new_event_loop())


def choose(loop: asyncio.AbstractEventLoop) -> Choice:
    """Choose the fastest transports that `loop` can drive."""
    name = "asyncio's own loop"
    if uvloop is not None and isinstance(loop, uvloop.Loop):
        name = f"uvloop {uvloop.__version__}"
    if aiofastnet is None:
        return Choice(LoopTransports(loop), f"TLS through {name}; the extra `speed` is not installed.")
    if not has_direct_engine(aiofastnet):
        return Choice(LoopTransports(loop), f"TLS through {name}; aiofastnet has only its slow engine here.")
    if not has_temporary_folder():
        return Choice(LoopTransports(loop), f"TLS through {name}; aiofastnet needs a writable folder like /tmp.")
    return Choice(FastTransports(loop, aiofastnet), f"TLS through aiofastnet {aiofastnet.__version__} on {name}.")


def has_direct_engine(library: ModuleType) -> bool:
    """Tell whether aiofastnet drives OpenSSL itself.

    It cannot where Python's `_ssl` is linked statically with OpenSSL; the engine it uses then is slower than uvloop's.
    """
    return library.OPENSSL_DYN_LIBS is not None


def has_temporary_folder() -> bool:
    """Tell whether temporary files can be written.

    After each verified handshake as a client aiofastnet writes the peer's certificate to one (a millisecond, on
    pooled connections paid rarely); where it cannot, the handshake never ends.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        return False
    return True


def _close_orphan(loop: asyncio.AbstractEventLoop, sock: socket.socket, exc: BaseException) -> None:
    """Close a socket that no transport has taken over: the factory or the arguments failed.

    After an `OSError` or a cancellation the transport exists and closes the socket itself; closing it a second time
    would pull a descriptor from under the event loop.
    """
    if not isinstance(exc, OSError | asyncio.CancelledError):
        loop.call_soon(sock.close)


def _forget_frames(exc: BaseException) -> None:
    """Take the frames of the library off a failure that is expected, before it is raised on.

    One of them holds the future that holds the failure, and with it connection and buffers stay until the collector
    comes. It counts objects, of which there are few: each of a port scanner's connections cost 20 KiB.
    """
    if isinstance(exc, OSError | asyncio.CancelledError):
        exc.__traceback__ = None

"""Our own TLS client: new connections as load, and connections that stay idle; wrk makes the rest of the load."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.certificates import NAME

CONNECTIONS_PER_ADDRESS = 100
"""Idle connections from one source address, below casproxy's default limit per client."""

SECONDS = 20.0
"""One step of one connection."""


def make_context(authority: Path) -> ssl.SSLContext:
    """Return a context that verifies the front; sessions are never handed on, so nothing resumes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(authority)
    return context


def open_connection(context: ssl.SSLContext, port: int, source: str = "127.0.0.1") -> ssl.SSLSocket:
    """Dial and shake hands."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=SECONDS, source_address=(source, 0))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        return context.wrap_socket(plain, server_hostname=NAME)
    except BaseException:
        plain.close()
        raise


def ask_once(connection: ssl.SSLSocket, request: bytes, body: bytes) -> bool:
    """Send the request and tell whether the answer is 200 with exactly this body at its end."""
    connection.sendall(request)
    answer = b""
    while not answer.endswith(body):
        block = connection.recv(65536)
        if not block:
            return False
        answer += block
    return answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"\r\n\r\n" + body)


class Connector:
    """Threads that connect, ask once and close until the time is over."""

    def __init__(self, context: ssl.SSLContext, port: int, request: bytes, body: bytes) -> None:
        self._context = context
        self._port = port
        self._request = request
        self._body = body
        self._lock = threading.Lock()
        self.completed = 0
        self.wrong = 0
        self.failed = 0

    def run(self, threads: int, seconds: float) -> None:
        """Connect from so many threads for so long; then read the counts."""
        end = time.monotonic() + seconds
        workers = [threading.Thread(target=self._work, args=(end,), daemon=True) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def _work(self, end: float) -> None:
        while time.monotonic() < end:
            try:
                with open_connection(self._context, self._port) as connection:
                    right = ask_once(connection, self._request, self._body)
            except OSError:
                self._count(failed=1)
            else:
                self._count(completed=int(right), wrong=int(not right))

    def _count(self, *, completed: int = 0, wrong: int = 0, failed: int = 0) -> None:
        with self._lock:
            self.completed += completed
            self.wrong += wrong
            self.failed += failed


@contextlib.contextmanager
def idle_connections(context: ssl.SSLContext, port: int, request: bytes, body: bytes, count: int) -> Iterator[int]:
    """Hold so many connections after one request each; yields how many of them were answered rightly."""
    with contextlib.ExitStack() as stack:
        right = 0
        for number in range(count):
            source = f"127.0.0.{2 + number // CONNECTIONS_PER_ADDRESS}"
            connection = stack.enter_context(open_connection(context, port, source))
            right += ask_once(connection, request, body)
        yield right

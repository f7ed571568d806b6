"""Takes syslog messages to a collector over UDP, TCP or TLS; what a message says is decided in `events.rfc5424`.

UDP: one message a datagram (RFC 5426). TCP and TLS: the length in front of each message (RFC 6587 §3.4.1, RFC 5425).
A collector acknowledges nothing: what the system took for a connection that then breaks is lost and cannot be counted.
Each message is therefore preceded by a look at whether the collector has closed the connection.
"""

import os
import select
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass

CONNECT_SECONDS = 5.0
"""For TCP and, again, for the TLS handshake."""

SEND_SECONDS = 10.0
"""How long a collector may take nothing before the connection is given up."""

DATAGRAM_BYTES = 2048
"""What a receiver of datagrams should take (RFC 5426 §3.2)."""

_PROOF_SECONDS = 0.1
"""How long a datagram to a collector that refused one is watched for a refusal."""
_GOODBYE_SECONDS = 1.0
_ENOUGH = 4096


@dataclass(frozen=True, slots=True)
class Collector:
    """Where messages go."""

    host: str
    """Name or address; with TLS the name that its certificate must bear."""
    port: int
    """Port."""


class Datagrams:
    """A collector over UDP. It says nothing; only a refusal by its machine shows that nobody listens."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._socket: socket.socket | None = None
        self._doubtful = b""
        self._is_refused = False

    def deliver(self, record: bytes) -> None:
        """Send a datagram; the one before it is sent once more when it has been refused meanwhile."""
        sock = self._socket or self._open()
        try:
            self._ask(sock)
            if self._is_refused and self._doubtful:
                self._prove(sock)
            self._is_refused = False
            sock.send(record)
        except OSError as fault:
            self._is_refused = self._is_refused or isinstance(fault, ConnectionRefusedError)
            self.reopen()
            raise
        self._doubtful = record

    def reopen(self) -> None:
        """Look the name up anew with the next record."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def close(self) -> None:
        """Close the socket."""
        self.reopen()

    def _open(self) -> socket.socket:
        family, kind, protocol, _, address = socket.getaddrinfo(
            self._collector.host, self._collector.port, type=socket.SOCK_DGRAM
        )[0]
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            sock.connect(address)
        except OSError:
            sock.close()
            raise
        self._socket = sock
        return sock

    def _ask(self, sock: socket.socket) -> None:
        """Find out whether a datagram was refused. Raises: OSError when one was."""
        if code := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(code, os.strerror(code))

    def _prove(self, sock: socket.socket) -> None:
        """Send the refused datagram again and wait whether this one is refused, too. Raises: OSError then."""
        sock.send(self._doubtful)
        poll = select.poll()
        poll.register(sock, select.POLLERR)
        poll.poll(_PROOF_SECONDS * 1000)
        self._ask(sock)


class Stream:
    """A collector over TCP, or over TLS with a context that verifies it."""

    def __init__(self, collector: Collector, context: ssl.SSLContext | None = None) -> None:
        self._collector = collector
        self._context = context
        self._socket: socket.socket | None = None

    def deliver(self, record: bytes) -> None:
        """Send a message with its length in front, over a new connection where the old one is gone."""
        if self._socket is not None and _is_gone(self._socket):
            self.reopen()
        try:
            sock = self._socket or self._connect()
            sock.settimeout(SEND_SECONDS)
            sock.sendall(b"%d %b" % (len(record), record))
        except OSError:
            self.reopen()
            raise

    def reopen(self) -> None:
        """Connect anew with the next record."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def close(self) -> None:
        """Say goodbye, so that what was sent is delivered, and close."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.settimeout(_GOODBYE_SECONDS)
                if isinstance(self._socket, ssl.SSLSocket):
                    self._socket = self._socket.unwrap()  # close_notify, RFC 5425 §4.4
                self._socket.shutdown(socket.SHUT_WR)
        self.reopen()

    def _connect(self) -> socket.socket:
        sock = socket.create_connection((self._collector.host, self._collector.port), CONNECT_SECONDS)
        self._socket = sock
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context is not None:
            self._socket = sock = self._context.wrap_socket(sock, server_hostname=self._collector.host)
        return sock


def collector_context(authorities: str) -> ssl.SSLContext:
    """Make a context that trusts these authorities in PEM and nobody else, and holds the name against certificates.

    Raises: ssl.SSLError, which is an OSError, when they cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    context.load_verify_locations(cadata=authorities)
    return context


def _is_gone(sock: socket.socket) -> bool:
    """Tell whether the other side has closed; what it says, which is nothing in syslog, is thrown away."""
    sock.settimeout(0)
    try:
        return sock.recv(_ENOUGH) == b""
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True

"""Time and size limits as values; names, units and defaults are those of `[timeouts]` and `[limits]`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds that each wait may take."""

    tls_handshake: float = 10.0
    """From accept to the end of the browser's TLS handshake."""
    request_head: float = 15.0
    """From the first byte of a request (or the handshake's end) to the end of its head."""
    keep_alive: float = 75.0
    """An idle browser connection, and an idle pooled upstream connection."""
    body_progress: float = 60.0
    """Without a byte of body moving, in either direction."""
    connect: float = 5.0
    """TCP connect to a backend."""
    upstream_tls_handshake: float = 10.0
    """TLS handshake with a backend."""
    response_head: float = 120.0
    """From the request's end to the response head's end."""
    tunnel_idle: float = 300.0
    """A tunnel without a byte in either direction."""
    drain: float = 30.0
    """From SIGTERM to the end of requests in flight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes in bytes and counts that a peer may reach, each included; 0 lifts only `body_bytes`."""

    connections: int = 10_000
    """Browser connections in all."""
    connections_per_client: int = 200
    """Browser connections of one client address."""
    target_bytes: int = 8_192
    """Request target; beyond it 414."""
    header_bytes: int = 16_384
    """One header field, name and value; beyond it 431."""
    head_bytes: int = 65_536
    """Start line and all fields; beyond it 431."""
    header_count: int = 100
    """Header fields; beyond it 431."""
    body_bytes: int = 36_700_160
    """Request body, 35 MB as in OWA; beyond it 413; 0 lifts the limit."""
    pipelined_requests: int = 16
    """Requests of one connection that wait for their turn."""
    upstream_connections: int = 256
    """Connections to one backend server."""

"""Whether a browser is read from: several reasons may hold it back at once, and all must be gone before reading on."""

import asyncio
import select

from proxy.upstream.reading import read_on

UPSTREAM = 1
"""Held back because the backend is slow, or there is no connection to it yet."""

BACKLOG = 2
"""Held back because enough pipelined requests wait."""


_HUNG_UP = getattr(select, "POLLRDHUP", 0)
"""Linux tells of the peer's end even when bytes wait before it; elsewhere `timeouts.body_progress` has to do."""


class Gate:
    """Pauses and resumes reading of one transport. Reasons are bits, plain numbers: an enum's `&` costs 0.5 µs."""

    __slots__ = ("_holds", "transport")

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        """None before the handshake has ended and after the connection is lost."""
        self._holds = 0

    @property
    def is_closed(self) -> bool:
        """Whether nothing is read for now."""
        return bool(self._holds)

    def has_left(self) -> bool:
        """Tell whether the browser has closed although nothing is read: its end waits behind unread bytes."""
        if self.transport is None or not _HUNG_UP:
            return False
        poller = select.poll()
        poller.register(self.transport.get_extra_info("socket").fileno(), _HUNG_UP)
        return bool(poller.poll(0))

    def hold(self, reason: int) -> None:
        """Read no more until every reason is gone."""
        if not self._holds and self.transport is not None:
            self.transport.pause_reading()
        self._holds |= reason

    def release(self, reason: int) -> None:
        """Take a reason away."""
        if not self._holds & reason:
            return
        self._holds &= ~reason
        if not self._holds and self.transport is not None and not self.transport.is_closing():
            read_on(self.transport)
